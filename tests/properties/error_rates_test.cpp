// The measured error rates. A short run with every build; the whole table, 20,000 replications each, with
//   test_properties "[.slow][error_rates]"
// which prints the table that docs/error-rates.md holds.

#include "properties/error_rates.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <catch2/catch.hpp>

#include "properties/error_rate_betting.hpp"
#include "properties/error_rate_paths.hpp"
#include "stats/betting_sequences.hpp"

using namespace liftmark;
using namespace liftmark::error_rates;

namespace {

/// 4.9 standard deviations of a rate: a method that keeps its rate exceeds it less than once in a million.
void check(const std::vector<Rate>& rates, const Effort& effort) {
  for (const Rate& rate : rates) {
    if (!rate.promised) continue;
    INFO(rate.section << ": " << rate.method << ", " << rate.setting);
    CHECK(rate.measured <= rate.nominal + 4.9 * std::sqrt(rate.nominal * (1 - rate.nominal) /
                                                          static_cast<double>(effort.replications)));
  }
}

/// The rates of one setting, in the order of their methods.
using Setting = std::vector<Rate>;

bool same_methods(const Setting& a, const Setting& b) {
  return a[0].section == b[0].section &&
         std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Rate& x, const Rate& y) { return x.method == y.method; });
}

/// One Markdown table: methods down, settings across.
void print_table(const std::vector<Setting>& settings) {
  std::printf("\n| method | claimed |");
  for (const Setting& setting : settings) std::printf(" %s |", setting[0].setting.c_str());
  std::printf("\n|---|---|");
  for (std::size_t i = 0; i < settings.size(); ++i) std::printf("---|");
  std::printf("\n");
  for (std::size_t m = 0; m < settings[0].size(); ++m) {
    std::printf("| %s | %.3g |", settings[0][m].method.c_str(), settings[0][m].nominal);
    for (const Setting& setting : settings) std::printf(" %.4f |", setting[m].measured);
    std::printf("\n");
  }
}

void print(const std::vector<Rate>& rates) {
  std::vector<Setting> settings;
  for (const Rate& rate : rates) {
    const bool more = !settings.empty() && settings.back()[0].section == rate.section &&
                      settings.back()[0].setting == rate.setting;
    if (!more) settings.emplace_back();
    settings.back().push_back(rate);
  }
  for (std::size_t i = 0; i < settings.size();) {
    std::size_t end = i + 1;
    while (end < settings.size() && same_methods(settings[i], settings[end])) ++end;
    if (i == 0 || settings[i - 1][0].section != settings[i][0].section)
      std::printf("\n## %s\n", settings[i][0].section.c_str());
    print_table({settings.begin() + static_cast<std::ptrdiff_t>(i),
                 settings.begin() + static_cast<std::ptrdiff_t>(end)});
    i = end;
  }
  std::fflush(stdout);
}

/// Betting sequences have a run of their own.
std::vector<std::vector<Rate> (*)(const Effort&)> parts() {
  return {type_one_rates, segment_rates, power_rates, coverage_rates, family_wise_rates};
}

}  // namespace

TEST_CASE("binomial draws have the right mean and variance, small and large") {
  for (const auto& [n, p] :
       std::vector<std::pair<std::int64_t, double>>{{5, 0.3}, {1000, 0.001}, {200, 0.2}, {100000, 0.7}}) {
    double sum = 0, squares = 0;
    const int draws_made = 40000;
    const double mean = static_cast<double>(n) * p, variance = mean * (1 - p);
    Draws draws(9, static_cast<std::uint64_t>(n));
    for (int i = 0; i < draws_made; ++i) {
      const double x = static_cast<double>(draws.binomial(n, p)) - mean;
      sum += x;
      squares += x * x;
    }
    // 4.9 standard deviations of a mean and of a variance (kurtosis at most 3 + 1/variance).
    CHECK(std::abs(sum / draws_made) < 4.9 * std::sqrt(variance / draws_made));
    CHECK(squares / draws_made == Approx(variance).epsilon(4.9 * std::sqrt((2 + 1 / variance) / draws_made)));
  }
}

