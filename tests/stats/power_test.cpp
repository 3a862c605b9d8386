// Planning for every kind of metric: by hand, by published numbers, and by experiments drawn at the planned
// size.

#include "stats/power.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

#include "stats/baseline.hpp"
#include "stats/distributions.hpp"
#include "stats/log_rank_power.hpp"
#include "stats/quantile.hpp"
#include "stats/survival.hpp"

using namespace liftmark::stats;

namespace {

constexpr double kZ = 1.959963984540054 + 0.8416212335729143;  // two-sided 0.05, power 0.8

/// A simulated power may miss the planned one by 4.9 standard errors (one in 10^6), and by `bias`, what the
/// normal approximation of the plan leaves out at a few hundred events.
void check_power(int found, int experiments, double planned, double bias) {
  const double error = std::sqrt(planned * (1 - planned) / experiments);
  INFO("power " << static_cast<double>(found) / experiments);
  CHECK(std::abs(static_cast<double>(found) / experiments - planned) <= 4.9 * error + bias);
}

/// Simpson's rule: another path to the moments of min(T, 1).
template <class F>
double integral(F f, int steps = 2000) {
  double sum = f(0.0) + f(1.0);
  for (int i = 1; i < steps; ++i) sum += (i % 2 == 1 ? 4 : 2) * f(static_cast<double>(i) / steps);
  return sum / (3.0 * steps);
}

}  // namespace

TEST_CASE("events of a log-rank test: gsDesign's and a trial's numbers") {
  // gsDesign::nEvents(hr = .5, beta = .2, alpha = .05, sided = 2): 66, which is 7.8489 x 4 / log(2)^2
  // = 65.34.
  HazardQuestion half{.hazard_ratio = 0.5, .null_ratio = 1, .design = {}};
  CHECK(schoenfeld_events(half) == Approx(kZ * kZ * 4 / std::pow(std::log(2.0), 2)).epsilon(1e-10));
  CHECK(std::ceil(schoenfeld_events(half)) == 66);
  CHECK(schoenfeld_power(half, schoenfeld_events(half)) == Approx(0.8).epsilon(1e-9));
  // The inverse ratio is the same test.
  HazardQuestion twice{.hazard_ratio = 2, .null_ratio = 1, .design = {}};
  CHECK(schoenfeld_events(twice) == Approx(schoenfeld_events(half)));
  // A cardiovascular safety trial: ratio 1 against a margin of 1.8, one-sided 0.025, power 0.9: 122 events.
  HazardQuestion safety{
      .hazard_ratio = 1, .null_ratio = 1.8, .design = {.baseline = {}, .alpha = 0.025, .power = 0.9}};
  CHECK(std::ceil(schoenfeld_events(safety)) == 122);
  // Shares 1/4 and 3/4: 4 becomes 1 / (3/16).
  half.design.treatment_share = 0.75;
  CHECK(schoenfeld_events(half) == Approx(kZ * kZ * 16 / 3 / std::pow(std::log(2.0), 2)).epsilon(1e-10));
  half.design.treatment_share = 0.5;
  // Freedman 1982: ((1 + HR) / (1 - HR))^2 = 9.
  CHECK(freedman_events(half) == Approx(kZ * kZ * 9).epsilon(1e-10));
  // A third of the control's units and a hazard ratio of 2: 1 - (2/3)^2 = 5/9 of the treatment's.
  CHECK(event_probability(twice, 1.0 / 3) == Approx(0.5 * (1.0 / 3 + 5.0 / 9)));
  CHECK_THROWS_AS(schoenfeld_events({.hazard_ratio = 1, .null_ratio = 1, .design = {}}), std::domain_error);
  CHECK_THROWS_AS(schoenfeld_events({.hazard_ratio = 0, .null_ratio = 1, .design = {}}), std::domain_error);
  CHECK_THROWS_AS(schoenfeld_events({.hazard_ratio = 2, .null_ratio = 1.8, .design = {}}),
                  std::domain_error);  // beyond the margin
}

TEST_CASE("sequential designs cost a hazard ratio what they cost any metric") {
  HazardQuestion question{.hazard_ratio = 0.7, .null_ratio = 1, .design = {}};
  const double fixed = schoenfeld_events(question);
  question.design.design = PlanDesign::obrien_fleming;
  question.design.looks = 5;
  PlanQuestion mean{.baseline = {.mean = 3, .variance = 5}, .design = PlanDesign::obrien_fleming, .looks = 5};
  CHECK(schoenfeld_events(question) / fixed == Approx(plan_inflation(mean)).epsilon(1e-8));
  CHECK(planned_drift(mean) == Approx(kZ * std::sqrt(plan_inflation(mean))).epsilon(1e-8));
}

