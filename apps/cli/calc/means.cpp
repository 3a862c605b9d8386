// mean_*, proportion_lift, ratio_lift, equivalence, mann_whitney, quantile_*, clustered_ctr, variance: means
// and ratios.

#include "stats/means.hpp"

#include <array>
#include <cmath>
#include <numeric>

#include <nlohmann/json.hpp>

#include "apps/cli/calc/arms.hpp"
#include "apps/cli/calc/inputs.hpp"
#include "apps/cli/calc/table.hpp"
#include "stats/distributions.hpp"
#include "stats/ranks.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::json;
using stats::CoMoments;
using stats::Estimate;
using stats::Reason;
using stats::SampleSummary;
using stats::VarianceRule;

double alpha(const json& inputs) {
  return number(inputs, "alpha", 0.05);
}

SampleSummary summary(const json& inputs, const char* suffix) {
  const auto key = [&](const char* name) { return std::string(name) + suffix; };
  return {whole_number(inputs, key("n")), number(inputs, key("mean")), number(inputs, key("var"))};
}

CoMoments moments_of(const std::vector<double>& values) {
  CoMoments moments;
  for (const double value : values) moments.add(value);
  return moments;
}

SampleSummary summary_of(const std::vector<double>& values) {
  const CoMoments moments = moments_of(values);
  return {moments.n(), moments.mean(), moments.variance()};
}

void require_answer(Reason reason) {
  if (reason != Reason::none) refuse(reason, "no test statistic on these samples");
}

json t_test(const json& inputs, VarianceRule rule) {
  const SampleSummary control = summary(inputs, "1");
  const SampleSummary treatment = summary(inputs, "2");
  const stats::TTest test = stats::t_test(control, treatment, rule);
  const Estimate estimate = stats::mean_difference(control, treatment, rule, alpha(inputs));
  require_answer(estimate.reason);
  return {{"diff", test.difference},
          {"se", test.standard_error},
          {"df", test.df},
          {"t", test.t},
          {"p_two_sided", *estimate.p_value},
          {"lower", *estimate.interval->lower},
          {"upper", *estimate.interval->upper}};
}
json welch(const json& inputs) {
  return t_test(inputs, VarianceRule::welch);
}
json student(const json& inputs) {
  return t_test(inputs, VarianceRule::pooled);
}

json welch_raw(const json& inputs) {
  const std::vector<double> x1 = numbers(inputs, "x1");
  const std::vector<double> x2 = numbers(inputs, "x2");
  const SampleSummary control = summary_of(x1);
  const SampleSummary treatment = summary_of(x2);
  const stats::TTest test = stats::t_test(control, treatment, VarianceRule::welch);
  require_answer(test.reason);
  return {{"mean1", control.mean},
          {"mean2", treatment.mean},
          {"var1", control.variance},
          {"var2", treatment.variance},
          {"t", test.t},
          {"df", test.df},
          {"p_two_sided", std::min(1.0, 2.0 * stats::student_t_sf(std::abs(test.t), test.df))}};
}

/// Spotify confidence: absolute difference with its z or t interval, and the same divided by the control mean
/// as if that were known. The relative interval is too narrow; kept to compare with.
json spotify(const json& inputs, bool student) {
  const auto arm = [&](const char* key, const char* suffix) {
    if (!inputs.contains(key)) return summary(inputs, suffix);
    const json& given = inputs[key];
    if (given.contains("mean"))
      return SampleSummary{whole_number(given, "n"), number(given, "mean"), number(given, "var")};
    const CoMoments m = arm_input(given).moments();
    return SampleSummary{m.n(), m.mean(), m.variance()};
  };
  const SampleSummary control = arm("control", "1");
  const SampleSummary treatment = arm("treatment", "2");
  const stats::TTest test = stats::t_test(control, treatment, VarianceRule::welch);
  require_answer(test.reason);
  const double tail = alpha(inputs) / 2.0;
  const double critical =
      student ? stats::student_t_upper_quantile(tail, test.df) : stats::normal_upper_quantile(tail);
  const double half = critical * test.standard_error;
  const double p =
      2.0 * (student ? stats::student_t_sf(std::abs(test.t), test.df) : stats::normal_sf(std::abs(test.t)));
  json result{{"diff", test.difference},
              {"estimate", test.difference},
              {"se", test.standard_error},
              {"df", test.df},
              {"lower", test.difference - half},
              {"upper", test.difference + half},
              {"p", p},
              {"p_two_sided", p}};
  result[student ? "t" : "z"] = test.t;
  if (control.mean != 0.0) {
    result["relative"] = test.difference / control.mean;
    result["relative_lower"] = (test.difference - half) / control.mean;
    result["relative_upper"] = (test.difference + half) / control.mean;
  }
  return result;
}
json spotify_z(const json& inputs) {
  return spotify(inputs, false);
}
json spotify_t(const json& inputs) {
  return spotify(inputs, true);
}

