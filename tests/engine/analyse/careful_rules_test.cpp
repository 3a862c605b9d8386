// What must not decide: metrics that were not measured, ratios whose denominator moved, units that are not
// mature, one control of two, few counts. Each number is worked out beside its check.

#include <cmath>

#include <catch2/catch.hpp>

#include "engine/analyse/analyse.hpp"
#include "engine/analyse/comparison.hpp"
#include "stats/confidence_sequence.hpp"

namespace {

using namespace liftmark;
using stats::CoMoments;

constexpr std::int64_t kDay = 86'400'000'000;

Cell cell_of(std::size_t arm, CoMoments units, int epoch = 1) {
  Cell cell;
  cell.epoch = epoch;
  cell.arm = arm;
  cell.history = std::move(units);
  return cell;
}

/// Arms "c", "t1", "t2" ..; the first `controls` are controls.
Statistics arms(const std::vector<std::int64_t>& units, std::size_t controls = 1) {
  Statistics statistics;
  for (std::size_t i = 0; i < units.size(); ++i) {
    ArmCounts arm;
    arm.key = i < controls ? "c" + std::to_string(i) : "t" + std::to_string(i - controls + 1);
    arm.control = i < controls;
    arm.units = units[i];
    arm.units_by_epoch[1] = units[i];
    statistics.arms.push_back(arm);
  }
  return statistics;
}

void add_counts(Statistics& statistics, const std::string& key,
                const std::vector<std::pair<std::int64_t, std::int64_t>>& rows) {
  MetricStatistics metric;
  metric.metric = key;
  metric.layout.binary = true;
  for (std::size_t i = 0; i < rows.size(); ++i)
    metric.cells.push_back(cell_of(i, CoMoments::from_counts(rows[i].first, rows[i].second)));
  statistics.metrics.push_back(std::move(metric));
}

Metric definition(const std::string& key, MetricKind kind = MetricKind::proportion) {
  Metric metric;
  metric.key = key;
  metric.kind = kind;
  metric.window_days = 0;
  return metric;
}

Analysis ask(const std::vector<std::string>& keys, Method method = Method::fixed) {
  Analysis analysis;
  for (const auto& key : keys) analysis.metrics.push_back(definition(key));
  analysis.plan.primary = {keys.front()};
  analysis.plan.method = method;
  analysis.seen_once = method == Method::fixed;
  return analysis;
}

const Comparison& first(const Scorecard& card, std::size_t metric = 0) {
  return card.metrics.at(metric).comparisons.at(0);
}

const Check& check(const Scorecard& card, const std::string& kind) {
  for (const auto& one : card.checks)
    if (one.kind == kind) return one;
  throw std::logic_error("no check " + kind);
}

const PlanRow& row(const Scorecard& card, const std::string& item) {
  for (const auto& one : card.plan_against_run)
    if (one.item == item) return one;
  throw std::logic_error("no row " + item);
}

/// Units with a 0/1 value each and a covariate of 3 for every `third` unit, 0 else.
MetricStatistics with_covariate(const std::vector<std::pair<int, int>>& rows, int third) {
  MetricStatistics metric;
  metric.metric = "m";
  metric.layout = {.ratio = false, .covariates = 1, .binary = true};
  for (std::size_t arm = 0; arm < rows.size(); ++arm) {
    CoMoments units(2);
    for (int i = 0; i < rows[arm].first; ++i)
      units.add(
          std::vector<double>{i < rows[arm].second ? 1.0 : 0.0, third > 0 && i % third == 0 ? 3.0 : 0.0});
    metric.cells.push_back(cell_of(arm, units));
  }
  return metric;
}

/// A ratio of `numerator` over `denominator` per unit, both scattered a little.
MetricStatistics ratio(const std::string& key, const std::vector<std::pair<double, double>>& rows) {
  MetricStatistics metric;
  metric.metric = key;
  metric.layout.ratio = true;
  for (std::size_t arm = 0; arm < rows.size(); ++arm) {
    CoMoments units(2);
    for (int i = 0; i < 1000; ++i)
      units.add(std::vector<double>{rows[arm].first + 0.01 * (i % 5), rows[arm].second + 0.01 * (i % 3)});
    metric.cells.push_back(cell_of(arm, units));
  }
  return metric;
}

}  // namespace

