#pragma once
// The whole result of one experiment as one value: what every report is made from, and nothing else is.
//
// Plain structs, no behaviour. Numbers are in full precision; a number the data cannot give is an empty
// optional with a `reason` beside it (the names of stats::Reason). Goes to JSON and back without loss
// (reports/json.hpp). Times are microseconds since the Unix epoch, UTC. Shares and lifts are fractions.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace liftmark {

/// A point with its interval. Empty bound: no end on that side (`reason` "unbounded") or no interval at all.
struct Figure {
  std::optional<double> estimate;
  std::optional<double> standard_error;  ///< on the scale the interval was made on (log scale for log ratios)
  std::optional<double> lower;
  std::optional<double> upper;
  std::optional<double> level;  ///< coverage of [lower, upper], e.g. 0.95
  std::string reason;           ///< empty when complete; else why something is missing, e.g. "burn_in"
  bool operator==(const Figure&) const = default;
};

/// A named number that a check or a table row carries, e.g. {"crossover_share", 0.0002}.
struct NamedNumber {
  std::string name;
  std::optional<double> value;
  bool operator==(const NamedNumber&) const = default;
};

struct ExperimentInfo {
  std::string key, name, hypothesis, owner, unit, status;
  std::string currency;                 ///< ISO 4217, empty if none
  std::optional<std::int64_t> started;  ///< first exposure
  std::optional<std::int64_t> ended;    ///< last exposure seen
  std::int64_t units = 0;               ///< all arms
  int days = 0;                         ///< days from first to last exposure
  bool operator==(const ExperimentInfo&) const = default;
};

struct ArmSummary {
  std::string key;
  std::string role;  ///< "control" or "variant"
  std::int64_t units = 0;
  std::optional<double> expected_share;
  std::optional<double> fallback_share;  ///< units whose exposures were marked as fallback
  std::optional<double> settled_share;   ///< units whose longest window is over
  std::int64_t crossed_units = 0;        ///< also seen in another arm; they stay here (intention to treat)
  std::int64_t erased_units = 0;
  bool operator==(const ArmSummary&) const = default;
};

/// One health check. `kind`: sample_ratio, crossovers, balance, completeness, full_weeks, sensitivity,
/// duplicates, late_events, clock_skew, gaps, bots, distribution. `status`: passed, watched, failed, not_run.
struct Check {
  std::string kind;
  std::string status;
  std::optional<double> p_value;
  std::vector<NamedNumber> numbers;
  /// Where a failure sits: dimension, group, adjusted p-value. Descriptive.
  struct Place {
    std::string dimension, group;
    std::optional<double> p_value;
    bool operator==(const Place&) const = default;
  };
  std::vector<Place> places;
  std::string note;  ///< short machine word; wording is the report's
  bool operator==(const Check&) const = default;
};

/// One variant against one control for one metric.
struct Comparison {
  std::string arm, against;
  std::string method;  ///< row of the method table, e.g. "asymptotic_confidence_sequence"
  std::string scale;   ///< "log", "fieller" or "delta": the scale that p-value and reading come from
  std::optional<double> alpha;
  Figure absolute;
  Figure relative;
  std::optional<double> p_value;
  std::optional<double> absolute_p_value;  ///< of the absolute difference; readings never follow it
  /// Better, Worse, No clear change, Within margin, Not yet settled, Breached, Withheld, Not until horizon.
  std::string reading;
  std::string reason;  ///< why there is no reading, e.g. "burn_in", "window_not_complete"
  std::optional<double> variance_reduction;   ///< by covariates, 0.12 = 12% less variance
  std::optional<double> unadjusted_estimate;  ///< relative, without covariates
  std::optional<double> adjusted_p_value;     ///< step-wise correction where the plan asks; colours nothing
  std::optional<double> chance_better;        ///< Bayesian plans only
  std::optional<double> expected_loss;        ///< Bayesian plans only
  bool operator==(const Comparison&) const = default;
};

