// cuped*, log_delta, post_strat/*: covariate adjustment and stratification, in the forms of other packages.

#include <algorithm>
#include <array>
#include <cmath>

#include <nlohmann/json.hpp>

#include "apps/cli/calc/arms.hpp"
#include "apps/cli/calc/inputs.hpp"
#include "apps/cli/calc/table.hpp"
#include "stats/distributions.hpp"
#include "stats/means.hpp"
#include "stats/post_stratification.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::json;
using stats::CoMoments;
using stats::DeltaArm;
using stats::Estimate;
using stats::Reason;
using stats::StratumMeans;

const json& arm(const json& inputs, const char* key) {
  require(inputs.contains(key) && inputs[key].is_object(), std::string("\"") + key + "\" is missing");
  return inputs[key];
}

json cuped(const json& inputs) {
  const DeltaArms arms = delta_arms(arm_input(arm(inputs, "control")), arm_input(arm(inputs, "treatment")));
  return delta_answer(stats::delta_lift(arms.control, arms.treatment, delta_question(inputs)));
}

// ---- tea-tasting: aggregates by column name ----

/// The columns a request names, in the order numerator, denominator, covariate's numerator, covariate's
/// denominator. A missing denominator is a column of ones, so that a mean is a ratio.
CoMoments named_columns(const json& inputs, const json& aggregates) {
  const std::array<std::string, 4> names{text(inputs, "numer", ""), text(inputs, "denom", ""),
                                         text(inputs, "numer_covariate", ""),
                                         text(inputs, "denom_covariate", "")};
  require(!names[0].empty(), "\"numer\" is missing");
  const auto table = [&](const char* key) { return aggregates.value(key, json::object()); };
  const json mean = table("mean"), var = table("var"), cov = table("cov");
  const std::int64_t n = whole_number(aggregates, "n");
  const auto covariance = [&](const std::string& a, const std::string& b) {
    if (a.empty() || b.empty()) return 0.0;
    if (a == b) return number(var, a);
    const std::string key = cov.contains(a + "," + b) ? a + "," + b : b + "," + a;
    return number(cov, key);
  };
  std::vector<double> means, comoments;
  for (std::size_t i = 0; i < names.size(); ++i) {
    means.push_back(names[i].empty() ? 1.0 : number(mean, names[i]));
    for (std::size_t j = i; j < names.size(); ++j)
      comoments.push_back(covariance(names[i], names[j]) * static_cast<double>(n - 1));
  }
  return CoMoments::from_central(n, means, comoments, std::vector<double>(names.size(), 0.0));
}

constexpr stats::RatioColumns kValue{0, 1};
constexpr stats::RatioColumns kCovariate{2, 3};

DeltaArm adjusted_arm(const CoMoments& m, const CoMoments& total, double slope) {
  DeltaArm value;
  value.n = m.n();
  value.baseline = ratio_value(m, kValue);
  value.value = value.baseline - slope * (ratio_value(m, kCovariate) - ratio_value(total, kCovariate));
  value.variance = ratio_covariance(m, kValue, kValue);
  if (slope != 0.0)
    value.variance += slope * slope * ratio_covariance(m, kCovariate, kCovariate) -
                      2.0 * slope * ratio_covariance(m, kValue, kCovariate);
  return value;
}

stats::LogDeltaQuestion log_question(const json& inputs) {
  const std::string alternative = text(inputs, "alternative", "two-sided");
  require(alternative == "two-sided" || alternative == "greater" || alternative == "less",
          "\"alternative\" must be two-sided, greater or less");
  const double level = number(inputs, "confidence_level", 0.95);
  require(level > 0.0 && level < 1.0, "\"confidence_level\" must be between 0 and 1");
  const stats::Side side = alternative == "two-sided" ? stats::Side::two
                           : alternative == "greater" ? stats::Side::greater
                                                      : stats::Side::less;
  return {1.0 - level, side, flag(inputs, "use_t", true), flag(inputs, "equal_var", false)};
}

