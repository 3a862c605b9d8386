// Segments: heterogeneity first, rows after. Corrections: adjusted p-values beside the readings.

#include <cmath>

#include <catch2/catch.hpp>

#include "engine/analyse/analyse.hpp"
#include "engine/analyse/correction.hpp"

namespace {

using namespace liftmark;
using stats::CoMoments;

struct Row {
  const char* group;
  std::int64_t control, treatment;  ///< successes of 10,000
};

constexpr std::int64_t kUnits = 10'000;

Statistics shop(const std::vector<Row>& rows) {
  Statistics statistics;
  statistics.arms.resize(2);
  statistics.arms[0] = {.key = "control", .control = true, .units_by_epoch = {}};
  statistics.arms[1] = {.key = "t", .units_by_epoch = {}};
  MetricStatistics metric;
  metric.metric = "m";
  metric.layout.binary = true;
  const auto cell = [](std::size_t arm, std::int64_t successes) {
    Cell made;
    made.arm = arm;
    made.history = CoMoments::from_counts(kUnits, successes);
    return made;
  };
  for (const auto& row : rows) {
    const std::vector<Cell> cells{cell(0, row.control), cell(1, row.treatment)};
    metric.groups.push_back({.dimension = "country", .group = row.group, .cells = cells});
    metric.cells.insert(metric.cells.end(), cells.begin(), cells.end());
  }
  statistics.metrics.push_back(std::move(metric));
  return statistics;
}

Analysis ask(Method method) {
  Analysis analysis;
  Metric metric;
  metric.key = "m";
  metric.kind = MetricKind::proportion;
  analysis.metrics = {metric};
  analysis.plan.primary = {"m"};
  analysis.plan.method = method;
  analysis.plan.planned_units = 60'000;
  analysis.seen_once = true;
  return analysis;
}

/// Cochran's Q of log ratios with these variances.
double cochran(const std::vector<double>& effects, const std::vector<double>& variances) {
  double weight = 0, sum = 0, q = 0;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    weight += 1 / variances[i];
    sum += effects[i] / variances[i];
  }
  for (std::size_t i = 0; i < effects.size(); ++i)
    q += (effects[i] - sum / weight) * (effects[i] - sum / weight) / variances[i];
  return q;
}

const std::vector<Row> kDifferent{{"at", 500, 650}, {"de", 500, 500}, {"ch", 500, 380}};
const std::vector<Row> kAlike{{"at", 500, 560}, {"de", 510, 570}, {"ch", 490, 545}};

}  // namespace

TEST_CASE("heterogeneity under a fixed plan: Cochran's Q of Katz' log ratios") {
  std::vector<double> effects, variances;
  for (const auto& row : kDifferent) {
    effects.push_back(std::log(static_cast<double>(row.treatment) / static_cast<double>(row.control)));
    variances.push_back(1 / static_cast<double>(row.treatment) + 1 / static_cast<double>(row.control) -
                        2.0 / kUnits);
  }
  const double q = cochran(effects, variances);
  const auto card = analyse(shop(kDifferent), ask(Method::fixed));
  const auto& table = card.segments.at(0);
  // Upper tail of chi-square with two degrees of freedom: exp(-Q / 2).
  CHECK(*table.heterogeneity_p_value == Approx(std::exp(-q / 2)).epsilon(1e-6));
  CHECK(*table.i_squared == Approx((q - 2) / q).epsilon(1e-6));
  CHECK(table.differs);
  CHECK(table.rows[0].comparisons[0].reading == "Better");
  CHECK(table.rows[2].comparisons[0].reading == "Worse");
  // Pulled towards the others, not beyond them.
  CHECK(*table.rows[0].shrunken->estimate < 0.3);
  CHECK(*table.rows[0].shrunken->estimate > 0.15);
  CHECK(*table.rows[2].shrunken->estimate > -0.24);
}

