#pragma once
// GrowthBook's arithmetic, apart from the catalog, so that the vendor's own cases can be run on it.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "assign/schemes/arm_shares.hpp"
#include "assign/schemes/hashes.hpp"

namespace liftmark::assign {

/// The bucket of a unit in thousandths (version 1) or ten-thousandths (version 2); see `growthbook_steps`.
std::uint32_t growthbook_bucket(int version, std::string_view seed, std::string_view unit,
                                HashUnits units = HashUnits::utf16) noexcept;

/// Buckets of a hash version: 1000 or 10000.
std::uint32_t growthbook_steps(int version) noexcept;

/// The bucket ranges of `weights.size()` arms: each takes the first `coverage` (clamped to [0, 1]) of its
/// weight. Weights that do not add up to 0.99..1.01 are replaced by equal ones, as GrowthBook does.
std::vector<BucketSpan> growthbook_ranges(std::vector<double> weights, double coverage);

/// The index of the first range that holds `share`, or -1.
int growthbook_choice(std::span<const BucketSpan> ranges, double share) noexcept;

}  // namespace liftmark::assign
