#pragma once
// Shares and weights as ranges of 64-bit buckets. Everything here is integer arithmetic, so that every port
// gives the same thresholds: a share or weight counts in billionths, a threshold is floor(part * 2^64 /
// whole).

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "assign/experiment.hpp"

namespace liftmark::assign {

using BucketRange = Experiment::BucketRange;

/// Buckets below a threshold in [0, 2^64]; 2^64 itself needs the flag.
struct Threshold {
  std::uint64_t below = 0;
  bool everything = false;
  bool contains(std::uint64_t bucket) const noexcept { return everything || bucket < below; }
  friend bool operator==(const Threshold&, const Threshold&) = default;
};

/// Billionths of a share or weight, rounded to nearest; nothing when it is negative, not finite, or above
/// 1e6, or positive but rounds to 0.
std::optional<std::uint64_t> billionths(double value) noexcept;

/// floor(part * 2^64 / whole); `whole` > 0 and part <= whole.
Threshold threshold(std::uint64_t part, std::uint64_t whole) noexcept;

/// The threshold of a share in [0, 1] (others are clamped).
Threshold share_threshold(double share) noexcept;

/// One contiguous range per arm with a positive weight, in order, covering all buckets. A range's `last` is
/// exclusive; 0 stands for 2^64. Empty when a weight is invalid or all are zero.
std::vector<BucketRange> ranges_of_weights(std::span<const Arm> arms);

/// The ranges an experiment uses: its own, or those of its weights.
std::vector<BucketRange> effective_ranges(const Experiment& experiment);

/// Ranges with `after`'s weights that keep every bucket of `before` where it is, except the least mass that
/// must move: exactly the sum over arms of max(0, old mass - new mass). Arms are matched by key. Shrinking
/// arms give up the end of their last ranges; growing arms take them in order. Empty when either has no valid
/// weights.
std::vector<BucketRange> ranges_moving_least(const Experiment& before, const Experiment& after);

/// The share of buckets whose arm's key differs between the two experiments, in [0, 1].
double moved_share(const Experiment& before, const Experiment& after);

/// Whether the ranges are sorted, disjoint, not empty, cover every bucket and name one of `arms` arms.
bool ranges_are_complete(std::span<const BucketRange> ranges, std::size_t arms) noexcept;

}  // namespace liftmark::assign
