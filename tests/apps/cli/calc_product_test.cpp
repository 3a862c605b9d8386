// Rows of `calc` that no package has: the product's own estimators, by another path or by hand.

#include <cmath>
#include <random>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/cli/calc/table.hpp"

using liftmark::cli::CalcError;
using liftmark::cli::find_calc_method;
using nlohmann::json;

namespace {

json calc(const char* method, const json& inputs) {
  const auto* row = find_calc_method(method);
  REQUIRE(row != nullptr);
  return row->run(inputs);
}

using Rows = std::vector<std::vector<double>>;

/// n, mean and unbiased covariance of the columns of `rows`.
json arm_of(const Rows& rows) {
  const std::size_t columns = rows.front().size();
  const auto n = static_cast<double>(rows.size());
  std::vector<double> mean(columns, 0.0);
  for (const auto& row : rows)
    for (std::size_t i = 0; i < columns; ++i) mean[i] += row[i] / n;
  Rows covariance(columns, std::vector<double>(columns, 0.0));
  for (const auto& row : rows)
    for (std::size_t i = 0; i < columns; ++i)
      for (std::size_t j = 0; j < columns; ++j)
        covariance[i][j] += (row[i] - mean[i]) * (row[j] - mean[j]) / (n - 1);
  return {{"n", rows.size()}, {"mean", mean}, {"covariance", covariance}};
}

Rows draw(std::size_t n, double shift, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  Rows rows;
  for (std::size_t i = 0; i < n; ++i) {
    const double x1 = normal(random), x2 = normal(random) + 0.3 * x1;
    rows.push_back({10 + shift + 1.5 * x1 - 0.7 * x2 + normal(random), x1, x2});
  }
  return rows;
}

}  // namespace

TEST_CASE(
    "two covariates: the slopes solve the normal equations, and the variance is that of the residuals") {
  const Rows control = draw(400, 0, 1), treatment = draw(400, 0.5, 2);
  const json answer = calc("lift/fixed", {{"control", arm_of(control)},
                                          {"treatment", arm_of(treatment)},
                                          {"covariates", 2},
                                          {"scale", "absolute"}});
  const double a = answer["theta"][0], b = answer["theta"][1];
  CHECK(a == Approx(1.5).margin(0.15));
  CHECK(b == Approx(-0.7).margin(0.15));
  // Another path: the residual y - a x1 - b x2 of each unit, arm by arm; Welch on it.
  const auto residuals = [&](const Rows& rows) {
    Rows one;
    for (const auto& row : rows) one.push_back({row[0] - a * row[1] - b * row[2]});
    return arm_of(one);
  };
  const json c = residuals(control), t = residuals(treatment);
  CHECK(answer["difference"].get<double>() ==
        Approx(t["mean"][0].get<double>() - c["mean"][0].get<double>()).epsilon(1e-10));
  CHECK(answer["se"].get<double>() == Approx(std::sqrt(c["covariance"][0][0].get<double>() / 400 +
                                                       t["covariance"][0][0].get<double>() / 400))
                                          .epsilon(1e-10));
  // Equal arms: within-arm residuals and covariates do not correlate, summed over the arms.
  double normal_equation = 0;
  for (const auto* rows : {&control, &treatment}) {
    Rows pairs;
    for (const auto& row : *rows) pairs.push_back({row[0] - a * row[1] - b * row[2], row[1]});
    normal_equation += arm_of(pairs)["covariance"][0][1].get<double>();
  }
  CHECK(normal_equation == Approx(0).margin(1e-10));
}

