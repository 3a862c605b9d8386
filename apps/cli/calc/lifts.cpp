// lift/*: the product's own two-arm estimators, as `report` and `analyze` use them; decomposition/*.

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "apps/cli/calc/inputs.hpp"
#include "apps/cli/calc/table.hpp"
#include "stats/confidence_sequence.hpp"
#include "stats/distributions.hpp"
#include "stats/lift.hpp"
#include "stats/log_decomposition.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::json;

template <typename Value, std::size_t Size>
Value choice(const json& in, const char* key, const std::array<std::pair<const char*, Value>, Size>& rows) {
  const std::string name = text(in, key, rows.front().first);
  for (const auto& [row, value] : rows)
    if (name == row) return value;
  throw CalcError("invalid_input", std::string("\"") + key + "\" has no value \"" + name + "\"");
}

stats::Scale scale_of(const json& in) {
  using Row = std::pair<const char*, stats::Scale>;
  return choice<stats::Scale>(in, "scale",
                              std::array{Row{"log", stats::Scale::log}, Row{"fieller", stats::Scale::fieller},
                                         Row{"absolute", stats::Scale::absolute}});
}
stats::Side side_of(const json& in) {
  using Row = std::pair<const char*, stats::Side>;
  return choice<stats::Side>(in, "side",
                             std::array{Row{"two", stats::Side::two}, Row{"greater", stats::Side::greater},
                                        Row{"less", stats::Side::less}});
}

double alpha_of(const json& in) {
  const double alpha = number(in, "alpha", 0.05);
  require(alpha > 0 && alpha < 1, "\"alpha\" must be between 0 and 1");
  return alpha;
}

const json& object_at(const json& in, const char* key) {
  require(in.contains(key) && in[key].is_object(), std::string("\"") + key + "\" must be an object");
  return in[key];
}

/// {"n", "mean": [..], "covariance": [[..]]}: unbiased covariance of the unit values; one value may be given
/// as numbers.
stats::CoMoments moments_of(const json& arm, std::size_t columns) {
  const std::int64_t n = whole_number(arm, "n");
  const auto mean = numbers(arm, "mean");
  require(arm.contains("covariance"), "\"covariance\" is missing");
  const std::vector<std::vector<double>> covariance =
      arm["covariance"].is_number() ? std::vector<std::vector<double>>{{number(arm, "covariance")}}
                                    : number_rows(arm, "covariance");
  require(n >= 0 && mean.size() == columns && covariance.size() == columns,
          "an arm's mean and covariance need one value for the numerator, the denominator of a ratio and "
          "each covariate");
  std::vector<double> upper;
  for (std::size_t i = 0; i < columns; ++i) {
    require(covariance[i].size() == columns && covariance[i][i] >= 0,
            "a covariance is square, variances at least 0");
    for (std::size_t j = i; j < columns; ++j)
      upper.push_back(covariance[i][j] * static_cast<double>(std::max<std::int64_t>(0, n - 1)));
  }
  return stats::CoMoments::from_central(n, mean, std::move(upper), std::vector<double>(columns, 0.0));
}

stats::UnitValues values_of(const json& in) {
  using Row = std::pair<const char*, stats::SlopeRule>;
  const double covariates = number(in, "covariates", 0);
  require(covariates >= 0 && covariates <= 100 && covariates == std::floor(covariates),
          "\"covariates\" is a whole number");
  return {.ratio = flag(in, "ratio", false),
          .binary = flag(in, "binary", false),
          .covariates = static_cast<std::size_t>(covariates),
          .slope = choice<stats::SlopeRule>(in, "slope",
                                            std::array{Row{"within_arms", stats::SlopeRule::within_arms},
                                                       Row{"pooled", stats::SlopeRule::pooled}})};
}

/// "strata": [{"control", "treatment", "history"}], or one stratum without the list.
stats::Contrast contrast_of(const json& in, const stats::UnitValues& values) {
  const std::size_t columns = (values.ratio ? 2 : 1) + values.covariates;
  const json list = in.contains("strata") ? in["strata"] : json::array({in});
  require(list.is_array() && !list.empty(), "\"strata\" is a list");
  std::vector<stats::Stratum> strata;
  for (const json& stratum : list)
    strata.push_back({.control = moments_of(object_at(stratum, "control"), columns),
                      .treatment = moments_of(object_at(stratum, "treatment"), columns),
                      .history = flag(stratum, "history", true),
                      .epoch = strata.size()});
  const auto contrast = stats::contrast(strata, values);
  if (contrast.reason != stats::Reason::none) refuse(contrast.reason, "these arms cannot be compared");
  return contrast;
}

json answer_of(const stats::Estimate& estimate) {
  if (!estimate.point) refuse(estimate.reason, "no lift can be estimated from these arms");
  json answer{{"point", *estimate.point}};
  if (estimate.standard_error) answer["se"] = *estimate.standard_error;
  if (estimate.interval) {
    answer["lower"] = written_end(estimate.interval->lower, true);
    answer["upper"] = written_end(estimate.interval->upper, false);
  }
  if (estimate.p_value) answer["p"] = *estimate.p_value;
  if (estimate.reason != stats::Reason::none) answer["reason"] = stats::name(estimate.reason);
  return answer;
}

void add_contrast(json& answer, const stats::Contrast& contrast) {
  answer["control"] = contrast.control.value;
  answer["treatment"] = contrast.treatment.value;
  answer["difference"] = contrast.difference;
  answer["theta"] = written(contrast.slope);
  if (contrast.variance_reduction) answer["variance_reduction"] = *contrast.variance_reduction;
  answer["strata_left_out"] = contrast.strata_left_out;
}

