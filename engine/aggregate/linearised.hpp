#pragma once
// A measure of a whole arm as if it were a mean: unit values with the measure as their mean and its
// delta-method variance as theirs, so that every method, segment and epoch treats it like any other metric.

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "stats/co_moments.hpp"

namespace liftmark {

/// `influence` holds one number for each unit with events, adding up to 0; the other units of `units` have 0.
/// The measure's variance is sum of influence^2 / (units (units - 1)). Van der Vaart 1998, chapter 20.
inline stats::CoMoments linearised(double measure, std::int64_t units, std::vector<double> influence) {
  std::sort(influence.begin(), influence.end());  // sums must not depend on the order of arrival
  double squares = 0, cubes = 0;
  for (const double one : influence) {
    squares += one * one;
    cubes += one * one * one;
  }
  return stats::CoMoments::from_central(units, {measure}, {squares}, {cubes});
}

/// A measure that has no variance yet: one unit, which every comparison answers with too_few_units.
inline stats::CoMoments without_variance(double measure) {
  return stats::CoMoments::from_central(1, {measure}, {0.0}, {0.0});
}

}  // namespace liftmark