json tost_welch(const json& inputs) {
  const stats::EquivalenceTest test =
      stats::equivalence_test(summary_of(numbers(inputs, "x1")), summary_of(numbers(inputs, "x2")),
                              number(inputs, "low"), number(inputs, "upp"));
  require_answer(test.reason);
  return {{"p", test.p},
          {"t_low", test.t_low},
          {"p_low", test.p_low},
          {"t_upp", test.t_high},
          {"p_upp", test.p_high}};
}

json fieller(const json& inputs) {
  const auto rule = flag(inputs, "var_equal", false) ? VarianceRule::pooled : VarianceRule::welch;
  const stats::RatioOfMeans ratio =
      stats::ratio_of_means(summary(inputs, "_num"), summary(inputs, "_den"), rule, alpha(inputs));
  require_answer(ratio.reason);
  json result{{"bounded", ratio.bounded},
              {"ratio", ratio.ratio},
              {"p_rho1", ratio.p_at_one},
              {"df_test", ratio.df_at_one},
              {"abs_t_rho1", ratio.t_at_one}};
  result["lower"] = ratio.bounded ? json(ratio.lower) : json("-Infinity");
  result["upper"] = ratio.bounded ? json(ratio.upper) : json("Infinity");
  if (!ratio.bounded) result["reason"] = stats::name(Reason::unbounded);
  return result;
}

json delta_t(const json& inputs) {
  require(inputs.contains("control") && inputs.contains("treatment"),
          "\"control\" and \"treatment\" are needed");
  const DeltaArms arms = delta_arms(arm_input(inputs["control"]), arm_input(inputs["treatment"]));
  return delta_answer(stats::delta_lift(arms.control, arms.treatment, delta_question(inputs)));
}

stats::QuantileSummary quantile_summary(const json& arm) {
  stats::QuantileSummary q{number(arm, "nu"),
                           number(arm, "quantile_hat"),
                           number(arm, "quantile_lower"),
                           number(arm, "quantile_upper"),
                           whole_number(arm, "n_star"),
                           whole_number(arm, "n")};
  require(q.quantile > 0.0 && q.quantile < 1.0, "\"nu\" must be between 0 and 1");
  require(q.n >= 0 && q.n_star >= 0, "\"n\" and \"n_star\" must not be negative");
  return q;
}

stats::DeltaArm quantile_arm(const json& arm) {
  const stats::QuantileSummary q = quantile_summary(arm);
  double variance = stats::quantile_variance(q);
  if (text(arm, "type", "quantile") == "quantile_clustered")
    variance *= stats::clustering_factor(
        q, {whole_number(arm, "n_clusters"), number(arm, "main_sum"), number(arm, "main_sum_squares"),
            number(arm, "denominator_sum"), number(arm, "denominator_sum_squares"),
            number(arm, "main_denominator_sum_product")});
  return {q.n, q.value, variance, q.value, 0.0};
}

json quantile_difference(const json& inputs) {
  require(inputs.contains("control") && inputs.contains("treatment"),
          "\"control\" and \"treatment\" are needed");
  stats::DeltaArm control = quantile_arm(inputs["control"]);
  const stats::DeltaArm treatment = quantile_arm(inputs["treatment"]);
  if (control.value != 0.0)
    control.relative_variance = control.variance * std::pow(treatment.value / control.value, 2);
  return delta_answer(stats::delta_lift(control, treatment, delta_question(inputs)));
}

json quantile_ci(const json& inputs) {
  const stats::QuantileRanks ranks =
      stats::quantile_ranks(whole_number(inputs, "n"), number(inputs, "q"), alpha(inputs));
  return {
      {"lower_rank_1based", ranks.lower}, {"upper_rank_1based", ranks.upper}, {"coverage", ranks.coverage}};
}

json rank_test(const stats::MannWhitney& test) {
  require_answer(test.reason);
  return {{"U1", test.u},
          {"auc", test.auc},
          {"p_two_sided", test.p_two_sided},
          {"p_x_greater", test.p_greater},
          {"p_x_less", test.p_less}};
}
json mann_whitney(const json& inputs) {
  return rank_test(stats::mann_whitney(numbers(inputs, "x"), numbers(inputs, "y")));
}
json mann_whitney_exact(const json& inputs) {
  return rank_test(stats::mann_whitney_exact(numbers(inputs, "x"), numbers(inputs, "y")));
}