/// How far a mean can be trusted at this size.
struct Distribution {
  std::optional<double> skewness, top_share,
      share_capped;  ///< top_share: of the total in the top 0.1% of units
  std::optional<double> median, p90, p99, maximum;
  bool operator==(const Distribution&) const = default;
};

struct MetricArm {
  std::string arm;
  std::int64_t units = 0;          ///< mature units
  std::optional<double> value;     ///< mean per unit, or ratio of sums
  std::optional<double> variance;  ///< per unit, unbiased (linearised for ratios)
  std::optional<double> adjusted_value;
  std::optional<double> numerator, denominator;  ///< totals
  Distribution distribution;
  std::string reason;
  bool operator==(const MetricArm&) const = default;
};

/// One point of a line over time. `day` counts from the experiment's first day, 1-based.
struct TimePoint {
  int day = 0;
  std::int64_t at = 0;
  std::int64_t units = 0;
  Figure relative;
  bool operator==(const TimePoint&) const = default;
};

/// `kind`: cumulative (with a confidence sequence), daily, since_exposure (days since first exposure).
struct Timeline {
  std::string arm, against, kind;
  std::vector<TimePoint> points;
  std::optional<int> first_clear_day;   ///< cumulative: first day the interval excludes zero
  std::optional<double> trend_p_value;  ///< since_exposure: does the effect change with time
  std::string trend;                    ///< "novelty", "primacy" or empty
  Figure early, late;  ///< since_exposure: the lift with weight on the first, and on the last days
  bool operator==(const Timeline&) const = default;
};

/// The same comparison under another treatment of the data. `kind`: uncapped, cap, without_crossovers,
/// without_bots, without_top, unadjusted, window_any, term_weight, weights_lowest, weights_highest.
/// `parameter`: the cap, k, or the factor on the weight of the term `detail`.
struct Sensitivity {
  std::string arm, against, kind;
  std::optional<double> parameter;
  Figure relative;
  std::string detail = {};
  bool operator==(const Sensitivity&) const = default;
};

struct MetricResult {
  std::string key, name, description;
  std::string
      kind;  ///< proportion, mean, ratio, count, retention, repeat_purchase, quantile, funnel, blend, ..
  std::string role;              ///< primary, guardrail, secondary
  std::string direction;         ///< increase, decrease: which way is good
  std::string format;            ///< percent, currency, number, duration
  std::optional<double> margin;  ///< guardrails, relative, > 0
  std::optional<int> window_days;
  std::optional<double> cap;
  bool decision_grade = true;  ///< ratio metrics whose denominator moved: false
  std::string grade_note;      ///< "denominator_moved", "denominator_unsettled" or empty
  std::vector<MetricArm> arms;
  std::vector<Comparison> comparisons;
  std::vector<Timeline> timelines;
  std::vector<Sensitivity> sensitivities;
  bool operator==(const MetricResult&) const = default;
};

struct SegmentRow {
  std::string group;
  std::int64_t units = 0;
  std::optional<double> share;
  std::vector<MetricArm> arms;
  std::vector<Comparison> comparisons;
  std::optional<Figure> shrunken;  ///< towards the overall lift
  bool operator==(const SegmentRow&) const = default;
};

/// One metric over the groups of one dimension. Rows may be coloured only if `differs`.
struct SegmentTable {
  std::string metric, dimension, arm, against;
  std::optional<double> heterogeneity_p_value, i_squared;
  bool differs = false;
  std::string method;  ///< how the groups were made: "attribute", "rfm", "lifecycle", "cold_start"
  std::vector<SegmentRow> rows;
  std::vector<NamedNumber> cut_points;  ///< of the method, e.g. {"recency_days_1", 15}
  bool operator==(const SegmentTable&) const = default;
};

