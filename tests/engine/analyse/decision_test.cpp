// Alpha, readings, verdicts, epochs, horizons: the rules of measurement, each with where its number comes
// from.

#include <cmath>

#include <catch2/catch.hpp>

#include "engine/analyse/analyse.hpp"
#include "engine/analyse/comparison.hpp"
#include "engine/analyse/verdict.hpp"
#include "engine/definition/error.hpp"

namespace {

using namespace liftmark;
using stats::CoMoments;

constexpr std::int64_t kDay = 86'400'000'000;

struct ArmCount {
  int epoch;
  std::size_t arm;
  std::int64_t units, successes;
};

Statistics counts(const std::vector<ArmCount>& rows, std::size_t arms = 2) {
  Statistics statistics;
  statistics.arms.resize(arms);
  MetricStatistics metric;
  metric.metric = "m";
  metric.layout.binary = true;
  for (std::size_t i = 0; i < arms; ++i)
    statistics.arms[i].key = i == 0 ? "control" : "t" + std::to_string(i);
  statistics.arms[0].control = true;
  for (const auto& row : rows) {
    Cell cell;
    cell.epoch = row.epoch;
    cell.arm = row.arm;
    cell.history = CoMoments::from_counts(row.units, row.successes);
    metric.cells.push_back(cell);
    statistics.arms[row.arm].units += row.units;
    statistics.arms[row.arm].units_by_epoch[row.epoch] += row.units;
  }
  statistics.metrics.push_back(metric);
  return statistics;
}

Analysis ask(Plan plan, Direction direction = Direction::increase) {
  Analysis analysis;
  Metric metric;
  metric.key = "m";
  metric.kind = MetricKind::proportion;
  metric.direction = direction;
  analysis.metrics = {metric};
  analysis.plan = std::move(plan);
  analysis.seen_once = true;
  return analysis;
}

Plan primary_plan(Method method = Method::fixed) {
  Plan plan;
  plan.primary = {"m"};
  plan.method = method;
  return plan;
}

Plan guardrail_plan(double margin) {
  Plan plan;
  plan.guardrails.push_back({"m", margin});
  plan.method = Method::fixed;
  return plan;
}

const Comparison& first(const Scorecard& card) {
  return card.metrics.at(0).comparisons.at(0);
}

}  // namespace