TEST_CASE("the simulation's contrast is the product's") {
  Draws draws(3, 1);
  for (const Shop& shop : {conversion(0.2), clicks_per_session()}) {
    stats::CoMoments control(shop.ratio() ? 2 : 1), treatment(shop.ratio() ? 2 : 1);
    ArmSums control_sums, treatment_sums;
    for (int i = 0; i < 3000; ++i) {
      double u = draws.uniform();
      std::size_t type = 0;
      while (type + 1 < shop.types.size() && u > shop.types[type].probability)
        u -= shop.types[type++].probability;
      const UnitType& unit = shop.types[type];
      const std::array<double, 2> values{unit.numerator, unit.denominator};
      const std::span<const double> columns(values.data(), shop.ratio() ? 2 : 1);
      (i % 3 == 0 ? treatment : control).add(columns);
      (i % 3 == 0 ? treatment_sums : control_sums).add(1, unit.numerator, unit.denominator);
    }
    const stats::Stratum stratum{.control = control, .treatment = treatment};
    const auto product =
        stats::contrast(std::span(&stratum, 1), {.ratio = shop.ratio(), .binary = shop.binary()});
    const auto ours = contrast_of(shop, control_sums, treatment_sums);
    CHECK(ours.difference == Approx(product.difference));
    CHECK(ours.pooled_value == Approx(product.pooled_value));
    CHECK(ours.control.variance == Approx(product.control.variance).epsilon(1e-9));
    CHECK(ours.treatment.variance == Approx(product.treatment.variance).epsilon(1e-9));
    CHECK(ours.control.pooled_variance == Approx(product.control.pooled_variance).epsilon(1e-3));
    if (!shop.ratio()) CHECK(ours.skewness == Approx(product.skewness).epsilon(1e-6));
  }
}

TEST_CASE("betting on two arms: jumping over the units without a value is the product's own path") {
  for (const double share : {0.5, 0.1}) {  // a unit without a value is bet on as `share`, see two_arm_betting
    Draws draws(12, 7);
    std::vector<double> values;
    stats::HedgedCapital jumps(share, {});
    double since = 0, inverse_squares = 0;
    for (int t = 1; t <= 3000; ++t) {
      if (draws.uniform() < 0.98) {
        values.push_back(share);
        since += 1;
        inverse_squares += 1.0 / ((t + 1.0) * (t + 1.0));
        continue;
      }
      values.push_back(draws.uniform() < share ? 1 : 0);
      jumps.stand(since, inverse_squares);
      jumps.see(values.back(), std::log1p(t));
      since = inverse_squares = 0;
      const auto path = stats::HedgedBets(values, {}).log_capital_path(share);
      CHECK(jumps.log_capital() == Approx(path.back()).epsilon(1e-10).margin(1e-10));
    }
  }
}

TEST_CASE("betting on rare conversions: from one to the next as unit by unit") {
  const BettingClock clock(40000);
  for (const double rate : {0.001, 0.01}) {
    Draws draws(13, 5);
    stats::HedgedCapital units(rate, {});
    BettingRuns runs(clock, rate, 0.05);
    std::size_t since = 0;
    double furthest = 0;
    for (std::size_t t = 1; t <= clock.last(); ++t) {
      const bool success = draws.uniform() < rate;
      units.see(success ? 1 : 0, clock.log_time[t]);
      if (!success) {
        ++since;
        continue;
      }
      runs.zeros(since);
      runs.one();
      since = 0;
      furthest = std::max(furthest, std::abs(runs.log_capital() - units.log_capital()));
    }
    CHECK(furthest < 1e-7);
  }
}

TEST_CASE("methods keep their error rates: a short run") {
  const Effort effort{.replications = 300, .looks = 40, .last_n = 50000, .betting_n = 300};
  for (const auto part : {type_one_rates, betting_rates, segment_rates, family_wise_rates})
    check(part(effort), effort);
}

// A million units, every one of them a look, 20,000 times: ten minutes of one core.
TEST_CASE("betting sequences keep their error rates up to a million units", "[.][betting]") {
  const Effort effort{.betting_n = 1000000};
  const auto rates = betting_rates(effort);
  print(rates);
  check(rates, effort);
}

TEST_CASE("methods keep their error rates: the whole table", "[.slow][error_rates]") {
  const Effort effort;
  for (const auto part : parts()) {
    const auto rates = part(effort);
    print(rates);
    check(rates, effort);
  }
}