struct FunnelStep {
  std::string step;
  struct Arm {
    std::string arm;
    std::int64_t units = 0;
    std::optional<double> share;      ///< of exposed units
    std::optional<double> step_rate;  ///< of the units of the step before
    bool operator==(const Arm&) const = default;
  };
  std::vector<Arm> arms;
  struct Change {
    std::string arm, against;
    Figure relative;  ///< of the step rate
    bool operator==(const Change&) const = default;
  };
  std::vector<Change> changes;
  bool operator==(const FunnelStep&) const = default;
};

struct Funnel {
  std::string metric, name;
  std::vector<FunnelStep> steps;
  bool operator==(const Funnel&) const = default;
};

/// Where a lift came from: parts that add up to `total`. `kind`: "factors" (log scale) or "surfaces"
/// (absolute).
struct Decomposition {
  std::string metric, arm, against, kind;
  struct Part {
    std::string part;
    Figure figure;
    bool operator==(const Part&) const = default;
  };
  std::vector<Part> parts;
  Figure total;
  bool operator==(const Decomposition&) const = default;
};

/// Effects in money. `kind`: incremental_revenue, incremental_margin, return_on_cost; `basis`: per_day,
/// if_shipped, so_far.
struct MoneyRow {
  std::string arm, against, kind, basis;
  Figure figure;
  std::vector<NamedNumber> assumptions;
  std::string metric = {};
  bool operator==(const MoneyRow&) const = default;
};

/// Kaplan-Meier or other curves per arm, e.g. time to second order.
struct Curve {
  std::string metric, arm;
  struct Point {
    double day = 0;
    Figure value;
    bool operator==(const Point&) const = default;
  };
  std::vector<Point> points;
  bool operator==(const Curve&) const = default;
};

/// Time to an event with censoring: one variant against one control. The curves are `curves`.
struct SurvivalComparison {
  std::string metric, arm, against;
  std::int64_t events = 0, control_events = 0;
  std::optional<double> log_rank_p_value;
  Figure hazard_ratio;     ///< above 1: sooner
  Figure restricted_mean;  ///< difference of days without the event, within `horizon_days`
  int horizon_days = 0;
  bool operator==(const SurvivalComparison&) const = default;
};

/// What was shown and bought, per arm. `coverage`: share of the items shown in any arm, at the number of
/// items that the smallest arm was shown. `diversity`: chance that two units are shown different items.
/// `novelty`: bits.
struct CatalogBreadth {
  std::string metric, arm;
  std::optional<double> coverage, diversity, novelty;
  std::optional<double> effective_items = {};
  std::int64_t shown = 0, items = 0;
  struct Change {
    std::string against, measure;  ///< effective_items, coverage or novelty
    Figure relative;
    bool operator==(const Change&) const = default;
  };
  std::vector<Change> changes = {};
  bool operator==(const CatalogBreadth&) const = default;
};

/// Booked and net revenue of one arm: what was ordered, and what of it stood at the as-of time.
struct RefundRow {
  std::string metric, arm;
  std::int64_t units = 0;
  std::optional<double> booked, net;  ///< totals, raw
  std::optional<double> return_rate;  ///< 1 - net / booked
  std::optional<double> settled_share;
  std::int64_t refunds = 0;
  std::optional<double> delay_median_days, delay_p90_days;  ///< from an order to its refund
  bool operator==(const RefundRow&) const = default;
};

/// The 2x2 of two concurrent experiments and the interval of their interaction: how many times as large the
/// one lift is under the other's arm, minus 1.
struct Interaction {
  std::string with_experiment, metric, arm, other_arm;
  std::vector<NamedNumber> cells;
  Figure interaction;
  std::string against = {}, other_against = {};
  struct Effect {
    std::string other_arm;
    std::int64_t units = 0;
    Figure relative;
    bool operator==(const Effect&) const = default;
  };
  std::vector<Effect> effects = {};  ///< this experiment's lift under each arm of the other
  bool operator==(const Interaction&) const = default;
};

