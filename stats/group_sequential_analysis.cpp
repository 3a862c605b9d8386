#include "stats/group_sequential_analysis.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <boost/math/tools/toms748_solve.hpp>

#include "stats/brownian_recursion.hpp"
#include "stats/distributions.hpp"

namespace liftmark::stats {
namespace {

constexpr std::string_view kRepeated = "group_sequential_repeated";
constexpr std::string_view kStageWise = "group_sequential_stage_wise";
constexpr double kBelowEverything = -1e9;
constexpr double kLargestP = 0.999;

void require(bool condition, const char* what) {
  if (!condition) throw std::domain_error(what);
}

/// The drift at which the stage-wise probability is `target`; it increases with the drift. Near z - quantile.
double drift_with(const Boundaries& boundaries, double z, double target) {
  const auto excess = [&](double drift) { return stage_wise_probability(boundaries, z, drift) - target; };
  double low = z + normal_quantile(target) - 1, high = low + 2;
  for (double step = 1; excess(low) > 0 && step < 1e3; step *= 2) low -= step;
  for (double step = 1; excess(high) < 0 && step < 1e3; step *= 2) high += step;
  std::uintmax_t iterations = 100;
  const auto close = [](double a, double b) { return std::abs(a - b) <= 1e-9 * std::max(1.0, std::abs(a)); };
  const auto [a, b] = boost::math::tools::toms748_solve(excess, low, high, close, iterations);
  return 0.5 * (a + b);
}

Estimate stage_wise(const GroupSequentialRule& rule, const Boundaries& boundaries, const LookResult& result) {
  const double z = result.estimate / result.standard_error;
  Estimate estimate;
  estimate.method = kStageWise;
  estimate.standard_error = result.standard_error;
  const double above = stage_wise_probability(boundaries, z, 0);
  estimate.p_value = rule.sides == 1 ? above : std::min(1.0, 2 * std::min(above, 1 - above));
  const double tail = 0.5 * (1 - result.level);
  estimate.point = result.standard_error * drift_with(boundaries, z, 0.5);
  estimate.interval = Interval{.lower = result.standard_error * drift_with(boundaries, z, tail),
                               .upper = result.standard_error * drift_with(boundaries, z, 1 - tail),
                               .level = result.level,
                               .kind = IntervalKind::group_sequential};
  return estimate;
}

}  // namespace

double stage_wise_probability(const Boundaries& boundaries, double z, double drift) {
  Boundaries until_here = boundaries;
  until_here.upper.back() = z;
  const Crossing crossing = crossing_probabilities(until_here, drift);
  double sum = 0;
  for (const double p : crossing.upper) sum += p;
  return sum;
}

double repeated_p_value(const GroupSequentialRule& rule, const Looks& looks, double z) {
  const double observed = rule.sides == 2 ? std::abs(z) : z;
  // On the normal scale of alpha, where the boundary is close to a straight line.
  const auto margin = [&](double quantile) {
    GroupSequentialRule at = rule;
    at.alpha = normal_sf(quantile);
    return efficacy_boundaries(at, looks).upper.back() - observed;
  };
  const double lowest = normal_upper_quantile(kLargestP);
  double low = lowest, high = std::max(lowest + 1, std::min(observed, 37.0));
  if (margin(low) > 0) return 1;
  for (int i = 0; i < 20 && margin(high) < 0; ++i) high = std::min(high + 1, 37.0);
  if (margin(high) < 0) return normal_sf(high);
  std::uintmax_t iterations = 60;
  const auto close = [](double a, double b) { return std::abs(a - b) <= 1e-9; };
  const auto [a, b] = boost::math::tools::toms748_solve(margin, low, high, close, iterations);
  return normal_sf(0.5 * (a + b));
}

GroupSequentialReading read_look(const GroupSequentialRule& rule, const Looks& looks,
                                 const Boundaries& boundaries, const LookResult& result) {
  GroupSequentialReading reading;
  reading.repeated = cannot_say(Reason::invalid_input, kRepeated);
  reading.stage_wise = cannot_say(Reason::invalid_input, kStageWise);
  if (!std::isfinite(result.estimate) || !(result.standard_error >= 0) ||
      !std::isfinite(result.standard_error))
    return reading;
  if (result.standard_error == 0) {
    reading.repeated.reason = reading.stage_wise.reason = Reason::zero_variance;
    reading.repeated.point = result.estimate;
    return reading;
  }
  reading.z = result.estimate / result.standard_error;
  reading.upper = boundaries.upper.back();
  reading.stops_above = reading.z >= reading.upper;
  if (!boundaries.lower.empty()) {
    reading.lower = boundaries.lower.back();
    reading.stops_below = reading.z <= *reading.lower;
  }
  const double half_width = reading.upper * result.standard_error;
  reading.repeated = Estimate{.point = result.estimate,
                              .standard_error = result.standard_error,
                              .interval = Interval{.lower = result.estimate - half_width,
                                                   .upper = result.estimate + half_width,
                                                   .level = 1 - (rule.sides == 1 ? 2 : 1) * rule.alpha,
                                                   .kind = IntervalKind::group_sequential},
                              .p_value = repeated_p_value(rule, looks, reading.z),
                              .reason = Reason::none,
                              .method = kRepeated};
  reading.stage_wise = stage_wise(rule, boundaries, result);
  return reading;
}

double conditional_power(const InterimState& state, double drift) {
  require(state.fraction > 0 && state.fraction < 1, "the information fraction must be between 0 and 1");
  const double left = 1 - state.fraction;
  return normal_sf((state.final_critical_z - state.z * std::sqrt(state.fraction) - drift * left) /
                   std::sqrt(left));
}

double predictive_power(const InterimState& state) {
  require(state.fraction > 0 && state.fraction < 1, "the information fraction must be between 0 and 1");
  return normal_cdf((state.z / std::sqrt(state.fraction) - state.final_critical_z) *
                    std::sqrt(state.fraction / (1 - state.fraction)));
}

std::vector<double> remaining_crossing(const Boundaries& planned, std::size_t k, double z,
                                       std::span<const double> mean_increments) {
  const std::size_t looks = planned.fraction.size();
  require(k < looks && mean_increments.size() == looks - k - 1, "one mean increment for each remaining look");
  BrownianRecursion recursion;
  const double start = z * std::sqrt(planned.fraction[k]);
  const auto bound = [&](const std::vector<double>& bounds, std::size_t j) {
    return bounds[j] * std::sqrt(planned.fraction[j]) - start;
  };
  std::vector<double> cumulative;
  double total = 0;
  for (std::size_t j = k + 1; j < looks; ++j) {
    recursion.step(planned.fraction[j] - planned.fraction[j - 1], mean_increments[j - k - 1]);
    cumulative.push_back(total += recursion.probability_above(bound(planned.upper, j)));
    if (j + 1 < looks)
      recursion.continue_between(planned.lower.empty() ? kBelowEverything : bound(planned.lower, j),
                                 bound(planned.upper, j), planned.fraction[j + 1] - planned.fraction[j]);
  }
  return cumulative;
}

}  // namespace liftmark::stats