TEST_CASE("units without history are a stratum: means weighted by the strata's shares") {
  const Rows control = draw(300, 0, 3), treatment = draw(300, 0.5, 4);
  const Rows control_new = draw(100, -2, 5), treatment_new = draw(300, -1, 6);
  const json strata = json::array(
      {{{"control", arm_of(control)}, {"treatment", arm_of(treatment)}},
       {{"control", arm_of(control_new)}, {"treatment", arm_of(treatment_new)}, {"history", false}}});
  const json answer = calc("lift/fixed", {{"strata", strata}, {"covariates", 2}, {"scale", "absolute"}});
  const json old_only = calc("lift/fixed", {{"control", arm_of(control)},
                                            {"treatment", arm_of(treatment)},
                                            {"covariates", 2},
                                            {"scale", "absolute"}});
  const double fresh =
      arm_of(treatment_new)["mean"][0].get<double>() - arm_of(control_new)["mean"][0].get<double>();
  CHECK(answer["difference"].get<double>() ==
        Approx(0.6 * old_only["difference"].get<double>() + 0.4 * fresh).epsilon(1e-9));
  CHECK(calc("lift/fixed",
             {{"strata", json::array({strata[0]})}, {"covariates", 2}, {"scale", "absolute"}}) == old_only);
}

TEST_CASE("the always-valid row: interval and p agree at alpha, burn-in says so") {
  const json inputs{{"control", {{"n", 5000}, {"mean", {2.0}}, {"covariance", 4.0}}},
                    {"treatment", {{"n", 5000}, {"mean", {2.2}}, {"covariance", 4.0}}},
                    {"planned_n", 10000}};
  const json answer = calc("lift/always_valid", inputs);
  json at_p = inputs;
  at_p["alpha"] = answer["p"];
  // Tuning follows alpha, so only the side on which 0 lies is exact at the one alpha.
  CHECK((answer["p"].get<double>() < 0.05) == (answer["lower"].get<double>() > 0));
  json early = inputs;
  early["control"]["n"] = early["treatment"]["n"] = 50;
  const json held = calc("lift/always_valid", early);
  CHECK(held["reason"] == "burn_in");
  CHECK_FALSE(held.contains("p"));
}

TEST_CASE("error shares by hand: two primaries, five secondaries, three guardrails, two variants") {
  const json answer = calc("multiple/alpha_allocation",
                           {{"primaries", 2}, {"secondaries", 5}, {"guardrails", 3}, {"variants", 2}});
  CHECK(answer["primary"].get<double>() == Approx(0.05 / 4));
  CHECK(answer["secondary"].get<double>() == Approx(0.05 / 10));
  CHECK(answer["guardrail"].get<double>() == Approx(0.05));
  CHECK(answer["harm"].get<double>() == Approx(0.01 / 6));
}

TEST_CASE("a first look that stops is stage-wise the fixed test; a final look spends all that is left") {
  const json first =
      calc("gs_analysis/look",
           {{"information", {1.0}}, {"planned_maximum", 2.0}, {"estimate", 0.4}, {"standard_error", 0.1}});
  CHECK(first["stops"] == true);
  CHECK(first["stage_wise_p"].get<double>() == Approx(std::erfc(4 / std::sqrt(2.0))).epsilon(1e-9));
  CHECK(first["median_unbiased"].get<double>() == Approx(0.4).epsilon(1e-6));
  const json last = calc("gs_analysis/look", {{"alpha", 0.05},
                                              {"information", {1.0, 1.5}},
                                              {"planned_maximum", 2.0},
                                              {"final", true},
                                              {"estimate", 0.2},
                                              {"standard_error", 0.1}});
  CHECK(last["cumulative_alpha_spent"][1].get<double>() == Approx(0.05).epsilon(1e-9));
  CHECK(last["median_unbiased"].get<double>() < 0.2001);
}

TEST_CASE("a clustered bootstrap of constant ratios has no width to speak of, and says so") {
  const json same{{"numerator", {1, 2, 3, 4}}, {"denominator", {2, 4, 6, 8}}};
  CHECK_THROWS_AS(
      calc("bootstrap/clustered_ratio_lift", {{"control", same}, {"treatment", same}, {"R", 200}}),
      CalcError);
  const json other{{"numerator", {1, 2, 3, 9}}, {"denominator", {2, 4, 6, 8}}};
  const json answer =
      calc("bootstrap/clustered_ratio_lift", {{"control", same}, {"treatment", other}, {"R", 2000}});
  CHECK(answer["point"].get<double>() == Approx(0.5));
  CHECK(answer["lower"].get<double>() <= 0.5);
  CHECK(answer["upper"].get<double>() >= 0.5);
}