struct Ledger {
  std::string holdout, metric;
  Figure cumulative;             ///< open against held out, confidence sequence
  Figure shipped_sum;            ///< naive; shares of the held-out value, as all that follows
  Figure shipped_sum_corrected;  ///< less the winner's curse
  Figure gap;                    ///< cumulative - corrected
  std::vector<TimePoint> timeline;
  struct Shipped {
    std::string experiment;
    Figure lift;  ///< of the open units as a whole: the experiment's effect times `coverage`
    std::string arm = {};
    bool shipped = true;                    ///< false: not shipped, but part of the correction
    std::optional<double> coverage = {};    ///< share of the open units whom the experiment is for
    std::optional<double> correction = {};  ///< expected excess of this one
    bool operator==(const Shipped&) const = default;
  };
  std::vector<Shipped> shipped;
  std::string layer = {};  ///< of a layer's holdout; empty: global
  std::int64_t held_out_units = 0, open_units = 0;
  bool operator==(const Ledger&) const = default;
};

struct PowerPoint {
  int day = 0;
  std::int64_t units = 0;
  std::optional<double> mde;  ///< smallest relative lift found with the planned power
  bool operator==(const PowerPoint&) const = default;
};

struct PowerSummary {
  std::string metric, arm, against;
  std::optional<double> planned_mde, power;
  std::vector<PowerPoint> points;
  bool operator==(const PowerSummary&) const = default;
};

/// Plan against run: what was frozen beside what happened.
struct PlanRow {
  std::string item;  ///< method, alpha, planned_units, min_days, arm_shares, windows ..
  std::string planned, actual;
  bool kept = true;
  bool operator==(const PlanRow&) const = default;
};

struct VariantVerdict {
  std::string arm;
  std::string word;  ///< Ship, Stop, Keep running, No decision
  std::string
      because;  ///< the rule that applied: sample_ratio_failed, guardrail_breached, primary_worse,
                ///< before_min_days, burn_in, primary_better, horizon_reached, not_settled, before_horizon
  std::vector<std::string> metrics;  ///< that the rule speaks of
  bool operator==(const VariantVerdict&) const = default;
};

struct Verdict {
  std::string word;       ///< of the best variant by the plan's rule
  std::string arm;        ///< the variant it speaks of; empty if none
  std::string rule;       ///< name of the plan's rule
  bool withheld = false;  ///< a failed sample-ratio check: no reading counts
  std::optional<std::int64_t> not_until;
  std::optional<int> days_to_go;
  std::vector<VariantVerdict> variants;
  bool operator==(const Verdict&) const = default;
};

struct Provenance {
  std::string version, catalog_digest, data_digest, plan_digest, command;
  std::string method, scheme;
  std::optional<double> alpha;
  std::optional<std::int64_t> planned_units;
  std::int64_t as_of = 0;
  std::optional<std::int64_t> data_through;
  bool restated = false;            ///< an erasure or purge has touched this report's data since
  std::vector<NamedNumber> counts;  ///< rows read, duplicates, rejected ..
  bool operator==(const Provenance&) const = default;
};

struct Scorecard {
  ExperimentInfo experiment;
  std::vector<ArmSummary> arms;
  std::vector<Check> checks;
  std::vector<MetricResult> metrics;
  std::vector<SegmentTable> segments;
  std::vector<Funnel> funnels;
  std::vector<Decomposition> decompositions;
  std::vector<MoneyRow> money;
  std::vector<Curve> curves;
  std::vector<SurvivalComparison> survival;
  std::vector<CatalogBreadth> breadth;
  std::vector<RefundRow> refunds;
  std::vector<Interaction> interactions;
  std::vector<Ledger> ledgers;
  std::vector<PowerSummary> power;
  std::vector<PlanRow> plan_against_run;
  Verdict verdict;
  Provenance provenance;
  bool operator==(const Scorecard&) const = default;
};

}  // namespace liftmark