json log_delta(const json& inputs) {
  const CoMoments control = named_columns(inputs, arm(inputs, "control"));
  const CoMoments treatment = named_columns(inputs, arm(inputs, "treatment"));
  CoMoments total = control;
  total.merge(treatment);
  for (const CoMoments* m : {&control, &treatment})
    if (m->mean(1) == 0.0 || m->mean(3) == 0.0)
      refuse(Reason::zero_denominator, "a ratio's denominator sums to zero");
  const bool with_covariate = inputs.contains("numer_covariate") && inputs["numer_covariate"].is_string();
  const double spread = with_covariate ? ratio_covariance(total, kCovariate, kCovariate) : 0.0;
  const double slope = spread > 0.0 ? ratio_covariance(total, kValue, kCovariate) / spread : 0.0;
  const DeltaArm from = adjusted_arm(control, total, slope);
  const DeltaArm to = adjusted_arm(treatment, total, slope);
  const stats::LogDeltaLift lift = stats::log_delta_lift(from, to, log_question(inputs));
  if (!lift.absolute.interval) refuse(lift.absolute.reason, "no effect can be estimated from these arms");
  json result{{"control", from.value},
              {"treatment", to.value},
              {"effect_size", *lift.absolute.point},
              {"effect_size_ci_lower", written_end(lift.absolute.interval->lower, true)},
              {"effect_size_ci_upper", written_end(lift.absolute.interval->upper, false)},
              {"pvalue", *lift.absolute.p_value},
              {"statistic", lift.statistic}};
  if (lift.relative.point) result["rel_effect_size"] = *lift.relative.point;
  if (lift.relative.interval) {
    result["rel_effect_size_ci_lower"] = written_end(lift.relative.interval->lower, true);
    result["rel_effect_size_ci_upper"] = written_end(lift.relative.interval->upper, false);
  } else {
    result["reason"] = stats::name(lift.relative.reason);
  }
  return result;
}

/// Spotify confidence: slope of the pooled sample; covariate moments with 1/n; z test of the absolute
/// difference.
json spotify_cuped(const json& inputs) {
  const ArmInput control = arm_input(arm(inputs, "control"));
  const ArmInput treatment = arm_input(arm(inputs, "treatment"));
  require(control.type == "mean_cuped" && treatment.type == "mean_cuped", "\"type\" must be mean_cuped");
  CoMoments total = control.sums;
  total.merge(treatment.sums);
  const double slope = total.comoment(1, 1) > 0.0 ? total.comoment(0, 1) / total.comoment(1, 1) : 0.0;
  const auto variance = [&](const CoMoments& m) {
    const double n = static_cast<double>(m.n());
    return m.variance() + (slope * slope * m.comoment(1, 1) - 2.0 * slope * m.comoment(0, 1)) / n;
  };
  const auto error = [&](const CoMoments& m) { return variance(m) / static_cast<double>(m.n()); };
  if (total.n() < 4 || !(error(control.sums) + error(treatment.sums) > 0.0))
    refuse(Reason::zero_variance, "no variance is left");
  const double difference =
      treatment.sums.mean_minus(control.sums, 0) - slope * treatment.sums.mean_minus(control.sums, 1);
  const double se = std::sqrt(error(control.sums) + error(treatment.sums));
  const double half = stats::normal_upper_quantile(number(inputs, "alpha", 0.05) / 2.0) * se;
  const double p = 2.0 * stats::normal_sf(std::abs(difference) / se);
  return {{"diff", difference},         {"estimate", difference},     {"se", se}, {"theta", slope},
          {"lower", difference - half}, {"upper", difference + half}, {"p", p},   {"p_two_sided", p}};
}

// ---- post-stratification ----

struct StratumInput {
  ArmInput control, treatment;
  std::int64_t n() const { return control.sums.n() + treatment.sums.n(); }
};

/// A stratum can stand alone if both arms have a variance.
bool viable(const ArmInput& arm) {
  return arm.sums.n() > 1 && arm.sums.variance() > 0.0;
}

/// Pools an arm's units. The sum of two proportions is treated as a mean from then on (variance with n - 1),
/// as gbstats does.
void pool(ArmInput& into, const ArmInput& from) {
  into.sums.merge(from.sums);
  std::fill(into.binary.begin(), into.binary.end(), false);
}

