#pragma once
// What the unit values of an arm look like beside their moments: how skewed, how heavy in the tail.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/aggregate/statistics.hpp"

namespace liftmark {

/// A value that several units have.
struct ValueCount {
  double value = 0.0;
  std::int64_t units = 1;
};

/// Describes one arm's raw unit values: the non-zero ones, each once and ascending, of `units` in all.
/// Quantiles are of nearest rank (the smallest value that at least this share of the units do not exceed);
/// top_share is what the top 0.1% of the units, rounded up, hold of a positive total; skewness is m3 /
/// m2^1.5. Without units, everything is unset; without spread there is no skewness.
DistributionCell describe_distribution(std::size_t arm, const std::vector<ValueCount>& values,
                                       std::size_t units);
/// Values one by one, in any order, as describe_distribution() wants them.
std::vector<ValueCount> count_values(std::vector<double> values);

}  // namespace liftmark
