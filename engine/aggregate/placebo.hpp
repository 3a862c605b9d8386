#pragma once
// The shop's own history as an experiment that never was: who would have been exposed, and what they did.

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/aggregate/metric_sums.hpp"
#include "engine/definition/catalog.hpp"
#include "engine/record/reader.hpp"

namespace liftmark {

/// One metric's values of every unit, capped as the plan says.
struct MetricUnits {
  std::string metric;
  ValueLayout layout;
  std::vector<double> per_one;     ///< what the integers are counted in, by value
  std::vector<WaitingUnit> units;  ///< `member` indexes PlaceboHistory::day
};

struct PlaceboHistory {
  Micros from = 0, to = 0;  ///< exposures lie in [from, to)
  Micros end = 0;           ///< the last event known
  std::size_t days = 0;
  std::vector<std::uint16_t> day;  ///< of each unit's exposure, 0-based
  std::vector<MetricUnits> metrics;
};

/// Units are exposed by their first event in the `days` days that end where the longest window of the plan's
/// metrics still has room before the last event; windows and covariates are relative to that event. Metrics
/// without a value per unit (quantiles, curves, breadth) are left out. Throws Error(data) when the history is
/// too short.
PlaceboHistory placebo_history(const Reader& reader, const Catalog& catalog, const Plan& plan, int days);

}  // namespace liftmark
