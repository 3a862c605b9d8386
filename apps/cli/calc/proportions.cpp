// prop_*, two_prop_*, odds_ratio_ci, poisson_rate_*: counts of 0/1 outcomes and of events.

#include "stats/proportions.hpp"

#include <array>
#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "apps/cli/calc/inputs.hpp"
#include "apps/cli/calc/table.hpp"
#include "stats/poisson_rates.hpp"
#include "stats/two_proportions.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::json;
using stats::Estimate;
using stats::Exposed;
using stats::Reason;
using stats::Successes;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Successes successes(const json& inputs, const char* x, const char* n) {
  return {whole_number(inputs, x), whole_number(inputs, n)};
}
Successes first(const json& inputs) {
  return successes(inputs, "x1", "n1");
}
Successes second(const json& inputs) {
  return successes(inputs, "x2", "n2");
}
double alpha(const json& inputs) {
  return number(inputs, "alpha", 0.05);
}

/// Refuses unless the estimate has what the answer needs.
template <class T>
const T& needed(const Estimate& estimate, const std::optional<T>& field) {
  if (!field) refuse(estimate.reason, std::string(estimate.method) + " is not defined on these counts");
  return *field;
}

json interval(const Estimate& estimate) {
  const stats::Interval& ends = needed(estimate, estimate.interval);
  return {{"lower", written_end(ends.lower, true)}, {"upper", written_end(ends.upper, false)}};
}

template <Estimate (*Method)(const Successes&, double)>
json one_interval(const json& inputs) {
  return interval(Method(successes(inputs, "x", "n"), alpha(inputs)));
}

template <Estimate (*Method)(const Successes&, const Successes&, double)>
json two_interval(const json& inputs) {
  return interval(Method(first(inputs), second(inputs), alpha(inputs)));
}

/// The point of a ratio from its parts: infinite or undefined where the estimate has none.
double ratio_point(const Estimate& estimate, bool numerator_is_zero) {
  if (estimate.point) return *estimate.point;
  return numerator_is_zero ? kNaN : std::numeric_limits<double>::infinity();
}

json difference_mn(const json& inputs) {
  const Estimate estimate =
      stats::miettinen_nurminen_difference(first(inputs), second(inputs), alpha(inputs));
  json result = interval(estimate);
  result["estimate"] = *estimate.point;
  return result;
}

json ratio_mn(const json& inputs) {
  const Estimate estimate = stats::miettinen_nurminen_ratio(first(inputs), second(inputs), alpha(inputs));
  json result = interval(estimate);
  result["estimate"] = written(ratio_point(estimate, first(inputs).successes == 0));
  return result;
}

json odds_mn(const json& inputs) {
  const Estimate estimate =
      stats::miettinen_nurminen_odds_ratio(first(inputs), second(inputs), alpha(inputs));
  json result = interval(estimate);
  result["estimate"] = written(ratio_point(estimate, first(inputs).successes == 0));
  return result;
}

json fisher_conditional(const json& inputs) {
  const auto cell = [&](const char* key) { return whole_number(inputs, key); };
  const std::int64_t a = cell("table_a");
  const Estimate estimate =
      stats::fisher_odds_ratio({a, a + cell("b")}, {cell("c"), cell("c") + cell("d")}, alpha(inputs));
  json result = interval(estimate);
  result["conditional_mle"] = written(ratio_point(estimate, false));
  result["p_two_sided"] = needed(estimate, estimate.p_value);
  return result;
}

json z_test(const Estimate& test) {
  const double z = *test.point / needed(test, test.standard_error);
  return {{"z", z}, {"p_two_sided", *test.p_value}, {"diff", *test.point}};
}
json pooled_z(const json& inputs) {
  return z_test(stats::pooled_z_test(first(inputs), second(inputs)));
}
json unpooled_z(const json& inputs) {
  return z_test(stats::unpooled_z_test(first(inputs), second(inputs)));
}

