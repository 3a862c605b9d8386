#pragma once
// What the unit values of an arm look like beside their moments: how skewed, how heavy in the tail.

#include <cstddef>
#include <vector>

#include "engine/aggregate/statistics.hpp"

namespace liftmark {

/// Describes one arm's raw unit values: the non-zero ones, in any order, of `units` in all. Quantiles are of
/// nearest rank (the smallest value that at least this share of the units do not exceed); top_share is what
/// the top 0.1% of the units, rounded up, hold of a positive total; skewness is m3 / m2^1.5. Without units,
/// everything is unset; without spread there is no skewness. The same values in another order give the same
/// bits: they are sorted first.
DistributionCell describe_distribution(std::size_t arm, std::vector<double> values, std::size_t units);

}  // namespace liftmark
