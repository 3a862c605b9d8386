#pragma once
// The parts of a scorecard beside the main comparisons: lines over time, sensitivities, segments, power.

#include <vector>

#include "engine/aggregate/statistics.hpp"
#include "engine/analyse/comparison.hpp"
#include "engine/scorecard/scorecard.hpp"

namespace liftmark {

/// Cumulative (a confidence sequence: the plan's, else the default one; by the day on which it was known),
/// daily and since-exposure lines.
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

/// Steps of a funnel metric: units, share and step rate per arm, and the change of each step rate by the
/// plan's method. Empty for other metrics.
std::vector<Funnel> funnels(const MetricTask& task, const Statistics& statistics,
                            const std::vector<ArmPair>& pairs);

/// Where a sum of money came from, raw and unadjusted. "factors": log points of buyers per unit, orders per
/// buyer, gross order value and net/gross, which add up exactly to the log lift in `total`; intervals of the
/// four parts hold together, at 1 - alpha/4 each. "surfaces": differences by surface, at 1 - alpha/m each.
/// Accounting, not cause: the parts condition on buying.
std::vector<Decomposition> decompositions(const MetricTask& task, const Statistics& statistics,
                                          const std::vector<ArmPair>& pairs);

/// How often the plan's method calls a difference where there is none, at the looks planned: at the horizon,
/// else week by week so far. Only for bayesian plans, whose error nothing else controls. From the crossing
/// probabilities of a Brownian motion observed at those looks.
std::optional<double> false_alarm_rate(const MetricTask& task, ArmPair pair);

/// A ratio's denominator per exposed unit is tested first: "denominator_moved" (not decision-grade),
/// "denominator_unsettled", or empty when it is settled within 1%. Only for ratio metrics.
std::string grade_denominator(const MetricTask& task, const std::vector<ArmPair>& pairs);

}  // namespace liftmark