template <Estimate (*Method)(const Successes&, const Successes&)>
json chi2_test(const json& inputs) {
  const Estimate test = Method(first(inputs), second(inputs));
  return {{"p", needed(test, test.p_value)}, {"chi2", *test.point}};
}

json fisher_test(const json& inputs) {
  const stats::FisherTest test = stats::fisher_test(first(inputs), second(inputs));
  return {{"p_two_sided", test.two_sided}, {"p_greater", test.greater}, {"p_less", test.less}};
}

template <stats::MarginError Error>
json noninferiority(const json& inputs) {
  const std::string alternative = text(inputs, "alternative", "larger");
  require(alternative == "larger" || alternative == "smaller",
          "\"alternative\" must be \"larger\" or \"smaller\"");
  const double margin = number(inputs, "margin_diff");
  const Estimate test = stats::noninferiority_test(
      first(inputs), second(inputs), {.margin = margin, .larger = alternative == "larger", .error = Error});
  const double error = needed(test, test.standard_error);
  return {{"z", (*test.point - margin) / error}, {"p", *test.p_value}};
}

json binomial_exact(const json& inputs) {
  const Estimate test = stats::binomial_test(successes(inputs, "x", "n"), number(inputs, "p0"));
  return {{"p_two_sided", needed(test, test.p_value)}};
}

Exposed first_rate(const json& inputs) {
  return {number(inputs, "x1"), number(inputs, "t1")};
}
Exposed second_rate(const json& inputs) {
  return {number(inputs, "x2"), number(inputs, "t2")};
}

json poisson_rate(const json& inputs) {
  const Estimate estimate = stats::poisson_rate({number(inputs, "x"), number(inputs, "t")}, alpha(inputs));
  json result = interval(estimate);
  result["rate"] = *estimate.point;
  return result;
}

template <Estimate (*Method)(const Exposed&, const Exposed&, double)>
json rate_interval(const json& inputs) {
  return interval(Method(first_rate(inputs), second_rate(inputs), alpha(inputs)));
}

json rate_ratio_exact(const json& inputs) {
  const Estimate estimate =
      stats::poisson_ratio_exact(first_rate(inputs), second_rate(inputs), alpha(inputs));
  json result = interval(estimate);
  result["ratio"] = written(ratio_point(estimate, first_rate(inputs).events <= 0.0));
  result["p_two_sided"] = needed(estimate, estimate.p_value);
  return result;
}

json rate_test_exact(const json& inputs) {
  const Estimate estimate = stats::poisson_ratio_exact(first_rate(inputs), second_rate(inputs), 0.05);
  return {{"p_two_sided", needed(estimate, estimate.p_value)}};
}

template <Estimate (*Method)(const Exposed&, const Exposed&)>
json rate_test(const json& inputs) {
  const Estimate test = Method(first_rate(inputs), second_rate(inputs));
  return {{"p_two_sided", needed(test, test.p_value)}, {"statistic", *test.point}};
}

