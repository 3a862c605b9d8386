// dist/*: distribution functions.

#include "stats/distributions.hpp"

#include <array>

#include <nlohmann/json.hpp>

#include "apps/cli/calc/inputs.hpp"
#include "apps/cli/calc/table.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::json;

json normal(const json& inputs) {
  const double z = number(inputs, "z");
  json result{{"cdf", stats::normal_cdf(z)}, {"sf", stats::normal_sf(z)}};
  result["log_sf"] = stats::normal_log_sf(z);
  return result;
}

json normal_quantile(const json& inputs) {
  return {{"z", stats::normal_quantile(number(inputs, "p"))}};
}

json student_t(const json& inputs) {
  const double t = number(inputs, "t");
  const double df = number(inputs, "df");
  return {{"cdf", stats::student_t_cdf(t, df)}, {"sf", stats::student_t_sf(t, df)}};
}

json student_t_quantile(const json& inputs) {
  return {{"t", stats::student_t_quantile(number(inputs, "p"), number(inputs, "df"))}};
}

json chi2(const json& inputs) {
  const double x = number(inputs, "x");
  const double df = number(inputs, "df");
  return {{"cdf", stats::chi2_cdf(x, df)}, {"sf", stats::chi2_sf(x, df)}};
}

json chi2_quantile(const json& inputs) {
  return {{"x", stats::chi2_quantile(number(inputs, "p"), number(inputs, "df"))}};
}

json beta(const json& inputs) {
  const double x = number(inputs, "x");
  const double a = number(inputs, "a");
  const double b = number(inputs, "b");
  return {{"cdf", stats::beta_cdf(x, a, b)}, {"sf", stats::beta_sf(x, a, b)}};
}

json beta_quantile(const json& inputs) {
  return {{"x", stats::beta_quantile(number(inputs, "p"), number(inputs, "a"), number(inputs, "b"))}};
}

constexpr std::array kMethods{
    CalcMethod{"dist/normal", normal, "Normal distribution: cdf, upper tail, log of the upper tail"},
    CalcMethod{"dist/normal_quantile", normal_quantile, "Normal quantile"},
    CalcMethod{"dist/student_t", student_t, "Student's t: cdf and upper tail"},
    CalcMethod{"dist/student_t_quantile", student_t_quantile, "Student's t quantile"},
    CalcMethod{"dist/chi2", chi2, "Chi-square: cdf and upper tail"},
    CalcMethod{"dist/chi2_quantile", chi2_quantile, "Chi-square quantile"},
    CalcMethod{"dist/beta", beta, "Beta: cdf and upper tail"},
    CalcMethod{"dist/beta_quantile", beta_quantile, "Beta quantile"},
};

}  // namespace

std::span<const CalcMethod> distribution_methods() {
  return kMethods;
}

}  // namespace liftmark::cli
