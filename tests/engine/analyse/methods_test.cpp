// Each method of a plan runs as itself or says why not: never another one in silence.

#include "engine/analyse/methods.hpp"

#include <cmath>

#include <catch2/catch.hpp>

#include "engine/analyse/analyse.hpp"
#include "engine/definition/error.hpp"

namespace {

using namespace liftmark;
using stats::CoMoments;

constexpr std::int64_t kDay = 86'400'000'000;

struct Arms {
  std::int64_t control_units, control_successes, treatment_units, treatment_successes;
};

Cell cell_of(std::size_t arm, std::int64_t units, std::int64_t successes) {
  Cell cell;
  cell.arm = arm;
  cell.history = CoMoments::from_counts(units, successes);
  return cell;
}

/// The same counts on each of `days` days.
Statistics shop(const Arms& daily, int days) {
  Statistics statistics;
  statistics.arms.resize(2);
  statistics.arms[0].key = "control";
  statistics.arms[0].control = true;
  statistics.arms[1].key = "t";
  statistics.arms[0].units = days * daily.control_units;
  statistics.arms[1].units = days * daily.treatment_units;
  for (auto& arm : statistics.arms) arm.units_by_epoch[1] = arm.units;
  statistics.expected_shares[1] = {1, 1};
  MetricStatistics metric;
  metric.metric = "m";
  metric.layout.binary = true;
  metric.cells = {cell_of(0, days * daily.control_units, days * daily.control_successes),
                  cell_of(1, days * daily.treatment_units, days * daily.treatment_successes)};
  for (int day = 1; day <= days; ++day)
    metric.by_day.push_back({.day = day,
                             .cells = {cell_of(0, daily.control_units, daily.control_successes),
                                       cell_of(1, daily.treatment_units, daily.treatment_successes)}});
  statistics.metrics.push_back(std::move(metric));
  statistics.first_exposure = 0;
  statistics.as_of = days * kDay;
  return statistics;
}

Analysis ask(Method method) {
  Analysis analysis;
  Metric metric;
  metric.key = "m";
  metric.kind = MetricKind::proportion;
  metric.window_days = 0;
  analysis.metrics = {metric};
  analysis.plan.method = method;
  analysis.plan.primary = {"m"};
  analysis.plan.planned_units = 2800;
  return analysis;
}

const Comparison& first(const Scorecard& card) {
  return card.metrics.at(0).comparisons.at(0);
}

/// Half the interval's width on the log scale in standard errors.
double multiplier(const Figure& figure) {
  return (std::log1p(*figure.upper) - std::log1p(*figure.lower)) / 2 / *figure.standard_error;
}

}  // namespace

TEST_CASE("every method of the catalog has its own row") {
  for (const auto method : {Method::always_valid, Method::fixed, Method::group_sequential,
                            Method::mixture_sprt, Method::exact_counts, Method::betting, Method::bayesian}) {
    CHECK(plan_method(method).method == method);
    CHECK(plan_method(method).key == name(method));
  }
}

TEST_CASE("group sequential: O'Brien-Fleming-type boundaries at the looks, read at their cut") {
  auto analysis = ask(Method::group_sequential);
  analysis.plan.look_days = {7, 14};
  const Arms daily{100, 10, 100, 20};
  // rpact 3.3.4 asOF, one-sided 0.025 at information 1/2 and 1 (gs_boundary/lan_demets_of r_seq-007).
  const auto half = analyse(shop(daily, 7), analysis);
  CHECK(multiplier(first(half).relative) == Approx(2.96258804272755).epsilon(1e-6));
  // Katz: sqrt(1/70 - 1/700 + 1/140 - 1/700).
  CHECK(*first(half).relative.standard_error == Approx(std::sqrt(13.0 / 700)).epsilon(1e-9));
  CHECK(first(half).method == "group_sequential");
  CHECK(first(half).reading == "Better");
  CHECK((*first(half).p_value < 0.05) == (*first(half).relative.lower > 0));
  const auto whole = analyse(shop(daily, 14), analysis);
  CHECK(multiplier(first(whole).relative) == Approx(1.96859564632177).epsilon(2e-6));
  // Between the looks the last look is read, not the units that came since.
  const auto between = analyse(shop(daily, 10), analysis);
  CHECK(first(between).relative == first(half).relative);
  CHECK(between.verdict.days_to_go == 4);
  // Before the first look nothing is read.
  const auto early = analyse(shop(daily, 5), analysis);
  CHECK(early.verdict.not_until == 7 * kDay);
  CHECK_FALSE(first(early).relative.lower);
  CHECK(first(early).reading == "Not until horizon");
}