constexpr std::array kMethods{
    CalcMethod{"prop_ci/wald", one_interval<stats::wald_proportion>, "One proportion: Wald"},
    CalcMethod{"prop_ci/wilson", one_interval<stats::wilson>, "One proportion: Wilson score"},
    CalcMethod{"prop_ci/wilson_cc", one_interval<stats::wilson_continuity>,
               "One proportion: Wilson, continuity-corrected"},
    CalcMethod{"prop_ci/clopper_pearson", one_interval<stats::clopper_pearson>,
               "One proportion: Clopper-Pearson, exact"},
    CalcMethod{"prop_ci/agresti_coull", one_interval<stats::agresti_coull>, "One proportion: Agresti-Coull"},
    CalcMethod{"prop_ci/jeffreys", one_interval<stats::jeffreys>, "One proportion: Jeffreys"},
    CalcMethod{"prop_test/binomial_exact", binomial_exact, "One proportion: exact binomial test"},
    CalcMethod{"two_prop_diff_ci/wald", two_interval<stats::wald_difference>,
               "Difference of proportions: Wald"},
    CalcMethod{"two_prop_diff_ci/agresti_caffo", two_interval<stats::agresti_caffo_difference>,
               "Difference: Agresti-Caffo"},
    CalcMethod{"two_prop_diff_ci/newcombe", two_interval<stats::newcombe_difference>,
               "Difference: Newcombe's hybrid score"},
    CalcMethod{"two_prop_diff_ci/mee_score", two_interval<stats::mee_difference>, "Difference: Mee's score"},
    CalcMethod{"two_prop_diff_ci/mn_score", difference_mn, "Difference: Miettinen-Nurminen score"},
    CalcMethod{"two_prop_ratio_ci/log", two_interval<stats::katz_ratio>, "Ratio of proportions: Katz log"},
    CalcMethod{"two_prop_ratio_ci/log_adjusted", two_interval<stats::walter_ratio>,
               "Ratio: Katz log with 1/2 added"},
    CalcMethod{"two_prop_ratio_ci/koopman_score", two_interval<stats::koopman_ratio>, "Ratio: Koopman score"},
    CalcMethod{"two_prop_ratio_ci/mn_score", ratio_mn, "Ratio: Miettinen-Nurminen score"},
    CalcMethod{"odds_ratio_ci/logit", two_interval<stats::woolf_odds_ratio>, "Odds ratio: Woolf"},
    CalcMethod{"odds_ratio_ci/logit_adjusted", two_interval<stats::gart_odds_ratio>,
               "Odds ratio: Woolf with 1/2 added"},
    CalcMethod{"odds_ratio_ci/mn_score", odds_mn, "Odds ratio: Miettinen-Nurminen score"},
    CalcMethod{"odds_ratio_ci/fisher_conditional", fisher_conditional,
               "Odds ratio: conditional, exact limits"},
    CalcMethod{"two_prop_test/pooled_z", pooled_z, "Two proportions: z with pooled variance"},
    CalcMethod{"two_prop_test/unpooled_z", unpooled_z, "Two proportions: z with Wald variance"},
    CalcMethod{"two_prop_test/chi2", chi2_test<stats::chi2_test>, "Two proportions: Pearson's chi-square"},
    CalcMethod{"two_prop_test/chi2_yates", chi2_test<stats::chi2_yates_test>,
               "Two proportions: chi-square, Yates' correction"},
    CalcMethod{"two_prop_test/fisher", fisher_test, "Two proportions: Fisher's exact test"},
    CalcMethod{"two_prop_noninferiority/wald", noninferiority<stats::MarginError::wald>, "Margin test: Wald"},
    CalcMethod{"two_prop_noninferiority/agresti_caffo", noninferiority<stats::MarginError::agresti_caffo>,
               "Margin test: Agresti-Caffo"},
    CalcMethod{"two_prop_noninferiority/mn_score", noninferiority<stats::MarginError::miettinen_nurminen>,
               "Margin test: Miettinen-Nurminen"},
    CalcMethod{"poisson_rate_ci/exact", poisson_rate, "One rate: exact"},
    CalcMethod{"poisson_rate_diff/score", rate_interval<stats::poisson_difference>,
               "Difference of rates: score"},
    CalcMethod{"poisson_rate_ratio/score", rate_interval<stats::poisson_ratio_score>,
               "Ratio of rates: score"},
    CalcMethod{"poisson_rate_ratio/exact_conditional", rate_ratio_exact,
               "Ratio of rates: exact, conditional on the total"},
    CalcMethod{"poisson_rate_ratio/test_exact_cond", rate_test_exact, "Equal rates: exact conditional test"},
    CalcMethod{"poisson_rate_ratio/test_score", rate_test<stats::poisson_score_test>,
               "Equal rates: score test"},
    CalcMethod{"poisson_rate_ratio/test_wald", rate_test<stats::poisson_wald_test>, "Equal rates: Wald test"},
    CalcMethod{"poisson_rate_ratio/test_sqrt", rate_test<stats::poisson_sqrt_test>,
               "Equal rates: square-root test"},
};

}  // namespace

std::span<const CalcMethod> proportion_methods() {
  return kMethods;
}

}  // namespace liftmark::cli