json fixed(const json& in) {
  using Row = std::pair<const char*, stats::Reference>;
  using Rule = std::pair<const char*, stats::ErrorRule>;
  const auto contrast = contrast_of(in, values_of(in));
  const stats::Inference inference{
      .alpha = alpha_of(in),
      .side = side_of(in),
      .reference = choice<stats::Reference>(
          in, "reference",
          std::array{Row{"normal", stats::Reference::normal}, Row{"student", stats::Reference::student}}),
      .error =
          choice<stats::ErrorRule>(in, "error",
                                   std::array{Rule{"own", stats::ErrorRule::own},
                                              Rule{"larger_of_both", stats::ErrorRule::larger_of_both}})};
  json answer = answer_of(stats::estimate_lift(contrast, scale_of(in), inference));
  add_contrast(answer, contrast);
  return answer;
}

/// The default of the product: larger of both errors, tuned to "planned_n", nothing read before the burn-in.
json always_valid(const json& in) {
  const auto contrast = contrast_of(in, values_of(in));
  const auto scale = scale_of(in);
  const auto own = stats::on_scale(contrast, scale, stats::ErrorRule::own);
  const auto larger = stats::on_scale(contrast, scale, stats::ErrorRule::larger_of_both);
  if (!own.scaled || !larger.scaled) refuse(larger.reason, "no lift can be estimated from these arms");
  const double alpha = alpha_of(in), planned = number(in, "planned_n");
  const stats::Side asked = side_of(in);
  require(planned > 0 && std::isfinite(planned), "\"planned_n\" must be above 0");
  require(alpha < 0.5, "\"alpha\" must be below 0.5");
  const auto side = asked == stats::Side::two       ? stats::SequenceSide::two_sided
                    : asked == stats::Side::greater ? stats::SequenceSide::lower
                                                    : stats::SequenceSide::upper;
  const double n = static_cast<double>(contrast.control.n) + static_cast<double>(contrast.treatment.n);
  const double x = n * stats::tuned_rho_squared(planned, alpha, side);
  auto estimate =
      stats::estimate_lift(contrast, scale,
                           stats::Critical{.multiplier = stats::sequence_critical_value(x, alpha, side),
                                           .level = 1 - alpha,
                                           .side = asked,
                                           .error = stats::ErrorRule::larger_of_both,
                                           .kind = stats::IntervalKind::confidence_sequence});
  stats::SequenceLook look{
      .n = n,
      .smallest_arm_n = static_cast<double>(std::min(contrast.control.n, contrast.treatment.n)),
      .skewness = number(in, "skewness", contrast.skewness)};
  if (in.contains("smallest_cell")) look.smallest_cell = number(in, "smallest_cell");
  if (flag(in, "burn_in", true) && !stats::burn_in_is_over(look)) {
    estimate.interval.reset();
    estimate.reason = stats::Reason::burn_in;
  } else {
    estimate.p_value =
        std::exp(stats::sequence_log_p(larger.scaled->value / larger.scaled->standard_error, x, side));
  }
  json answer = answer_of(estimate);
  add_contrast(answer, contrast);
  return answer;
}

json score(const json& in) {
  const stats::Successes control{.successes = whole_number(in, "x1"), .n = whole_number(in, "n1")};
  const stats::Successes treatment{.successes = whole_number(in, "x2"), .n = whole_number(in, "n2")};
  require(control.n > 0 && treatment.n > 0 && control.successes >= 0 && treatment.successes >= 0 &&
              control.successes <= control.n && treatment.successes <= treatment.n,
          "successes must be from 0 to n, n above 0");
  json answer = answer_of(stats::score_lift(control, treatment, scale_of(in), alpha_of(in)));
  answer["small_counts"] = stats::small_counts(control, treatment);
  return answer;
}

/// {"n", "means": [..], "covariance": [[..]]} of the units, or without "n" of the means themselves.
stats::MeanChain chain_of(const json& arm) {
  stats::MeanChain chain{.means = numbers(arm, "means"), .covariance = number_rows(arm, "covariance")};
  const double n = number(arm, "n", 1);
  require(n >= 1, "\"n\" must be at least 1");
  for (auto& row : chain.covariance)
    for (double& value : row) value /= n;
  return chain;
}

json effect_of(const stats::LogEffect& effect, double alpha) {
  const double half = stats::normal_upper_quantile(alpha / 2) * effect.standard_error;
  return {{"log", effect.value},
          {"se", effect.standard_error},
          {"lower", effect.value - half},
          {"upper", effect.value + half},
          {"lift", std::expm1(effect.value)}};
}

json log_scale(const json& in) {
  const auto result =
      stats::log_decomposition(chain_of(object_at(in, "control")), chain_of(object_at(in, "treatment")));
  if (result.reason != stats::Reason::none) refuse(result.reason, "every mean must be above 0");
  const double alpha = alpha_of(in);
  json parts = json::array();
  for (const auto& part : result.parts)
    parts.push_back(effect_of(part, alpha / static_cast<double>(result.parts.size())));
  return {{"parts", parts}, {"total", effect_of(result.total, alpha)}};
}

constexpr std::array kMethods{
    CalcMethod{"lift/fixed", fixed,
               "the product's lift: means and ratios, several covariates, strata, units without history"},
    CalcMethod{"lift/always_valid", always_valid, "the same as a confidence sequence, with burn-in"},
    CalcMethod{"lift/score", score, "lift of two proportions when a count is small: Miettinen-Nurminen"},
    CalcMethod{"decomposition/log_scale", log_scale,
               "a product of means taken apart: log parts that add up, joint intervals"},
};

}  // namespace

std::span<const CalcMethod> lift_methods() {
  return kMethods;
}

}  // namespace liftmark::cli
