#include "apps/cli/calc/arms.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <nlohmann/json.hpp>

#include "apps/cli/calc/inputs.hpp"
#include "apps/cli/calc/table.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::json;
using stats::CoMoments;

/// One column's sums; of 0/1 values the sum of squares is the sum.
struct Column {
  std::int64_t n;
  double sum, squares;
  bool binary;
};

Column column(const json& statistic) {
  const std::int64_t n = whole_number(statistic, "n");
  const double sum = number(statistic, "sum");
  const bool binary = text(statistic, "type", "mean") == "proportion";
  require(n >= 0, "\"n\" must not be negative");
  require(!binary || (sum >= 0.0 && sum <= static_cast<double>(n)),
          "a proportion's \"sum\" must be from 0 to n");
  return {n, sum, binary ? sum : number(statistic, "sum_squares"), binary};
}

/// Products of columns i < j in row order, as given.
ArmInput from_columns(std::string type, const std::vector<Column>& columns,
                      const std::vector<double>& products) {
  const std::int64_t n = columns.front().n;
  std::vector<double> means, comoments;
  ArmInput arm{std::move(type), CoMoments(columns.size()), {}};
  std::size_t next = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    require(columns[i].n == n, "every column of an arm must have the same \"n\"");
    means.push_back(n > 0 ? columns[i].sum / static_cast<double>(n) : 0.0);
    arm.binary.push_back(columns[i].binary);
    for (std::size_t j = i; j < columns.size(); ++j) {
      const double total = j == i ? columns[i].squares : products[next++];
      // Sums of products are all that is given; the wider type keeps what the subtraction leaves.
      const long double about_mean =
          static_cast<long double>(total) - static_cast<long double>(columns[i].sum) *
                                                static_cast<long double>(columns[j].sum) /
                                                static_cast<long double>(std::max<std::int64_t>(n, 1));
      comoments.push_back(static_cast<double>(about_mean));
    }
  }
  arm.sums = CoMoments::from_central(n, means, comoments, std::vector<double>(columns.size(), 0.0));
  return arm;
}

const json& part(const json& arm, const char* key) {
  require(arm.contains(key) && arm[key].is_object(), std::string("\"") + key + "\" is missing");
  return arm[key];
}

/// Gradient of (numerator/denominator - slope x pre numerator/pre denominator).
std::array<double, 4> adjusted_ratio_gradient(const CoMoments& m, double slope) {
  if (slope == 0.0) return {1.0 / m.mean(1), -m.mean(0) / (m.mean(1) * m.mean(1)), 0.0, 0.0};
  return {1.0 / m.mean(1), -m.mean(0) / (m.mean(1) * m.mean(1)), -slope / m.mean(3),
          slope * m.mean(2) / (m.mean(3) * m.mean(3))};
}

constexpr stats::RatioColumns kPost{0, 1};
constexpr stats::RatioColumns kPre{2, 3};

void require_denominators(const ArmInput& arm) {
  if (arm.ratio() && arm.sums.mean(1) == 0.0)
    refuse(stats::Reason::zero_denominator, "a ratio's denominator sums to zero");
}

/// Slope in both arms taken as one sample; of ratios the sum of the arms' linearised covariances.
double slope_of(const ArmInput& control, const ArmInput& treatment) {
  double covariance = 0.0;
  double variance = 0.0;
  if (control.ratio()) {
    if (control.sums.mean(3) == 0.0 || treatment.sums.mean(3) == 0.0)
      return 0.0;  // no history: nothing to adjust by
    for (const ArmInput* arm : {&control, &treatment}) {
      covariance += ratio_covariance(arm->moments(), kPost, kPre);
      variance += ratio_covariance(arm->moments(), kPre, kPre);
    }
  } else {
    ArmInput pooled = control;
    pooled.sums.merge(treatment.sums);
    covariance = pooled.moments().covariance(0, 1);
    variance = pooled.moments().variance(1);
  }
  return variance > 0.0 ? covariance / variance : 0.0;
}

/// Per-unit variance of the control's part of (value_t - value_c) / |baseline|, times baseline^2.
double control_part(const ArmInput& control, const stats::DeltaArm& from, const stats::DeltaArm& to,
                    double slope) {
  if (from.baseline == 0.0) return 0.0;
  if (!control.adjusted()) return from.variance * (to.value / from.value) * (to.value / from.value);
  const CoMoments m = control.moments();
  if (!control.ratio()) {
    const double r = to.baseline / from.baseline;
    return m.variance(0) * r * r - 2.0 * slope * m.covariance(0, 1) * r + slope * slope * m.variance(1);
  }
  // d/d(control) of (r_t - r_c) / |R_c|: the adjusted ratio and the baseline both move.
  const double size = std::abs(from.baseline);
  const double grown = size + (to.value - from.value) * (from.baseline > 0.0 ? 1.0 : -1.0);
  const std::array<double, 4> adjusted = adjusted_ratio_gradient(m, slope);
  const std::array<double, 4> weights{adjusted[0] * grown / size, adjusted[1] * grown / size, adjusted[2],
                                      adjusted[3]};
  return m.combine(weights).variance();
}

}  // namespace

