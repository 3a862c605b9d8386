#pragma once
// The baseline typed at the command line, for every kind of metric.

#include <optional>

#include "stats/baseline.hpp"

namespace liftmark::cli {

/// What was typed; exactly one kind of metric may be described.
struct StatedBaseline {
  std::optional<double> proportion;       ///< share of units
  std::optional<double> mean, deviation;  ///< of one unit's value
  std::optional<double> quantile, value,
      density;  ///< probability, the quantile, share of values per unit of value
  double values_per_unit = 1, design_effect = 1;
  std::optional<double> event_share,
      window;  ///< time to an event: share within the window; or mean and deviation
  bool any() const { return proportion || mean || deviation || quantile || value || event_share; }
};

/// Throws Error{usage} for no kind, two kinds or a missing part.
stats::Baseline baseline_of(const StatedBaseline& stated);

}  // namespace liftmark::cli
