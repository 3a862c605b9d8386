#pragma once
// Cells of a metric to strata, contrasts and figures: the bridge between Statistics and stats.

#include <cstddef>
#include <string>
#include <vector>

#include "engine/aggregate/statistics.hpp"
#include "engine/scorecard/scorecard.hpp"
#include "stats/lift.hpp"

namespace liftmark {

/// Indices into Statistics::arms.
struct ArmPair {
  std::size_t control = 0, treatment = 0;
};

/// Both arms side by side, one stratum an epoch, and one more for its units without history. An epoch that
/// lacks one of the arms stays in, with no units on that side: the contrast leaves it out and counts it.
std::vector<stats::Stratum> strata_of(const std::vector<Cell>& cells, ArmPair pair, std::size_t dimension);

/// The columns in the words of stats. `adjust` false leaves covariates out.
stats::UnitValues unit_values(const ValueLayout& layout, stats::SlopeRule slope, bool adjust = true);

/// Two arms of these cells, epoch by epoch. Without covariates when `values.covariates` is 0.
stats::Contrast contrast_of(const std::vector<Cell>& cells, ArmPair pair, const ValueLayout& layout,
                            const stats::UnitValues& values);

/// All units of one arm, every epoch and stratum pooled.
stats::CoMoments pooled(const std::vector<Cell>& cells, std::size_t arm, std::size_t dimension);

/// Units of both arms in the epochs that hold both.
std::int64_t compared_units(const std::vector<Cell>& cells, ArmPair pair);

/// Successes and units of both arms; only for 0/1 metrics.
struct CountPair {
  stats::Successes control, treatment;
};
CountPair counts_of(const std::vector<Cell>& cells, ArmPair pair, std::size_t dimension);

/// One arm of one metric: raw value, variance per unit and totals; adjusted value left empty.
MetricArm describe_arm(const std::string& arm, const stats::CoMoments& units, const ValueLayout& layout);

Figure figure(const stats::Estimate& estimate);
/// A figure that says only why.
Figure no_figure(stats::Reason reason);

}  // namespace liftmark