TEST_CASE("a restricted mean's moments, by numerical integration of its survival") {
  for (const double share : {1e-6, 0.05, 0.3, 0.62, 0.64, 0.95, 0.999999}) {
    const double x = -std::log1p(-share);
    const Baseline made = restricted_mean_baseline(share, 1.0);
    // The rest of the window R = 1 - min(T, 1): P(R > r) = 1 - exp(-x (1 - r)).
    const double rest = integral([&](double r) { return -std::expm1(-x * (1 - r)); });
    const double square = integral([&](double r) { return -2 * r * std::expm1(-x * (1 - r)); });
    INFO(share);
    CHECK(1 - made.mean == Approx(rest).epsilon(1e-8));
    CHECK(made.variance == Approx(square - rest * rest).epsilon(1e-8));
    CHECK(hazard_of_restricted_mean(made.mean) == Approx(x).epsilon(1e-9));
  }
  // One in a billion: 1 - mean is x/2 and the variance x/3 - x^2/3, to 9 digits.
  CHECK(restricted_mean_baseline(1e-9, 1).variance == Approx(1e-9 / 3).epsilon(1e-8));
  CHECK(hazard_of_restricted_mean(1e-9) == Approx(1e9));
  CHECK(hazard_of_restricted_mean(1 - 1e-9) == Approx(2e-9).epsilon(1e-7));
  for (const double share : {0.0, 1.0, -1.0, 2.0})
    CHECK_THROWS_AS(restricted_mean_baseline(share, 28), std::domain_error);
}

TEST_CASE("units for a quantile by hand, with shares, margins and clusters") {
  // Median 40, 5 % of values per unit of value there; 1.25 values a unit whose shares vary twice as much:
  // 0.25 x 2 / (0.0025 x 1.25) = 160, coefficient of variation squared 0.1.
  const Baseline median = quantile_baseline(
      {.probability = 0.5, .quantile = 40, .density = 0.05, .values_per_unit = 1.25, .design_effect = 2});
  CHECK(median.variance == Approx(160));
  PlanQuestion question{.baseline = median};
  CHECK(lift_sample_size(question, 0.05) ==
        Approx(kZ * kZ * 4 * 0.1 / std::pow(std::log(1.05), 2)).epsilon(1e-9));
  question.treatment_share = 0.2;
  CHECK(lift_sample_size(question, 0.05) ==
        Approx(kZ * kZ * 6.25 * 0.1 / std::pow(std::log(1.05), 2)).epsilon(1e-9));
  question.margin = 0.02;
  const double one_sided = 1.6448536269514722 + 0.8416212335729143;
  CHECK(lift_sample_size(question, 0) ==
        Approx(one_sided * one_sided * 6.25 * 0.1 / std::pow(std::log(0.98), 2)).epsilon(1e-9));
  CHECK_THROWS_AS(quantile_baseline({.quantile = 40, .density = 0}), std::domain_error);
  CHECK_THROWS_AS(quantile_baseline({.probability = 1, .quantile = 40, .density = 1}), std::domain_error);
}

TEST_CASE("the fieller scale plans for baselines below zero, and as rpact for ratios of means") {
  // -2 with variance 9, half of it regained: a difference of 1, 7.8489 x 4 x 9.
  PlanQuestion question{.baseline = {.mean = -2, .variance = 9}, .scale = Scale::fieller};
  CHECK(lift_sample_size(question, 0.5) == Approx(kZ * kZ * 36).epsilon(1e-9));
  CHECK(*minimal_detectable_lift(question, kZ * kZ * 36) == Approx(0.5).epsilon(1e-9));
  // rpact: getSampleSizeMeans(meanRatio, thetaH0 0.9, alternative 1.05, coefficient of variation 0.5), 0.025.
  question = {.baseline = {.mean = 2, .variance = 1}, .alpha = 0.025, .margin = 0.1, .scale = Scale::fieller};
  CHECK(lift_sample_size(question, 0.05) == Approx(315.699384870485).epsilon(1e-9));
  question.baseline.mean = 0;
  CHECK_THROWS_AS(lift_sample_size(question, 0.05), std::domain_error);
  question.baseline = {.mean = -2, .variance = 9};
  question.scale = Scale::log;
  CHECK_THROWS_AS(lift_sample_size(question, 0.05), std::domain_error);
}

