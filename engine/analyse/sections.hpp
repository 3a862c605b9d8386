#pragma once
// The parts of a scorecard beside the main comparisons: lines over time, sensitivities, segments, power.

#include <vector>

#include "engine/aggregate/statistics.hpp"
#include "engine/analyse/comparison.hpp"
#include "engine/scorecard/scorecard.hpp"

namespace liftmark {

/// Cumulative (always a confidence sequence, whatever the plan's method), daily and since-exposure lines.
std::vector<Timeline> timelines(const MetricTask& task, const Statistics& statistics,
                                const std::vector<ArmPair>& pairs);

/// The same lift uncapped, without crossovers, unadjusted; only those that differ from the plan's treatment.
std::vector<Sensitivity> sensitivities(const MetricTask& task, const Statistics& statistics,
                                       const std::vector<ArmPair>& pairs);

/// One table per dimension and comparison, heterogeneity tested first. Empty when the data has no groups.
std::vector<SegmentTable> segment_tables(const MetricTask& task, const Statistics& statistics,
                                         const std::vector<ArmPair>& pairs);

/// Smallest lift found with the planned power, by day, from the same variances as the estimates.
std::vector<PowerSummary> power_summaries(const MetricTask& task, const Statistics& statistics,
                                          const std::vector<ArmPair>& pairs);

/// A ratio's denominator per exposed unit is tested first: "denominator_moved" (not decision-grade),
/// "denominator_unsettled", or empty when it is settled within 1%. Only for ratio metrics.
std::string grade_denominator(const MetricTask& task, const std::vector<ArmPair>& pairs);

}  // namespace liftmark