TEST_CASE("group sequential: every spending a plan may name") {
  auto analysis = ask(Method::group_sequential);
  analysis.plan.look_days = {7, 14};
  const auto first_bound = [&](const char* spending, std::optional<double> parameter) {
    analysis.plan.spending = spending;
    analysis.plan.spending_parameter = parameter;
    return multiplier(first(analyse(shop({100, 10, 100, 20}, 7), analysis)).relative);
  };
  // At information 1/2 each side of 0.05 has spent what the function says of 0.025; z is its normal quantile:
  // 0.025 log(1 + (e - 1)/2), 0.025 / 2^2, 0.025 / 2^3, 0.025 (e^2 - 1) / (e^4 - 1).
  CHECK(first_bound("pocock", std::nullopt) == Approx(2.15699921834).epsilon(1e-8));
  CHECK(first_bound("kim_demets", 2.0) == Approx(2.49770547441).epsilon(1e-8));
  CHECK(first_bound("kim_demets", 3.0) == Approx(2.73436878653).epsilon(1e-8));
  CHECK(first_bound("hwang_shih_decani", -4.0) == Approx(2.74996593184).epsilon(1e-8));
}

TEST_CASE("a fixed plan reads the cut of its horizon, whatever the date of the report") {
  auto analysis = ask(Method::fixed);
  analysis.plan.horizon_days = 7;
  const Arms daily{100, 10, 100, 20};
  const auto on_the_day = analyse(shop(daily, 7), analysis), later = analyse(shop(daily, 30), analysis);
  CHECK(first(later).relative == first(on_the_day).relative);
  CHECK(later.metrics[0].arms[0].units == 700);
  CHECK(later.plan_against_run.back().item == "cut");
  // Statistics made as of the date itself hold just what was mature then, and nothing is dropped.
  auto exact = shop(daily, 7);
  exact.metrics[0].without_crossovers = exact.metrics[0].cells;
  analysis.metrics[0].window_days = 2;
  CHECK(analyse(exact, analysis).metrics[0].sensitivities.size() == 1);
  CHECK(analyse(exact, analysis).metrics[0].arms[0].units == 700);
  // A window of two days: only units of the first five days were mature at the horizon.
  analysis.metrics[0].window_days = 2;
  CHECK(analyse(shop(daily, 30), analysis).metrics[0].arms[0].units == 500);
}

TEST_CASE("a measure of a whole arm is read at looks and horizons by its own days") {
  // The same rates as a measure whose days do not merge: every reading and line is that of the plain metric.
  const Arms daily{100, 10, 100, 20};
  const auto measured = [&](int days) {
    auto data = shop(daily, days);
    auto& metric = data.metrics[0];
    metric.measured_on = metric.by_day;
    for (int day = 1; day <= days; ++day)
      metric.measured_until.push_back({day, shop(daily, day).metrics[0].cells});
    for (auto& day : metric.by_day)
      for (auto& cell : day.cells)
        cell.history = CoMoments::from_central(cell.history.n(), {0.0}, {0.0}, {0.0});
    return data;
  };
  auto looks = ask(Method::group_sequential);
  looks.plan.look_days = {7, 14};
  auto horizon = ask(Method::fixed);
  horizon.plan.horizon_days = 7;
  for (const auto& analysis : {looks, horizon}) {
    const auto plain = analyse(shop(daily, 10), analysis), of_arms = analyse(measured(10), analysis);
    CHECK(first(plain).relative.lower);
    CHECK(*first(of_arms).relative.lower == Approx(*first(plain).relative.lower));
    CHECK(*first(of_arms).relative.upper == Approx(*first(plain).relative.upper));
    CHECK(of_arms.metrics[0].arms[0].units == 700);
    REQUIRE(of_arms.metrics[0].timelines.size() == plain.metrics[0].timelines.size());
    for (std::size_t i = 0; i < plain.metrics[0].timelines.size(); ++i) {
      const auto &want = plain.metrics[0].timelines[i], &got = of_arms.metrics[0].timelines[i];
      CHECK(got.kind == want.kind);
      REQUIRE(got.points.size() == want.points.size());
      for (std::size_t day = 0; day < want.points.size(); ++day)
        CHECK(*got.points[day].relative.estimate == Approx(*want.points[day].relative.estimate));
    }
    CHECK(of_arms.power[0].points.size() == plain.power[0].points.size());
    CHECK(*of_arms.power[0].points.back().mde == Approx(*plain.power[0].points.back().mde));
  }
}

TEST_CASE("group sequential refuses by name what it lacks") {
  auto analysis = ask(Method::group_sequential);
  const auto data = shop({100, 10, 100, 20}, 7);
  CHECK_THROWS_WITH(analyse(data, analysis), Catch::Contains("look"));
  analysis.plan.look_days = {7};
  analysis.plan.planned_units.reset();
  CHECK_THROWS_WITH(analyse(data, analysis), Catch::Contains("planned units"));
  analysis.plan.planned_units = 1000;
  analysis.seen_once = true;
  CHECK_THROWS_AS(analyse(data, analysis), Error);
}