TEST_CASE("nobody stays longer than the window: the smallest lift of a restricted mean ends there") {
  PlanQuestion question{.baseline = restricted_mean_baseline(0.3, 28)};
  const double units = lift_sample_size(question, 0.05);
  CHECK(lift_power(question, 0.05, units) == Approx(0.8).epsilon(1e-9));
  CHECK(*minimal_detectable_lift(question, units) == Approx(0.05).epsilon(1e-7));
  const double for_a_fall = lift_sample_size(question, -0.05);
  CHECK(*minimal_detectable_lift(question, for_a_fall, Change::fall) == Approx(-0.05).epsilon(1e-7));
  const auto few = minimal_detectable_lift(question, 4);
  CHECK((!few || question.baseline.mean * (1 + *few) < 28));
  CHECK_THROWS_AS(lift_sample_size(question, 0.5), std::domain_error);
}

TEST_CASE("a quantile's planned power is achieved: clustered values, the analysis's own variance") {
  // Half of the units have no value, a quarter one, a quarter three equal ones: one value a unit on average,
  // and the share below the median varies (1/4 + 9/4) = 2.5 times as much as that of one value a unit.
  const double sigma = 0.8, lift = 0.3;
  PlanQuestion question{.baseline = quantile_baseline({.probability = 0.5,
                                                       .quantile = 1,
                                                       .density = normal_pdf(0) / sigma,
                                                       .values_per_unit = 1,
                                                       .design_effect = 2.5}),
                        .treatment_share = 0.4};
  const auto units = static_cast<std::int64_t>(std::ceil(lift_sample_size(question, lift)));
  const auto treated = static_cast<std::int64_t>(std::llround(0.4 * static_cast<double>(units)));
  std::mt19937_64 random(11);
  std::normal_distribution<double> normal;
  const auto arm = [&](std::int64_t n, double scale) {
    std::vector<UnitValue> values;
    for (std::int64_t unit = 0; unit < n; ++unit) {
      const auto kind = random() % 4;
      if (kind < 2) continue;
      const double value = scale * std::exp(sigma * normal(random));
      for (int copy = 0; copy < (kind == 2 ? 1 : 3); ++copy)
        values.push_back({value, static_cast<std::uint32_t>(unit)});
    }
    std::sort(values.begin(), values.end(), [](const auto& a, const auto& b) { return a.value < b.value; });
    const auto found = clustered_quantile(values, 0.5, n);
    const double m = static_cast<double>(n);
    return std::pair(std::log(found.quantile),
                     found.squares / (m * (m - 1)) / (found.quantile * found.quantile));
  };
  int found = 0;
  constexpr int kExperiments = 2000;
  for (int i = 0; i < kExperiments; ++i) {
    const auto control = arm(units - treated, 1), treatment = arm(treated, 1 + lift);
    found += (treatment.first - control.first) / std::sqrt(control.second + treatment.second) > 1.959963985;
  }
  check_power(found, kExperiments, 0.8, 0.02);
}

TEST_CASE("planned power is achieved for times to an event: the restricted mean, and the log-rank test") {
  std::mt19937_64 random(12);
  std::uniform_real_distribution<double> uniform;
  constexpr int kExperiments = 2000;
  // 60 % of the control have the event within the window; a hazard ratio of 0.6.
  const double hazard = -std::log(0.4), ratio = 0.6;
  const auto draw = [&](std::int64_t n, double rate) {
    std::vector<FollowUp> units;
    for (std::int64_t i = 0; i < n; ++i) {
      const double time = -std::log1p(-uniform(random)) / rate;
      units.push_back({std::min(time, 1.0), time <= 1.0});
    }
    return units;
  };
  const HazardQuestion asked{.hazard_ratio = ratio, .null_ratio = 1, .design = {}};
  const auto half =
      static_cast<std::int64_t>(std::ceil(schoenfeld_events(asked) / event_probability(asked, 0.6) / 2));
  int found = 0;
  for (int i = 0; i < kExperiments; ++i)
    found += *log_rank(draw(half, hazard), draw(half, hazard * ratio)).p_value < 0.05;
  check_power(found, kExperiments, 0.8, 0.02);

  // The same change as a lift of the restricted mean: what the reading follows.
  PlanQuestion question{.baseline = restricted_mean_baseline(0.6, 1.0)};
  const double treated_mean = restricted_mean_baseline(-std::expm1(-hazard * ratio), 1.0).mean;
  const auto each = static_cast<std::int64_t>(
      std::ceil(lift_sample_size(question, treated_mean / question.baseline.mean - 1) / 2));
  const auto log_mean = [&](double rate) {
    const auto mean = restricted_mean(draw(each, rate), 1.0, 0.05);
    return std::pair(std::log(*mean.point), std::pow(*mean.standard_error / *mean.point, 2));
  };
  found = 0;
  for (int i = 0; i < kExperiments; ++i) {
    const auto control = log_mean(hazard), treatment = log_mean(hazard * ratio);
    found += (treatment.first - control.first) / std::sqrt(control.second + treatment.second) > 1.959963985;
  }
  check_power(found, kExperiments, 0.8, 0.02);
}