CoMoments ArmInput::moments() const {
  const std::size_t size = sums.dimension();
  std::vector<double> means, comoments;
  const double n = static_cast<double>(std::max<std::int64_t>(sums.n(), 1));
  for (std::size_t i = 0; i < size; ++i) {
    means.push_back(sums.mean(i));
    for (std::size_t j = i; j < size; ++j)
      comoments.push_back(sums.comoment(i, j) * (binary[i] && binary[j] ? (n - 1.0) / n : 1.0));
  }
  return CoMoments::from_central(sums.n(), means, comoments, std::vector<double>(size, 0.0));
}

ArmInput arm_input(const json& arm) {
  require(arm.is_object(), "an arm must be an object");
  const std::string type = text(arm, "type", "mean");
  if (type == "mean" || type == "proportion") return from_columns(type, {column(arm)}, {});
  if (type == "ratio")
    return from_columns(type, {column(part(arm, "numerator")), column(part(arm, "denominator"))},
                        {number(arm, "sum_of_products")});
  if (type == "mean_cuped")
    return from_columns(type, {column(part(arm, "post")), column(part(arm, "pre"))},
                        {number(arm, "post_pre_sum_of_products")});
  if (type == "ratio_cuped")
    return from_columns(
        type,
        {column(part(arm, "m_statistic_post")), column(part(arm, "d_statistic_post")),
         column(part(arm, "m_statistic_pre")), column(part(arm, "d_statistic_pre"))},
        {number(arm, "m_post_d_post_sum_of_products"), number(arm, "m_post_m_pre_sum_of_products"),
         number(arm, "m_post_d_pre_sum_of_products"), number(arm, "m_pre_d_post_sum_of_products"),
         number(arm, "d_post_d_pre_sum_of_products"), number(arm, "m_pre_d_pre_sum_of_products")});
  throw CalcError("invalid_input", "\"type\" must be mean, proportion, ratio, mean_cuped or ratio_cuped");
}

stats::DeltaArm delta_arm(const ArmInput& arm, double slope) {
  require_denominators(arm);
  const CoMoments m = arm.moments();
  stats::DeltaArm value;
  value.n = m.n();
  if (!arm.ratio()) {
    value.baseline = m.mean();
    value.value = m.mean() - (arm.adjusted() ? slope * m.mean(1) : 0.0);
    value.variance = arm.adjusted() ? m.combine(std::array{1.0, -slope}).variance() : m.variance();
  } else if (arm.adjusted()) {
    value.baseline = ratio_value(m, kPost);
    value.value = value.baseline - (slope == 0.0 ? 0.0 : slope * ratio_value(m, kPre));
    value.variance = m.combine(adjusted_ratio_gradient(m, slope)).variance();
  } else {
    value.baseline = value.value = ratio_value(m, kPost);
    value.variance = ratio_covariance(m, kPost, kPost);
  }
  return value;
}

DeltaArms delta_arms(const ArmInput& control, const ArmInput& treatment) {
  require(control.type == treatment.type, "both arms must have the same \"type\"");
  require_denominators(control);
  require_denominators(treatment);
  const double slope = control.adjusted() ? slope_of(control, treatment) : 0.0;
  DeltaArms arms{delta_arm(control, slope), delta_arm(treatment, slope)};
  arms.control.relative_variance = control_part(control, arms.control, arms.treatment, slope);
  return arms;
}

stats::DeltaQuestion delta_question(const json& inputs) {
  const std::string difference = text(inputs, "difference", "relative");
  const std::string sides = text(inputs, "sides", "two");
  require(difference == "relative" || difference == "absolute" || difference == "scaled",
          "\"difference\" must be relative, absolute or scaled");
  require(sides == "two" || sides == "one_greater" || sides == "one_less",
          "\"sides\" must be two, one_greater or one_less");
  const stats::Side side = sides == "two"           ? stats::Side::two
                           : sides == "one_greater" ? stats::Side::greater
                                                    : stats::Side::less;
  stats::DeltaQuestion question{.relative = difference == "relative",
                                .alpha = number(inputs, "alpha", 0.05),
                                .side = side,
                                .df = std::nullopt};
  if (difference == "scaled") {  // the whole population's change per day
    question.scale = number(inputs, "total_users") /
                     (number(inputs, "traffic_percentage", 1.0) * number(inputs, "phase_length_days", 1.0));
    require(std::isfinite(question.scale) && question.scale > 0.0, "the scale must be positive and finite");
  }
  return question;
}

json delta_answer(const stats::DeltaLift& lift) {
  const stats::Estimate& estimate = lift.estimate;
  if (!estimate.interval) refuse(estimate.reason, "no effect can be estimated from these arms");
  return {{"estimate", *estimate.point},
          {"se", *estimate.standard_error},
          {"lower", written_end(estimate.interval->lower, true)},
          {"upper", written_end(estimate.interval->upper, false)},
          {"p", *estimate.p_value},
          {"df", lift.df}};
}

}  // namespace liftmark::cli