TEST_CASE("a guardrail that was not measured ships nothing and is named") {
  auto data = arms({10'000, 10'000});
  add_counts(data, "m", {{10'000, 500}, {10'000, 700}});
  auto analysis = ask({"m"});
  CHECK(analyse(data, analysis).verdict.word == "Ship");
  analysis.plan.guardrails.push_back({"latency", 0.02});
  const auto verdict = analyse(data, analysis).verdict;
  CHECK(verdict.word == "No decision");
  CHECK(verdict.variants[0].because == "metric_not_measured");
  CHECK(verdict.variants[0].metrics == std::vector<std::string>{"latency"});
  analysis.plan.guardrails.clear();
  analysis.plan.primary.push_back("revenue");
  CHECK(analyse(data, analysis).verdict.variants[0].because == "metric_not_measured");
  // Harm is harm, whatever else was not measured.
  auto harm = arms({10'000, 10'000});
  add_counts(harm, "m", {{10'000, 700}, {10'000, 500}});
  CHECK(analyse(harm, analysis).verdict.word == "Stop");
}

TEST_CASE("planned secondaries share alpha whether or not they were measured") {
  Plan plan;
  plan.primary = {"m"};
  plan.secondary = {"s1", "s2", "s3"};
  // 0.05 over three planned and one that the plan does not name; s2 and s3 were not measured.
  CHECK(AlphaAllocation(plan, {"m", "s1", "other"}, 1).role_of("s1").alpha == Approx(0.05 / 4));
}

