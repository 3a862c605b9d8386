#pragma once
// A quantile of values that come in clusters: several of one unit.

#include <cstdint>
#include <span>
#include <vector>

namespace liftmark::stats {

struct UnitValue {
  double value = 0;
  std::uint32_t unit = 0;
};

struct ClusteredQuantile {
  double quantile = 0;  ///< nearest rank
  /// What each unit with values moves the quantile by, times `units`; adds up to 0. The quantile's variance
  /// is the sum of squares over units (units - 1). Empty: too few units, one value only, or limits of the
  /// rank outside the sample: there is no variance.
  std::vector<double> influence;
};

/// Of `ascending` values (sorted by value, not empty) of `units` units, those without values counted, at
/// `probability` in (0, 1). Deng, Knoblich, Lu 2018, section 4: the share of values at or below the quantile
/// is a ratio metric whose clustered error becomes 95% limits in ranks; the values at these ranks give the
/// slope of the quantile in the share, 1 over the density.
ClusteredQuantile clustered_quantile(std::span<const UnitValue> ascending, double probability,
                                     std::int64_t units);

}  // namespace liftmark::stats
