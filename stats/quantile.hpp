#pragma once
// A quantile of values that come in clusters: several of one unit.

#include <compare>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace liftmark::stats {

struct UnitValue {
  double value = 0;
  std::uint32_t unit = 0;
};

struct ClusteredQuantile {
  double quantile = 0;        ///< nearest rank
  bool has_variance = false;  ///< not of fewer than 2 units, one value, or limits outside the sample
  /// Sums over units of the square and the cube of what each moves the quantile by, times the number n of
  /// units. The quantile's variance is squares / (n (n - 1)).
  double squares = 0, cubes = 0;
};

/// Estimates one quantile after another; keeps its memory, 12 bytes a unit, between them.
class QuantileEstimator {
 public:
  /// Of `ascending` values (sorted by value, not empty) of `units` units, those without values counted, at
  /// `probability` in (0, 1). Deng, Knoblich, Lu 2018, section 4: the share of values at or below the
  /// quantile is a ratio metric whose clustered error becomes 95% limits in ranks; the values at these ranks
  /// give the slope of the quantile in the share, 1 over the density. The order among equal values and the
  /// units' numbers change no bit.
  ClusteredQuantile estimate(std::span<const UnitValue> ascending, double probability, std::int64_t units);

 private:
  /// A unit's values: below the quantile, equal to it, all.
  struct Tally {
    std::uint32_t below = 0, equal = 0, all = 0;
    auto operator<=>(const Tally&) const = default;
  };
  std::map<Tally, std::int64_t> tallies(std::span<const UnitValue> ascending, std::size_t from,
                                        std::size_t to);

  std::vector<Tally> by_unit_;  ///< all zero between two estimates
};

/// One quantile alone.
ClusteredQuantile clustered_quantile(std::span<const UnitValue> ascending, double probability,
                                     std::int64_t units);

}  // namespace liftmark::stats