TEST_CASE("planned units are mature units of two compared arms") {
  auto analysis = ask({"m"}, Method::always_valid);
  analysis.plan.planned_units = 6'000;
  const auto run = [&](std::int64_t exposed, std::int64_t mature) {
    auto data = arms({exposed, exposed, exposed});
    add_counts(data, "m", {{mature, mature / 10}, {mature, mature / 10}, {mature, mature / 10}});
    data.first_exposure = 0;
    data.as_of = 20 * kDay;
    return analyse(data, analysis);
  };
  // Three arms of 2,000 are 6,000 units, but any two compared arms hold 4,000.
  CHECK(run(2'000, 2'000).verdict.variants[0].because == "not_settled");
  CHECK(row(run(2'000, 2'000), "planned_units").actual == "4000");
  CHECK_FALSE(row(run(2'000, 2'000), "planned_units").kept);
  CHECK(run(3'000, 3'000).verdict.variants[0].because == "horizon_reached");
  CHECK(row(run(3'000, 3'000), "planned_units").kept);
  // Exposed, but no window is over.
  CHECK(run(3'000, 0).verdict.variants[0].because == "not_settled");
  analysis.plan.rule = "do_no_harm";
  CHECK(run(3'000, 300).verdict.word == "Keep running");
}

TEST_CASE("few counts are read by Miettinen and Nurminen, with or without covariates") {
  // 3 of 200 against 12 of 200: z = 0.045 / sqrt(0.0375 x 0.9625 x (2/200) x 400/399) = 2.36566.
  const double z = 0.045 / std::sqrt(0.0375 * 0.9625 * 0.01 * 400 / 399);
  for (const int third : {0, 3}) {  // nobody with history; a third of the units with one
    auto data = arms({200, 200});
    data.metrics.push_back(with_covariate({{200, 3}, {200, 12}}, third));
    const auto card = analyse(data, ask({"m"}));
    CHECK(*first(card).p_value == Approx(std::erfc(z / std::sqrt(2.0))).epsilon(1e-6));
    CHECK(first(card).reading == "Better");
    CHECK_FALSE(first(card).variance_reduction);
    CHECK_FALSE(card.metrics[0].arms[0].adjusted_value);
    CHECK(card.metrics[0].sensitivities.empty());
    auto none = arms({200, 200});
    none.metrics.push_back(with_covariate({{200, 12}, {200, 0}}, third));
    const auto worse = analyse(none, ask({"m"}));
    const double far = 0.06 / std::sqrt(0.03 * 0.97 * 0.01 * 400 / 399);
    CHECK(first(worse).reading == "Worse");
    CHECK(*first(worse).p_value == Approx(std::erfc(far / std::sqrt(2.0))).epsilon(1e-6));
  }
  // With 20 and more in every cell the covariate adjusts.
  auto many = arms({400, 400});
  many.metrics.push_back(with_covariate({{400, 40}, {400, 60}}, 3));
  CHECK(first(analyse(many, ask({"m"}))).variance_reduction);
}

TEST_CASE("a bayesian proportion is Beta(1, 1), with or without covariates") {
  for (const int third : {0, 3}) {
    auto data = arms({50, 50});
    data.metrics.push_back(with_covariate({{50, 4}, {50, 1}}, third));
    auto analysis = ask({"m"}, Method::bayesian);
    analysis.seen_once = true;
    const auto card = analyse(data, analysis);
    // Posterior means 5/52 and 2/52; variance of the log 1/5 - 1/52 + 1/2 - 1/52.
    const double error = std::sqrt(0.7 - 2.0 / 52);
    CHECK(*first(card).relative.estimate == Approx(-0.6));
    CHECK(*first(card).relative.upper ==
          Approx(std::exp(std::log(0.4) + 1.959963984540054 * error) - 1).epsilon(1e-9));
    CHECK(first(card).reading == "No clear change");
    CHECK_FALSE(first(card).variance_reduction);
  }
}

TEST_CASE("units of an epoch that no catalog knows fail the sample ratio") {
  auto data = arms({1'800, 200});
  add_counts(data, "m", {{1'800, 180}, {200, 60}});
  data.expected_shares[1] = {0.5, 0.5};
  for (auto& arm : data.arms) arm.units_by_epoch = {{2, arm.units}};
  const auto card = analyse(data, ask({"m"}));
  CHECK(check(card, "sample_ratio").status == "failed");
  CHECK(check(card, "sample_ratio").note == "epoch_without_shares");
  CHECK(check(card, "sample_ratio").places.at(0).group == "2");
  CHECK(card.verdict.withheld);
  CHECK(first(card).reading == "Withheld");
}

TEST_CASE("a failed split is localised with each epoch's own shares") {
  auto data = arms({0, 0});
  data.arms[0].units_by_epoch = {{1, 900}, {2, 1'300}};
  data.arms[1].units_by_epoch = {{1, 100}, {2, 700}};
  data.arms[0].units = 2'200;
  data.arms[1].units = 800;
  data.expected_shares = {{1, {0.9, 0.1}}, {2, {0.5, 0.5}}};
  // DE came in epoch 1, split as planned; FR in epoch 2: 1300/700 instead of 1000/1000, chi-square 180.
  data.splits = {{"country", "DE", {900, 100}, 1},
                 {"country", "FR", {0, 0}, 1},
                 {"country", "DE", {0, 0}, 2},
                 {"country", "FR", {1'300, 700}, 2}};
  add_counts(data, "m", {{2'200, 220}, {800, 80}});
  const auto places = check(analyse(data, ask({"m"})), "sample_ratio").places;
  REQUIRE(places.size() == 2);
  CHECK(places[0].group == "FR");
  // Chi-square with one degree of freedom is a squared normal; Holm doubles the smaller of two.
  CHECK(*places[0].p_value == Approx(2 * std::erfc(std::sqrt(180.0 / 2))).epsilon(1e-6));
  CHECK(*places[1].p_value == Approx(1.0));
}

TEST_CASE("a denominator is tested under every method") {
  for (const auto method : {Method::fixed, Method::always_valid, Method::bayesian, Method::betting}) {
    auto data = arms({1'000, 1'000});
    data.metrics.push_back(ratio("ctr", {{1.0, 3.0}, {1.8, 4.5}}));
    auto analysis = ask({"ctr"}, method);
    analysis.metrics = {definition("ctr", MetricKind::ratio)};
    analysis.seen_once = true;
    analysis.plan.planned_units = 2'000;
    const auto card = analyse(data, analysis);
    CHECK(card.metrics[0].grade_note == "denominator_moved");
    CHECK(card.verdict.word != "Ship");
  }
}

TEST_CASE("a guardrail that is not decision-grade is read as it stands, and marked") {
  auto data = arms({1'000, 1'000});
  add_counts(data, "m", {{1'000, 300}, {1'000, 500}});
  data.metrics.push_back(ratio("aov", {{10.0, 1.0}, {17.2, 1.7}}));
  auto analysis = ask({"m"});
  analysis.metrics.push_back(definition("aov", MetricKind::ratio));
  analysis.plan.guardrails.push_back({"aov", 0.02});
  const auto card = analyse(data, analysis);
  CHECK(first(card, 1).reading == "Within margin");
  CHECK_FALSE(card.metrics[1].decision_grade);
  CHECK(card.metrics[1].grade_note == "denominator_moved");
  // MEASUREMENT "Verdict": at least one primary better and every guardrail within its margin.
  CHECK(card.verdict.word == "Ship");
}

TEST_CASE("a variant ships when it is better than every control it is compared with") {
  const auto run = [](std::int64_t best, std::int64_t variant) {
    auto data = arms({5'000, 5'000, 5'000}, 2);  // c0: nothing recommended, c1: the best known list
    add_counts(data, "m", {{5'000, 500}, {5'000, best}, {5'000, variant}});
    auto analysis = ask({"m"});
    analysis.plan.against = {"c0", "c1"};
    return analyse(data, analysis);
  };
  CHECK(run(600, 900).verdict.word == "Ship");
  const auto one = run(880, 900);
  CHECK(first(one).reading == "Better");
  CHECK(one.metrics[0].comparisons[1].reading == "No clear change");
  CHECK(one.verdict.word == "No decision");
  CHECK(run(1'200, 900).verdict.word == "Stop");
}

TEST_CASE("means and variances alone cannot say when burn-in is over") {
  auto data = arms({400, 400});
  MetricStatistics metric;
  metric.metric = "m";
  metric.layout.third = false;
  for (std::size_t arm = 0; arm < 2; ++arm)
    metric.cells.push_back(cell_of(arm, CoMoments::from_mean_variance(400, arm == 0 ? 1.0 : 2.0, 4.0)));
  data.metrics.push_back(metric);
  auto analysis = ask({"m"}, Method::always_valid);
  analysis.metrics = {definition("m", MetricKind::mean)};
  analysis.seen_once = true;
  analysis.plan.planned_units = 800;
  const auto card = analyse(data, analysis);
  CHECK(first(card).reason == "needs_unit_values");
  CHECK(first(card).reading.empty());
  CHECK_FALSE(first(card).p_value);
  CHECK_FALSE(card.metrics[0].arms[0].distribution.skewness);
  CHECK(check(card, "distribution").status == "not_run");
  // One look at a fixed size needs no skewness.
  analysis.plan.method = Method::fixed;
  CHECK(first(analyse(data, analysis)).reading == "Better");
}

TEST_CASE("the plan's sequence is the one that the statistics test") {
  auto data = arms({3'000, 3'000});
  add_counts(data, "m", {{3'000, 300}, {3'000, 360}});
  auto analysis = ask({"m"}, Method::always_valid);
  analysis.seen_once = true;
  analysis.plan.planned_units = 8'000;
  const auto card = analyse(data, analysis);
  // Log scale by hand: own variance q / (n p) by arm, pooled one with p = 0.11.
  const double own = std::sqrt(0.9 / 300 + 0.88 / 360), pooled = std::sqrt(0.89 / 0.11 * 2 / 3'000);
  const auto expected = stats::confidence_sequence({.estimate = std::log(1.2),
                                                    .own_standard_error = own,
                                                    .pooled_standard_error = pooled,
                                                    .n = 6'000,
                                                    .smallest_arm_n = 3'000,
                                                    .smallest_cell = 300},
                                                   {.planned_n = 8'000, .alpha = 0.05});
  CHECK(*first(card).relative.lower == Approx(std::expm1(*expected.interval->lower)).epsilon(1e-9));
  CHECK(*first(card).relative.upper == Approx(std::expm1(*expected.interval->upper)).epsilon(1e-9));
  CHECK(*first(card).p_value == Approx(*expected.p_value).epsilon(1e-9));
}

TEST_CASE("a mixture without a planned effect carries the name of what stands in, guardrails too") {
  auto data = arms({3'000, 3'000});
  add_counts(data, "m", {{3'000, 300}, {3'000, 360}});
  add_counts(data, "g", {{3'000, 1'500}, {3'000, 1'500}});
  auto analysis = ask({"m", "g"}, Method::mixture_sprt);
  analysis.seen_once = true;
  analysis.plan.guardrails.push_back({"g", 0.1});
  analysis.plan.planned_units = 6'000;
  const auto without = analyse(data, analysis);
  CHECK(first(without).method == "asymptotic_confidence_sequence");
  CHECK_FALSE(row(without, "method_g").kept);
  analysis.plan.mde = 0.1;
  const auto with = analyse(data, analysis);
  CHECK(first(with, 1).method == "mixture_sprt");
  // Its lower bound: x = (log 1.1 / error)^2, error of equal halves sqrt(2 / 3000).
  const double error = std::sqrt(2.0 / 3'000), ratio = std::log(1.1) / error;
  CHECK(*first(with, 1).relative.lower ==
        Approx(std::expm1(-error *
                          stats::sequence_critical_value(ratio * ratio, 0.05, stats::SequenceSide::lower)))
            .epsilon(1e-9));
}

TEST_CASE("a line over time starts on the day its first units are known, by the plan's method") {
  auto data = arms({3'000, 3'000});
  add_counts(data, "m", {{3'000, 300}, {3'000, 450}});
  for (int day = 1; day <= 3; ++day)
    data.metrics[0].by_day.push_back({.day = day,
                                      .cells = {cell_of(0, CoMoments::from_counts(1'000, 100)),
                                                cell_of(1, CoMoments::from_counts(1'000, 150))}});
  data.expected_shares[1] = {0.5, 0.5};
  data.first_exposure = 0;
  data.as_of = 40 * kDay;
  for (const auto method : {Method::always_valid, Method::mixture_sprt, Method::exact_counts}) {
    auto analysis = ask({"m"}, method);
    analysis.metrics[0].window_days = 14;
    analysis.metrics[0].settle_days = 1;
    analysis.plan.planned_units = 6'000;
    analysis.plan.mde = 0.2;
    const auto card = analyse(data, analysis);
    const auto& line = card.metrics[0].timelines.at(0);
    // Units of day 1 are mature 15 days later.
    CHECK(line.points.at(0).day == 16);
    CHECK(line.points.at(0).at == 15 * kDay);
    CHECK(line.points.at(2).relative == first(card).relative);
    REQUIRE(line.first_clear_day);
    CHECK(*line.first_clear_day >= 16);
  }
}

TEST_CASE("the parts of a sum wait for burn-in and have the headline's error") {
  const auto run = [](int units) {
    auto data = arms({units, units});
    MetricStatistics metric;
    metric.metric = "revenue";
    for (std::size_t arm = 0; arm < 2; ++arm) {
      CoMoments net(1), parts(4);
      for (int i = 0; i < units; ++i) {
        const double bought = i % 2, orders = bought * (1 + i % 3), gross = orders * (arm == 0 ? 10.0 : 12.0);
        net.add(gross);
        parts.add(std::vector<double>{bought, orders, gross, gross});
      }
      metric.cells.push_back(cell_of(arm, net));
      metric.factors.push_back(cell_of(arm, parts));
    }
    data.metrics.push_back(metric);
    auto analysis = ask({"revenue"}, Method::always_valid);
    analysis.metrics = {definition("revenue", MetricKind::mean)};
    analysis.seen_once = true;
    analysis.plan.planned_units = 2 * units;
    return analyse(data, analysis);
  };
  const auto early = run(60);
  CHECK(first(early).reason == "burn_in");
  CHECK(early.decompositions.at(0).total.reason == "burn_in");
  CHECK_FALSE(early.decompositions[0].parts.at(0).figure.lower);
  const auto late = run(1'200);
  const auto& total = late.decompositions.at(0).total;
  // The total is the headline on the log scale: the larger of both errors and the sequence's bounds.
  CHECK(*total.standard_error == Approx(*first(late).relative.standard_error).epsilon(1e-9));
  CHECK(std::expm1(*total.lower) == Approx(*first(late).relative.lower).epsilon(1e-9));
}