/// One arm of a click-through rate: sum over users of (clicks - rate views)^2 / (sum of views)^2, and totals.
struct ClickArm {
  double users, views, rate, variance;
};

ClickArm click_arm(const json& inputs, const std::string& arm) {
  const std::vector<double> views = numbers(inputs, arm + "_views");
  const std::vector<double> clicks = numbers(inputs, arm + "_clicks");
  require(views.size() == clicks.size() && !views.empty(), "views and clicks must have one entry a user");
  CoMoments moments(2);
  for (std::size_t i = 0; i < views.size(); ++i) moments.add(std::array{clicks[i], views[i]});
  if (!(moments.mean(1) > 0.0)) refuse(Reason::zero_denominator, "no views");
  const double n = static_cast<double>(moments.n());
  const double unbiased = stats::ratio_covariance(moments, {0, 1}, {0, 1});
  return {n, moments.sum(1), stats::ratio_value(moments, {0, 1}), unbiased * (n - 1.0) / n / n};
}

json cluster_robust(const json& inputs) {
  const ClickArm control = click_arm(inputs, "control");
  const ClickArm treatment = click_arm(inputs, "treatment");
  const double hc0 = std::sqrt(control.variance + treatment.variance);
  require(std::isfinite(hc0), "clicks and views are too large for a variance");
  const double users = control.users + treatment.users;
  const double views = control.views + treatment.views;
  const auto binomial = [](const ClickArm& arm) { return arm.rate * (1.0 - arm.rate) / arm.views; };
  json result{{"ctr_control", control.rate},
              {"ctr_treatment", treatment.rate},
              {"diff", treatment.rate - control.rate},
              {"se_cluster_HC0", hc0},
              {"naive_binomial_se", std::sqrt(std::max(0.0, binomial(control) + binomial(treatment)))}};
  // Stata's factor: G users in all, N views, two coefficients.
  if (users > 1.0 && views > 2.0)
    result["se_cluster_stata_HC1"] = hc0 * std::sqrt(users / (users - 1.0) * ((views - 1.0) / (views - 2.0)));
  return result;
}

json stable_variance(const json& inputs) {
  const CoMoments moments = moments_of(numbers(inputs, "x"));
  if (moments.n() < 2) refuse(Reason::too_few_units, "a variance needs two values");
  require(std::isfinite(moments.variance()), "values are too large for a variance");
  return {{"mean", moments.mean()}, {"var", moments.variance()}, {"sd", std::sqrt(moments.variance())}};
}

constexpr std::array kMethods{
    CalcMethod{"mean_diff/welch", welch, "Difference of means: Welch's t"},
    CalcMethod{"mean_diff/student", student, "Difference of means: Student's t, one variance"},
    CalcMethod{"mean_diff/welch_raw", welch_raw, "Difference of means: Welch's t from values"},
    CalcMethod{"mean_diff/spotify_ztest", spotify_z, "Difference of means: z; control mean taken as known"},
    CalcMethod{"mean_diff/spotify_ttest", spotify_t, "Difference of means: t; control mean taken as known"},
    CalcMethod{"equivalence/tost_welch", tost_welch, "Equivalence of means: two one-sided Welch tests"},
    CalcMethod{"mean_ratio_ci/fieller", fieller, "Ratio of means: Fieller"},
    CalcMethod{"mean_lift/delta_t", delta_t, "Lift of a mean: delta method, t"},
    CalcMethod{"proportion_lift/delta_t", delta_t, "Lift of a proportion: delta method, t"},
    CalcMethod{"ratio_lift/delta_t", delta_t, "Lift of a ratio: delta method, t"},
    CalcMethod{"mann_whitney/asymptotic_cc", mann_whitney, "Rank test: normal approximation"},
    CalcMethod{"mann_whitney/exact", mann_whitney_exact, "Rank test: permutation distribution"},
    CalcMethod{"quantile_ci/order_statistic", quantile_ci, "Ranks that enclose a quantile"},
    CalcMethod{"quantile_diff/ci_to_se", quantile_difference, "Lift of a quantile"},
    CalcMethod{"quantile_diff/clustered", quantile_difference,
               "Lift of a quantile, values clustered in users"},
    CalcMethod{"clustered_ctr/cluster_robust", cluster_robust, "Click-through rate: standard error by user"},
    CalcMethod{"variance/stable", stable_variance, "Mean and standard deviation without cancellation"},
};

}  // namespace

std::span<const CalcMethod> mean_methods() {
  return kMethods;
}

}  // namespace liftmark::cli
