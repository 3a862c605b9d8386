#pragma once
// What a store's past says about a metric before an experiment on it: baseline, variance, what covariates
// explain, traffic.

#include <cstdint>
#include <string>

#include "stats/power.hpp"

namespace liftmark::cli {

struct HistoryQuestion {
  std::string store, metric;
  std::string experiment = {};  ///< whose exposed units are the past; empty: the one with the most exposures
  std::string as_of = {};       ///< a moment as text; empty: the last commit
};

/// Of the units of one arm, the control, with mature windows.
struct History {
  std::string experiment, arm;
  stats::Baseline baseline;
  std::string measure = {};  ///< what baseline.mean is: "rate", "mean", "ratio", "0.5 quantile" ..
  stats::Scale scale = stats::Scale::log;  ///< the metric's
  std::int64_t units = 0;                  ///< mature units the baseline is from
  double variance_reduction =
      0;  ///< by the metric's covariate; 0 without one. baseline.variance_kept is 1 - this
  double covariate_correlation = 0;  ///< of unit values with the covariate: its square is the reduction
  double units_per_day = 0;          ///< newly exposed, all arms, over the days there were any
  double days = 0;                   ///< between the first and the last exposure
};

/// The same aggregation, strata, adjustment and variance as `report`, for every kind of metric: the unit
/// values of a quantile are the linearised ones, those of a time to an event min(time, window) of units whose
/// window is over. Throws Error{usage} for an unknown metric or experiment, Error{data} where the past has
/// too few units, no variance or a baseline that the metric's scale cannot read.
History read_history(const HistoryQuestion& question);

}  // namespace liftmark::cli