TEST_CASE("bayesian: beta posteriors of two rates") {
  // bayes/beta_binomial py_extra-004: 50 and 70 of 1000, Beta(1, 1), mpmath with 40 digits.
  const auto card = analyse(shop({1000, 50, 1000, 70}, 1), ask(Method::bayesian));
  CHECK(*first(card).chance_better == Approx(0.9698531786991795).epsilon(1e-9));
  CHECK(*first(card).expected_loss == Approx(0.00012501146205027604 / (51.0 / 1002)).epsilon(1e-8));
  CHECK_FALSE(first(card).p_value);
  // Posterior means 51/1002 and 71/1002; log variances 1/51 - 1/1002 and 1/71 - 1/1002; 1.959964 of them.
  const double error = std::sqrt(1.0 / 51 + 1.0 / 71 - 2.0 / 1002);
  CHECK(*first(card).relative.lower ==
        Approx(std::expm1(std::log(71.0 / 51) - 1.959963984540054 * error)).epsilon(1e-9));
  CHECK(first(card).reading == "No clear change");
  auto mirrored = ask(Method::bayesian);
  mirrored.metrics[0].direction = Direction::decrease;
  CHECK(*first(analyse(shop({1000, 70, 1000, 50}, 1), mirrored)).chance_better ==
        Approx(0.9698531786991795).epsilon(1e-9));
}

TEST_CASE("bayesian: the plan's normal prior on the relative effect") {
  // bayes/gaussian_effect gb-024, gbstats 0.8.0: prior N(0.02, 0.001), the goal inverse.
  auto analysis = ask(Method::bayesian);
  analysis.plan.prior_mean = 0.02;
  analysis.plan.prior_standard_deviation = std::sqrt(0.001);
  analysis.metrics[0].direction = Direction::decrease;
  const auto card = analyse(shop({1'000'000'000, 30'000'000, 1'000'000'000, 30'050'000}, 1), analysis);
  CHECK(*first(card).relative.estimate == Approx(0.0016678550801102969).epsilon(1e-6));
  CHECK(*first(card).relative.lower == Approx(0.0011688428937689922).epsilon(1e-6));
  CHECK(*first(card).chance_better == Approx(2.8612223701429684e-11).epsilon(1e-4).margin(0));
  CHECK(first(card).reading == "Worse");
}

TEST_CASE("bayesian: the false alarms of its looks stand beside it") {
  // A flat prior looked at every week is the fixed test looked at repeatedly: 0.142 at five looks (Armitage,
  // McPherson and Rowe 1969, table 2), and 0.05 at one.
  auto analysis = ask(Method::bayesian);
  analysis.plan.prior_mean = 0;
  analysis.plan.prior_standard_deviation = 1e6;
  const auto rate = [&](int days) {
    const auto card = analyse(shop({100, 10, 100, 10}, days), analysis);
    for (const auto& number : card.provenance.counts)
      if (number.name == "false_alarm_rate") return *number.value;
    return -1.0;
  };
  CHECK(rate(35) == Approx(0.142).margin(0.0005));
  CHECK(rate(7) == Approx(0.05).epsilon(1e-6));
  analysis.plan.horizon_days = 35;  // read once
  CHECK(rate(35) == Approx(0.05).epsilon(1e-6));
  // N(0, 0.3^2) against an error of sqrt(2 x 0.09 / 0.01 / 3500) asks z for 1.96 sqrt(1 + error^2 / 0.09).
  analysis.plan.prior_standard_deviation = 0.3;
  const double error_squared = 2 * 0.09 / 0.01 / 3500;
  CHECK(rate(35) ==
        Approx(std::erfc(1.959963984540054 * std::sqrt((1 + error_squared / 0.09) / 2))).epsilon(1e-6));
  analysis.plan.method = Method::fixed;
  CHECK(rate(35) == -1.0);
}

TEST_CASE("exact counts: Beta-binomial evidence on the labels of converters") {
  // 120 of 200 converters in the treatment at 50/50: BF = B(50 + 120, 50 + 80) / B(50, 50) x 2^200.
  const auto card = analyse(shop({1000, 80, 1000, 120}, 1), ask(Method::exact_counts));
  const double log_factor = std::lgamma(170.0) + std::lgamma(130.0) - std::lgamma(300.0) -
                            2 * std::lgamma(50.0) + std::lgamma(100.0) + 200 * std::log(2.0);
  CHECK(*first(card).p_value == Approx(std::exp(-log_factor)).epsilon(1e-9));
  CHECK(*first(card).relative.estimate == Approx(0.5));
  CHECK(first(card).method == "exact_counts");
  CHECK(first(card).absolute.reason == "not_applicable");
}

TEST_CASE("exact counts of a metric that is not 0/1: the default, named as such") {
  auto data = shop({1000, 80, 1000, 120}, 1);
  data.metrics[0].layout.binary = false;
  const auto card = analyse(data, ask(Method::exact_counts));
  CHECK(first(card).method == "asymptotic_confidence_sequence");
  const auto& row = card.plan_against_run.back();
  CHECK(row.item == "method_m");
  CHECK(row.planned == "exact_counts");
  CHECK_FALSE(row.kept);
}

TEST_CASE("betting says that sums are not enough") {
  const auto card = analyse(shop({1000, 80, 1000, 120}, 1), ask(Method::betting));
  CHECK(first(card).reason == "needs_unit_values");
  CHECK(first(card).reading.empty());
  CHECK(first(card).method == "betting");
}