TEST_CASE("changing shares do not make an effect out of a falling rate") {
  // MEASUREMENT "Epochs": 90/10 then 50/50 while conversion falls from 5% to 4%: pooled, -10.3% with no
  // effect.
  const auto statistics =
      counts({{1, 0, 90'000, 4'500}, {1, 1, 10'000, 500}, {2, 0, 50'000, 2'000}, {2, 1, 50'000, 2'000}});
  const double pooled_lift = (2'500.0 / 60'000) / (6'500.0 / 140'000) - 1;
  CHECK(pooled_lift == Approx(-0.103).margin(0.0005));
  const auto card = analyse(statistics, ask(primary_plan()));
  CHECK(*first(card).relative.estimate == Approx(0.0).margin(1e-12));
  CHECK(first(card).reading == "No clear change");
  // w = 1/2, 1/2: both arms (5% + 4%) / 2.
  CHECK(*card.metrics[0].arms[0].value == Approx(0.045));
  CHECK(*card.metrics[0].arms[1].value == Approx(0.045));
}

TEST_CASE("readings follow the interval and the metric's good side") {
  const auto up = counts({{1, 0, 10'000, 500}, {1, 1, 10'000, 700}});
  CHECK(first(analyse(up, ask(primary_plan()))).reading == "Better");
  CHECK(first(analyse(up, ask(primary_plan(), Direction::decrease))).reading == "Worse");
  CHECK(analyse(up, ask(primary_plan())).verdict.word == "Ship");
  CHECK(analyse(up, ask(primary_plan(), Direction::decrease)).verdict.word == "Stop");
  const auto same = counts({{1, 0, 10'000, 500}, {1, 1, 10'000, 510}});
  CHECK(first(analyse(same, ask(primary_plan()))).reading == "No clear change");
  CHECK(analyse(same, ask(primary_plan())).verdict.variants[0].because == "horizon_reached");
}

TEST_CASE("guardrails are judged against their margin") {
  const auto same = counts({{1, 0, 100'000, 50'000}, {1, 1, 100'000, 50'000}});
  const auto few = counts({{1, 0, 300, 150}, {1, 1, 300, 150}});
  const auto worse = counts({{1, 0, 100'000, 50'000}, {1, 1, 100'000, 45'000}});
  CHECK(first(analyse(same, ask(guardrail_plan(0.02)))).reading == "Within margin");
  CHECK(first(analyse(few, ask(guardrail_plan(0.02)))).reading == "Not yet settled");
  CHECK(first(analyse(worse, ask(guardrail_plan(0.02)))).reading == "Breached");
  CHECK(first(analyse(worse, ask(guardrail_plan(0.02), Direction::decrease))).reading == "Within margin");
  CHECK(analyse(worse, ask(guardrail_plan(0.02))).verdict.word == "Stop");
  // Bounds by hand: log ratio 0, standard error sqrt(2 x 0.5 / (100000 x 0.5)) = 0.0044721; lower
  // at 1.644854, upper at 2.326348 standard errors (0.01 over one guardrail and one variant).
  const auto figure = first(analyse(same, ask(guardrail_plan(0.02)))).relative;
  CHECK(*figure.lower == Approx(std::expm1(-1.6448536269514722 * 0.004472135954999579)).epsilon(1e-9));
  CHECK(*figure.upper == Approx(std::expm1(2.3263478740408408 * 0.004472135954999579)).epsilon(1e-9));
}

TEST_CASE("alpha: primaries share 0.05 over variants, secondaries another 0.05") {
  Plan plan = primary_plan();
  plan.guardrails.push_back({"g", 0.02});
  const AlphaAllocation allocation(plan, {"m", "g", "s1", "s2"}, 2);
  CHECK(allocation.role_of("m").alpha == 0.025);
  CHECK(allocation.role_of("s1").alpha == 0.0125);
  CHECK(allocation.role_of("g").alpha == 0.05);
  CHECK(allocation.role_of("g").harm_alpha == 0.005);
  CHECK(allocation.role_of("g").role == Role::guardrail);
}

TEST_CASE("a fixed-horizon plan says nothing before its date") {
  auto statistics = counts({{1, 0, 10'000, 500}, {1, 1, 10'000, 700}});
  statistics.first_exposure = 0;
  statistics.as_of = 20 * kDay;
  auto plan = primary_plan();
  plan.horizon_days = 28;
  auto analysis = ask(plan);
  analysis.seen_once = false;
  const auto early = analyse(statistics, analysis);
  CHECK(early.verdict.word == "Keep running");
  CHECK(early.verdict.not_until == 28 * kDay);
  CHECK(early.verdict.days_to_go == 8);
  CHECK(first(early).reading == "Not until horizon");
  statistics.as_of = 28 * kDay;
  CHECK(analyse(statistics, analysis).verdict.word == "Ship");
}

TEST_CASE("before the minimum of whole weeks the verdict waits, but harm does not") {
  auto statistics = counts({{1, 0, 100'000, 5'000}, {1, 1, 100'000, 5'600}});
  statistics.first_exposure = 0;
  statistics.as_of = 13 * kDay;
  auto plan = primary_plan(Method::always_valid);
  plan.planned_units = 200'000;
  auto analysis = ask(plan);
  analysis.seen_once = false;
  CHECK(analyse(statistics, analysis).verdict.variants[0].because == "before_min_days");
  statistics.as_of = 14 * kDay;
  CHECK(analyse(statistics, analysis).verdict.word == "Ship");
  auto harm = counts({{1, 0, 100'000, 5'600}, {1, 1, 100'000, 5'000}});
  harm.first_exposure = 0;
  harm.as_of = 3 * kDay;
  CHECK(analyse(harm, analysis).verdict.word == "Stop");
}

TEST_CASE("rules are data: the first step that applies decides") {
  VariantState state;
  state.arm = "t";
  state.primaries = {"a", "b"};
  state.primaries_better = {"a"};
  const auto& any = *find_rule("clear_win_no_harm");
  const auto& all = *find_rule("all_primaries");
  CHECK(decide(any, state).word == "Ship");
  CHECK(decide(all, state).word == "Keep running");
  state.guardrails = {"g"};
  CHECK(decide(any, state).word == "Keep running");  // a guardrail that is not settled
  state.primaries_worse = {"b"};
  CHECK(decide(any, state).because == "primary_worse");
  state.sample_ratio_failed = true;
  CHECK(decide(any, state).because == "sample_ratio_failed");
  CHECK(find_rule("none") == nullptr);
  auto plan = primary_plan();
  plan.rule = "none";
  CHECK_THROWS_AS(analyse(counts({{1, 0, 100, 50}, {1, 1, 100, 50}}), ask(plan)), Error);
}

TEST_CASE("an arm without units is a reason, not a number") {
  const auto card = analyse(counts({{1, 0, 100, 50}, {1, 1, 0, 0}}), ask(primary_plan()));
  CHECK(first(card).reason == "too_few_units");
  CHECK(first(card).reading.empty());
  CHECK_FALSE(first(card).relative.estimate);
  CHECK_FALSE(card.metrics[0].arms[1].value);
}
