// Do intervals hold the true effect as often as they say? Many seeds, sufficient statistics, the whole
// analysis.

#include <cmath>
#include <random>

#include <catch2/catch.hpp>

#include "engine/analyse/analyse.hpp"

namespace {

using namespace liftmark;
using stats::CoMoments;

constexpr int kSeeds = 2000;
// Five standard deviations of a binomial share: a correct program fails once in 1.7 million runs.
double allowance(double share) {
  return 5 * std::sqrt(share * (1 - share) / kSeeds);
}

Statistics two_arms(CoMoments control, CoMoments treatment, bool binary) {
  Statistics statistics;
  statistics.arms.resize(2);
  statistics.arms[0].key = "control";
  statistics.arms[0].control = true;
  statistics.arms[1].key = "treatment";
  MetricStatistics metric;
  metric.metric = "m";
  metric.layout.binary = binary;
  metric.cells.resize(2);
  metric.cells[0].history = std::move(control);
  metric.cells[1].arm = 1;
  metric.cells[1].history = std::move(treatment);
  for (std::size_t i = 0; i < 2; ++i) {
    statistics.arms[i].units = metric.cells[i].history.n();
    statistics.arms[i].units_by_epoch[1] = statistics.arms[i].units;
  }
  statistics.expected_shares[1] = {1, 1};
  statistics.metrics.push_back(std::move(metric));
  return statistics;
}

Analysis ask(Method method, std::int64_t planned_units) {
  Analysis analysis;
  analysis.seen_once = true;
  analysis.plan.method = method;
  analysis.plan.planned_units = planned_units;
  analysis.plan.primary = {"m"};
  Metric metric;
  metric.key = "m";
  analysis.metrics = {metric};
  return analysis;
}

bool holds(const Figure& figure, double truth) {
  return (!figure.lower || *figure.lower <= truth) && (!figure.upper || truth <= *figure.upper);
}

/// `n` units of which a share buys for a lognormal amount.
CoMoments shop(std::mt19937_64& random, std::int64_t n, double buys, double scale) {
  std::binomial_distribution<std::int64_t> buyers(n, buys);
  std::lognormal_distribution<double> amount(3.0, 0.7);
  CoMoments units(1);
  const auto count = buyers(random);
  for (std::int64_t i = 0; i < count; ++i) units.add(scale * amount(random));
  units.merge(CoMoments::from_central(n - count, {0.0}, {0.0}, {0.0}));
  return units;
}

}  // namespace

TEST_CASE("95% intervals of a conversion lift hold the truth 95 times in 100") {
  const double truth = 0.1;
  int inside_relative = 0, inside_absolute = 0;
  for (int seed = 0; seed < kSeeds; ++seed) {
    std::mt19937_64 random(static_cast<std::uint64_t>(seed));
    std::binomial_distribution<std::int64_t> control(20'000, 0.05), treatment(20'000, 0.05 * (1 + truth));
    const auto statistics = two_arms(CoMoments::from_counts(20'000, control(random)),
                                     CoMoments::from_counts(20'000, treatment(random)), true);
    const auto card = analyse(statistics, ask(Method::fixed, 40'000));
    inside_relative += holds(card.metrics[0].comparisons[0].relative, truth) ? 1 : 0;
    inside_absolute += holds(card.metrics[0].comparisons[0].absolute, 0.05 * truth) ? 1 : 0;
  }
  CHECK(inside_relative / double{kSeeds} == Approx(0.95).margin(allowance(0.95)));
  CHECK(inside_absolute / double{kSeeds} == Approx(0.95).margin(allowance(0.95)));
}

TEST_CASE("95% intervals of a revenue lift hold the truth 95 times in 100") {
  const double truth = 0.05;
  int inside = 0;
  for (int seed = 0; seed < kSeeds; ++seed) {
    std::mt19937_64 random(static_cast<std::uint64_t>(seed) + 1'000'000);
    const auto control = shop(random, 3000, 0.2, 1.0), treatment = shop(random, 3000, 0.2, 1.0 + truth);
    const auto card = analyse(two_arms(control, treatment, false), ask(Method::fixed, 6000));
    inside += holds(card.metrics[0].comparisons[0].relative, truth) ? 1 : 0;
  }
  CHECK(inside / double{kSeeds} == Approx(0.95).margin(allowance(0.95)));
}

TEST_CASE("an always-valid interval holds the truth at all 20 looks at once in at least 95 of 100 runs") {
  const double truth = -0.1;
  int always_inside = 0, read_a_lift = 0;
  for (int seed = 0; seed < kSeeds; ++seed) {
    std::mt19937_64 random(static_cast<std::uint64_t>(seed) + 2'000'000);
    std::binomial_distribution<std::int64_t> control(1000, 0.05), treatment(1000, 0.05 * (1 + truth));
    auto c = CoMoments(1), t = CoMoments(1);
    bool inside = true;
    for (int look = 0; look < 20; ++look) {
      c.merge(CoMoments::from_counts(1000, control(random)));
      t.merge(CoMoments::from_counts(1000, treatment(random)));
      const auto card = analyse(two_arms(c, t, true), ask(Method::always_valid, 40'000));
      const auto& comparison = card.metrics[0].comparisons[0];
      inside = inside && holds(comparison.relative, truth);
      if (look == 19) read_a_lift += comparison.relative.lower.has_value() ? 1 : 0;
    }
    always_inside += inside ? 1 : 0;
  }
  CHECK(always_inside / double{kSeeds} >= 0.95 - allowance(0.95));
  CHECK(read_a_lift ==
        kSeeds);  // the burn-in is long over: an interval that is never there would always hold
}
