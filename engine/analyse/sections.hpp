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
/// Does the effect change with the days since the first exposure? Fills in the line's early and late lifts,
/// the p-value of their difference (always valid under such a plan) and, below 0.05, its name: "novelty" when
/// the lift shrinks, "primacy" when it grows.
void judge_trend(const MetricTask& task, ArmPair pair, Timeline& line);

/// A blend under other weights, raw and unadjusted: each halved and doubled, then the lowest and highest lift
/// with all weights within a factor of two. Empty for other metrics.
std::vector<Sensitivity> weight_sensitivities(const MetricTask& task, const Statistics& statistics,
                                              ArmPair pair);

/// What the difference per unit, raw and net of refunds, comes to in money: for the variant's mature units so
/// far, for its units of a day, and for those of a day if everybody of the audience got it (`traffic_share`
/// takes part now). Margin is margin_rate x revenue - cost_per_unit; return on cost is margin over cost.
std::vector<MoneyRow> money_rows(const MetricTask& task, const Statistics& statistics,
                                 const std::vector<ArmPair>& pairs, double traffic_share);

/// Booked and net totals per arm of a sum of money that refunds take part in; empty for other metrics.
std::vector<RefundRow> refund_rows(const MetricTask& task, const Statistics& statistics);

/// Share of units with the event by day (Kaplan and Meier), per arm, every unit counted, censored at the
/// as-of time. Intervals hold at one day and one look. Empty for kinds other than time_to_event.
std::vector<Curve> curves(const MetricTask& task, const Statistics& statistics);
/// Log-rank test, hazard ratio and difference of restricted means of the same units, stratified by epoch, at
/// one look; the metric's reading follows its mature units instead.
std::vector<SurvivalComparison> survival_comparisons(const MetricTask& task, const Statistics& statistics,
                                                     const std::vector<ArmPair>& pairs);

/// Coverage, diversity and novelty of what each arm was shown, with the change of each by the plan's method.
std::vector<CatalogBreadth> breadth(const MetricTask& task, const Statistics& statistics,
                                    const std::vector<ArmPair>& pairs);

/// The lift under each arm of the plan's other experiments, and how much it differs, on the log scale.
std::vector<Interaction> interactions(const MetricTask& task, const Statistics& statistics,
                                      const std::vector<ArmPair>& pairs);

/// A ratio's denominator per exposed unit is tested first: "denominator_moved" (not decision-grade),
/// "denominator_unsettled", or empty when it is settled within 1%. Only for ratio metrics.
std::string grade_denominator(const MetricTask& task, const std::vector<ArmPair>& pairs);

}  // namespace liftmark
