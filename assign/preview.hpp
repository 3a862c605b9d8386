#pragma once
// What an edit of the catalog would do to the units already known, before it is accepted.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assign/assigner.hpp"

namespace liftmark::assign {

/// Of the known units, per experiment that stands in both catalogs.
struct Movement {
  std::string experiment;
  std::uint64_t units = 0;    ///< known units
  std::uint64_t before = 0;   ///< of them in the experiment before the edit
  std::uint64_t changed = 0;  ///< of those, in another arm afterwards
  std::uint64_t left = 0;     ///< of those, in no arm afterwards
  std::uint64_t joined = 0;   ///< in no arm before, in one afterwards
  /// The numbers are not all there is to say: they come from buckets, and the edit moves units in a way that
  /// buckets cannot show.
  bool incomplete = false;
  /// Units that would see another arm or lose theirs.
  std::uint64_t moved() const noexcept { return changed + left; }
};

/// Asks both Assigners for each unit. Units come without attributes and with consent: the audience is not a
/// matter of hashing, so experiments are compared as if everybody were targeted.
std::vector<Movement> preview(const Definitions& before, const Definitions& after,
                              std::span<const std::string_view> units);

/// The same where only buckets are stored because ids are hashed: `buckets` are Assignment::bucket of units
/// that have an arm in a liftmark-1 experiment. Changed arms are exact; units that leave through traffic or
/// layers cannot be seen in a bucket, and under another salt nothing can: then the answer is incomplete.
Movement preview_buckets(const Experiment& before, const Experiment& after,
                         std::span<const std::uint64_t> buckets);

/// Whether hashing moves anyone between the two definitions of one experiment, whoever the units are: scheme,
/// salt, parameters, arms, weights, ranges, slots or layer changed, or traffic was lowered. Raising traffic,
/// and anything that enters no hash, moves nobody.
bool may_move(const Experiment& before, const Experiment& after);

}  // namespace liftmark::assign