TEST_CASE("heterogeneity under an always-valid plan: the closed form of MEASUREMENT") {
  std::vector<double> effects, variances;
  for (const auto& row : kDifferent) {
    const auto c = static_cast<double>(row.control), t = static_cast<double>(row.treatment), n = 1.0 * kUnits;
    effects.push_back(std::log(t / c));
    const double own = 1 / t + 1 / c - 2 / n, p = (c + t) / (2 * n);
    variances.push_back(std::max(own, (1 - p) / p * 2 / n));  // the larger of both standard errors
  }
  const double q = cochran(effects, variances);
  // n is the planned n: w = n rho^2 + 1 solves w - log w = 1 - 2 log(0.05); bisection.
  double low = 2, high = 30;
  for (int i = 0; i < 200; ++i) {
    const double w = (low + high) / 2;
    (w - std::log(w) < 1 - 2 * std::log(0.05) ? low : high) = w;
  }
  const double x = low - 1;
  const auto card = analyse(shop(kDifferent), ask(Method::always_valid));
  CHECK(*card.segments.at(0).heterogeneity_p_value ==
        Approx((1 + x) * std::exp(-x * q / (2 * (1 + x)))).epsilon(1e-4));
  CHECK(card.segments[0].differs);
}

TEST_CASE("rows of groups that do not differ keep their figures and lose their readings") {
  const auto card = analyse(shop(kAlike), ask(Method::fixed));
  const auto& table = card.segments.at(0);
  CHECK_FALSE(table.differs);
  for (const auto& row : table.rows) {
    CHECK(row.comparisons[0].relative.lower);
    CHECK(row.comparisons[0].reading.empty());
  }
}

TEST_CASE("adjusted p-values: families by role, worked by hand") {
  std::vector<MetricResult> metrics(4);
  const double p[] = {0.01, 0.04, 0.03, 0.02};
  for (std::size_t i = 0; i < 4; ++i) {
    metrics[i].role = i < 3 ? "primary" : "secondary";
    metrics[i].comparisons.resize(1);
    metrics[i].comparisons[0].p_value = p[i];
  }
  const auto adjusted = [&](Correction correction, std::size_t i) {
    add_adjusted_p_values(correction, metrics);
    return *metrics[i].comparisons[0].adjusted_p_value;
  };
  // Sorted 0.01, 0.03, 0.04. Holm: 3 x 0.01; max(that, 2 x 0.03); max(that, 0.04).
  CHECK(adjusted(Correction::holm, 0) == Approx(0.03));
  CHECK(adjusted(Correction::holm, 2) == Approx(0.06));
  CHECK(adjusted(Correction::holm, 1) == Approx(0.06));
  CHECK(adjusted(Correction::holm, 3) == Approx(0.02));  // alone in its family
  // Hochberg: from the largest: 0.04, min(that, 2 x 0.03), min(that, 3 x 0.01).
  CHECK(adjusted(Correction::hochberg, 2) == Approx(0.04));
  CHECK(adjusted(Correction::hochberg, 0) == Approx(0.03));
  // Benjamini-Hochberg: 3/2 x 0.03 = 0.045 falls to 0.04; Benjamini-Yekutieli: times 1 + 1/2 + 1/3.
  CHECK(adjusted(Correction::benjamini_hochberg, 2) == Approx(0.04));
  CHECK(adjusted(Correction::benjamini_hochberg, 0) == Approx(0.03));
  CHECK(adjusted(Correction::benjamini_yekutieli, 0) == Approx(0.03 * 11 / 6));
}

TEST_CASE("Dunnett's adjusted p-values: one variant alone is unadjusted, two cost less than Bonferroni") {
  MetricResult metric;
  metric.role = "primary";
  for (const char* arm : {"c", "a", "b"}) {
    metric.arms.emplace_back().arm = arm;
    metric.arms.back().units = 1000;
  }
  Comparison one;
  one.against = "c";
  one.arm = "a";
  // Two-sided Dunnett, known variance, two equal treatments: critical value 2.212 at 0.05 (Dunnett 1964,
  // table II, infinite degrees of freedom: 2.21), whose two-sided normal p is 0.026966.
  one.p_value = 0.026966;
  metric.comparisons = {one};
  std::vector<MetricResult> metrics{metric};
  add_adjusted_p_values(Correction::dunnett, metrics);
  CHECK(*metrics[0].comparisons[0].adjusted_p_value == Approx(0.026966).epsilon(1e-4));
  auto two = one;
  two.arm = "b";
  two.p_value = 0.5;
  metrics[0].comparisons = {one, two};
  add_adjusted_p_values(Correction::dunnett, metrics);
  CHECK(*metrics[0].comparisons[0].adjusted_p_value == Approx(0.05).epsilon(0.01));
}
