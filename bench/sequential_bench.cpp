// Sequential methods against their limits: one comparison in microseconds (peer: gbstats' sequential interval
// 34-40 us, Bayesian 640 us, with statistics from Python), boundaries for 30 looks under 100 ms.

#include <benchmark/benchmark.h>

#include <array>

#include "stats/bayes.hpp"
#include "stats/confidence_sequence.hpp"
#include "stats/group_sequential.hpp"
#include "stats/sample_ratio.hpp"

using namespace liftmark;

namespace {

void confidence_sequence(benchmark::State& state) {
  stats::SequenceLook look{.estimate = 0.02,
                           .own_standard_error = 0.01,
                           .pooled_standard_error = 0.011,
                           .n = 50000,
                           .smallest_arm_n = 25000};
  for (auto _ : state) {
    look.estimate += 1e-9;
    benchmark::DoNotOptimize(stats::confidence_sequence(look, {.planned_n = 100000}));
  }
}
BENCHMARK(confidence_sequence);

void effect_posterior(benchmark::State& state) {
  double estimate = 0.02;
  for (auto _ : state) {
    estimate += 1e-9;
    benchmark::DoNotOptimize(stats::effect_posterior({.estimate = estimate, .standard_error = 0.01},
                                                     stats::NormalPrior{.mean = 0, .variance = 0.09}, 0.05));
  }
}
BENCHMARK(effect_posterior);

/// Argument: units an arm.
void probability_greater(benchmark::State& state) {
  const auto n = static_cast<double>(state.range(0));
  for (auto _ : state)
    benchmark::DoNotOptimize(
        stats::probability_greater({.a = 0.031 * n, .b = 0.969 * n}, {.a = 0.03 * n, .b = 0.97 * n}));
}
BENCHMARK(probability_greater)->Arg(1000)->Arg(1000000000);

void sequential_sample_ratio(benchmark::State& state) {
  const std::array<double, 2> counts{500300, 499700}, shares{0.5, 0.5};
  const std::array<stats::ArmCounts, 1> epochs{stats::ArmCounts{counts, shares}};
  for (auto _ : state) benchmark::DoNotOptimize(stats::sample_ratio_sequential(epochs));
}
BENCHMARK(sequential_sample_ratio);

/// Argument: equal looks.
void efficacy_boundaries(benchmark::State& state) {
  stats::Looks looks;
  for (std::int64_t k = 1; k <= state.range(0); ++k) looks.information.push_back(static_cast<double>(k));
  for (auto _ : state) benchmark::DoNotOptimize(stats::efficacy_boundaries({}, looks));
}
BENCHMARK(efficacy_boundaries)->Arg(5)->Arg(30)->Unit(benchmark::kMillisecond);

}  // namespace