/// Strata of the request; those that cannot stand alone are merged into the largest.
std::vector<StratumInput> strata_of(const json& inputs) {
  require(inputs.contains("strata") && inputs["strata"].is_array() && !inputs["strata"].empty(),
          "\"strata\" must be a list");
  std::vector<StratumInput> all;
  for (const json& stratum : inputs["strata"])
    all.push_back({arm_input(arm(stratum, "control")), arm_input(arm(stratum, "treatment"))});
  for (const StratumInput& stratum : all)
    require(stratum.control.type == all[0].control.type && stratum.treatment.type == all[0].control.type,
            "every stratum must have the same \"type\"");
  std::size_t largest = 0;
  for (std::size_t i = 1; i < all.size(); ++i)
    if (all[i].n() > all[largest].n()) largest = i;
  std::vector<StratumInput> kept{all[largest]};
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i == largest) continue;
    if (viable(all[i].control) && viable(all[i].treatment)) {
      kept.push_back(all[i]);
    } else {
      pool(kept[0].control, all[i].control);
      pool(kept[0].treatment, all[i].treatment);
    }
  }
  return kept;
}

/// Columns as the regression wants them: values first, covariates after them.
StratumMeans means_of(const StratumInput& stratum) {
  if (!stratum.control.adjusted())
    return stats::stratum_means(stratum.control.moments(), stratum.treatment.moments());
  return stats::regressed_stratum_means(stratum.control.sums, stratum.treatment.sums);
}

json post_stratified(const json& inputs) {
  const std::vector<StratumInput> strata = strata_of(inputs);
  StratumInput whole = strata.front();
  for (std::size_t i = 1; i < strata.size(); ++i) {
    pool(whole.control, strata[i].control);
    pool(whole.treatment, strata[i].treatment);
  }
  stats::DeltaQuestion question = delta_question(inputs);
  const DeltaArms arms = delta_arms(whole.control, whole.treatment);
  const stats::DeltaLift plain = stats::delta_lift(arms.control, arms.treatment, question);
  if (strata.size() == 1 || !plain.estimate.interval) return delta_answer(plain);
  std::vector<StratumMeans> means;
  for (const StratumInput& stratum : strata) {
    // Two columns: a mean and its covariate, n - 3; four: a ratio and its covariates, n - 6.
    const std::int64_t coefficients = static_cast<std::int64_t>(stratum.control.sums.dimension()) / 2 * 3;
    const bool enough = !stratum.control.adjusted() || stratum.n() > coefficients;
    if (!enough)
      refuse(Reason::too_few_units, "a stratum has fewer units than the regression has coefficients");
    means.push_back(means_of(stratum));
  }
  const stats::StratifiedEffect effect =
      stats::stratified_effect(stats::combine_strata(means), question.relative);
  if (effect.control == 0.0) refuse(Reason::zero_baseline, "the control's value is zero");
  return delta_answer(stats::delta_interval(effect.effect, effect.standard_error, plain.df, question));
}

constexpr std::array kMethods{
    CalcMethod{"mean_lift/cuped", cuped, "Lift of a mean, covariate-adjusted: delta method, t"},
    CalcMethod{"ratio_lift/cuped", cuped, "Lift of a ratio, covariate-adjusted: delta method, t"},
    CalcMethod{"mean_lift/log_delta", log_delta, "Lift of a mean on the log scale"},
    CalcMethod{"ratio_lift/log_delta", log_delta, "Lift of a ratio on the log scale"},
    CalcMethod{"mean_lift/cuped_log_delta", log_delta, "Lift of a mean on the log scale, covariate-adjusted"},
    CalcMethod{"ratio_lift/cuped_log_delta", log_delta,
               "Lift of a ratio on the log scale, covariate-adjusted"},
    CalcMethod{"mean_lift/spotify_linreg_cuped", spotify_cuped, "Difference of means, covariate-adjusted: z"},
    CalcMethod{"mean_diff/spotify_linreg_cuped", spotify_cuped, "The same under its other name"},
    CalcMethod{"post_strat/mean", post_stratified, "Post-stratified mean"},
    CalcMethod{"post_strat/proportion", post_stratified, "Post-stratified proportion"},
    CalcMethod{"post_strat/ratio", post_stratified, "Post-stratified ratio"},
    CalcMethod{"post_strat/mean_cuped", post_stratified, "Post-stratified mean, regression within strata"},
    CalcMethod{"post_strat/ratio_cuped", post_stratified, "Post-stratified ratio, regression within strata"},
};

}  // namespace

std::span<const CalcMethod> adjustment_methods() {
  return kMethods;
}

}  // namespace liftmark::cli
