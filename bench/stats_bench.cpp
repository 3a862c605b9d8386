// The statistics of a report against their goals, beside the peers' times in docs/performance.md (gbstats:
// 100 us a comparison from sufficient statistics, 110 ms for 600 of them; scipy's Welch 10 us).
//   build/bench/bench/stats_bench

#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "stats/bootstrap.hpp"
#include "stats/confidence_sequence.hpp"
#include "stats/distributions.hpp"
#include "stats/lift.hpp"
#include "stats/random_stream.hpp"

using namespace liftmark;

namespace {

/// A mean with `covariates` covariates that explain a part of it.
stats::CoMoments arm(std::int64_t n, double mean, std::size_t covariates) {
  std::vector<double> means(1 + covariates, mean), sums;
  for (std::size_t i = 0; i <= covariates; ++i)
    for (std::size_t j = i; j <= covariates; ++j)
      sums.push_back((i == j ? 4.0 : 1.0) * static_cast<double>(n - 1));
  return stats::CoMoments::from_central(n, means, sums, std::vector<double>(1 + covariates, 0.0));
}

stats::Estimate compare(const stats::Stratum& stratum, const stats::UnitValues& values) {
  const auto contrast = stats::contrast({&stratum, 1}, values);
  const double n = static_cast<double>(contrast.control.n + contrast.treatment.n);
  const double x = n * stats::tuned_rho_squared(100'000, 0.05);
  return stats::estimate_lift(contrast, stats::Scale::log,
                              stats::Critical{.multiplier = stats::sequence_critical_value(x, 0.05),
                                              .error = stats::ErrorRule::larger_of_both});
}

/// Argument: covariates.
void comparison_from_sufficient_statistics(benchmark::State& state) {
  const auto covariates = static_cast<std::size_t>(state.range(0));
  const stats::Stratum stratum{.control = arm(50'000, 2.0, covariates),
                               .treatment = arm(50'000, 2.1, covariates)};
  for (auto _ : state) benchmark::DoNotOptimize(compare(stratum, {.covariates = covariates}));
}
BENCHMARK(comparison_from_sufficient_statistics)->Arg(0)->Arg(1)->Arg(5)->Unit(benchmark::kMicrosecond);

void fixed_comparison(benchmark::State& state) {
  const stats::Stratum stratum{.control = arm(50'000, 2.0, 0), .treatment = arm(50'000, 2.1, 0)};
  for (auto _ : state) {
    const auto contrast = stats::contrast({&stratum, 1}, {});
    benchmark::DoNotOptimize(stats::estimate_lift(contrast, stats::Scale::absolute,
                                                  stats::Inference{.reference = stats::Reference::student}));
  }
}
BENCHMARK(fixed_comparison)->Unit(benchmark::kMicrosecond);

void miettinen_nurminen(benchmark::State& state) {
  double n = 10'000;
  for (auto _ : state) {
    n += 1;
    const auto units = static_cast<std::int64_t>(n);
    benchmark::DoNotOptimize(stats::score_lift({.successes = 400, .n = units}, {.successes = 430, .n = units},
                                               stats::Scale::log, 0.05));
  }
}
BENCHMARK(miettinen_nurminen)->Unit(benchmark::kMicrosecond);

/// 20 metrics x 10 segments x 4 arms: 600 comparisons with a control, one covariate, two strata each.
void report_of_600_comparisons(benchmark::State& state) {
  const stats::Stratum strata[] = {
      {.control = arm(40'000, 2.0, 1), .treatment = arm(40'000, 2.1, 1)},
      {.control = arm(10'000, 2.0, 1), .treatment = arm(10'000, 2.1, 1), .history = false}};
  for (auto _ : state)
    for (int i = 0; i < 20 * 10 * 3; ++i) {
      const auto contrast = stats::contrast(strata, {.covariates = 1});
      const double x = 100'000 * stats::tuned_rho_squared(100'000, 0.05);
      benchmark::DoNotOptimize(
          stats::estimate_lift(contrast, stats::Scale::log,
                               stats::Critical{.multiplier = stats::sequence_critical_value(x, 0.05),
                                               .error = stats::ErrorRule::larger_of_both}));
    }
}
BENCHMARK(report_of_600_comparisons)->Unit(benchmark::kMillisecond);

/// 10,000 Poisson replicates of a mean over 1M units, 3 % of them buyers. Argument: threads.
void bootstrap_of_a_million_units(benchmark::State& state) {
  stats::RandomStream random(1, 0);
  std::vector<double> spend(1'000'000, 0.0);
  for (double& value : spend)
    if (random.uniform() < 0.03) value = std::exp(3 + stats::normal_quantile(random.uniform()));
  for (auto _ : state)
    benchmark::DoNotOptimize(stats::poisson_bootstrap_ratio(
        {spend, {}}, {.replicates = 10'000, .seed = 1, .threads = static_cast<unsigned>(state.range(0))}));
}
BENCHMARK(bootstrap_of_a_million_units)
    ->Arg(2)
    ->Iterations(1)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kSecond);

/// The same where every unit has a value of its own: nothing to gather.
void bootstrap_of_a_million_different_values(benchmark::State& state) {
  stats::RandomStream random(2, 0);
  std::vector<double> values(1'000'000), sessions(1'000'000);
  for (double& value : values) value = std::exp(stats::normal_quantile(random.uniform()));
  for (double& value : sessions) value = 1 + std::floor(3 * random.uniform());
  for (auto _ : state)
    benchmark::DoNotOptimize(stats::poisson_bootstrap_ratio(
        {values, sessions},
        {.replicates = 10'000, .seed = 1, .threads = static_cast<unsigned>(state.range(0))}));
}
BENCHMARK(bootstrap_of_a_million_different_values)
    ->Arg(2)
    ->Iterations(1)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kSecond);

}  // namespace
