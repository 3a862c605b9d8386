#pragma once
// The catalog: one JSON file defines experiments, arms, layers, holdouts, metrics and plans.
// docs/catalog.md is the reference, docs/catalog.schema.json the published schema.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "assign/experiment.hpp"

namespace liftmark {

enum class MetricKind {
  proportion,       ///< share of units with at least one matching event
  count,            ///< matching events per unit
  mean,             ///< a unit value (sum, max, distinct days ..) averaged over units
  ratio,            ///< sum of numerators over sum of denominators, e.g. CTR, AOV
  retention,        ///< came back: day N, on or after N until M, or within N
  repeat_purchase,  ///< at least k orders not fully refunded within d days of exposure
  quantile,         ///< of event values, clustered by unit
  funnel,           ///< ordered steps
  time_to_event,    ///< e.g. time to second order, censored
  blend,            ///< a frozen linear combination of per-unit metrics
  breadth,          ///< coverage, diversity and novelty of items
};
std::string_view name(MetricKind kind) noexcept;

/// How a unit's matching events become one number; missing means 0.
enum class Aggregation { any, count, sum, max, distinct_days };
std::string_view name(Aggregation aggregation) noexcept;

/// Which events and what of them. `where` is a predicate over the event's properties.
struct Source {
  std::vector<std::string> events;  ///< event types; any of them
  Aggregation aggregation = Aggregation::count;
  std::string value;  ///< property to aggregate; empty: the event's value
  assign::Predicate where;
};

/// One threshold for all arms on the unit's total, fixed beforehand. Exactly one is set.
struct Cap {
  std::optional<double> absolute;
  std::optional<double>
      percentile;  ///< in (0, 1), of non-zero pre-period unit values over the metric's window
};

struct Retention {
  enum class Kind { on_day, on_or_after, within };
  Kind kind = Kind::on_day;
  int day = 1;        ///< N
  int until_day = 0;  ///< M for on_or_after
};

/// What a breadth metric's comparisons and margins follow; all three are shown.
enum class BreadthMeasure {
  effective_items,  ///< 1 / chance that two units are shown the same item
  coverage,         ///< share of the catalogue's items, at equal numbers of items shown
  novelty,          ///< mean -log2 of an item's share of all that was shown, in bits
};

std::string_view name(BreadthMeasure measure) noexcept;

enum class Direction { increase, decrease };
enum class Maturity { complete, any };
enum class Scale { log, fieller };

struct Metric {
  std::string key, name, description;
  MetricKind kind = MetricKind::mean;
  Source numerator;
  Source denominator;  ///< ratio only
  int window_days = 14;
  int settle_days = 0;
  Maturity maturity = Maturity::complete;
  std::optional<Cap> cap;
  int lookback_days = 28;  ///< covariate; 0 switches adjustment off
  Direction direction = Direction::increase;
  Scale scale = Scale::log;
  std::string format;   ///< percent, currency, number, duration; empty: by kind
  Retention retention;  ///< retention only
  int minimum_orders =
      2;  ///< repeat_purchase: k; time_to_event: the event that counts, e.g. 2 for the second order
  std::vector<std::string> refund_events{
      "refund"};              ///< repeat_purchase, time_to_event: what may cancel an order
  double quantile = 0.5;      ///< quantile only
  std::vector<Source> steps;  ///< funnel only
  std::vector<std::string> step_names;
  struct Term {
    std::string metric;
    double weight = 0.0;
  };
  std::vector<Term> terms;  ///< blend only
  std::string surface;      ///< property that splits the metric by surface; empty: no split
  std::string item;         ///< breadth only: property holding the item id
  BreadthMeasure measure = BreadthMeasure::effective_items;  ///< breadth only
};

enum class Method {
  always_valid,  ///< asymptotic confidence sequence (default)
  fixed,         ///< fixed horizon
  group_sequential,
  mixture_sprt,
  exact_counts,  ///< exact two-arm sequence for counts
  betting,       ///< two-arm betting sequence for bounded values
  bayesian,
};
std::string_view name(Method method) noexcept;

struct Guardrail {
  std::string metric;
  double margin = 0.0;  ///< relative, > 0
};

enum class Correction { allocation, holm, hochberg, benjamini_hochberg, benjamini_yekutieli, dunnett };

/// Frozen and hashed before the start; the rule that gives the verdict is part of it.
struct Plan {
  std::vector<std::string> primary, secondary;
  std::vector<Guardrail> guardrails;
  Method method = Method::always_valid;
  double alpha = 0.05;            ///< two-sided, split over primaries x variants
  double guardrail_alpha = 0.05;  ///< one-sided, each, for "within margin"
  double harm_alpha = 0.01;       ///< one-sided, split over guardrails x variants, for "breached"
  double power = 0.8;
  std::optional<double> mde;                  ///< relative
  std::optional<std::int64_t> planned_units;  ///< n*: planned mature units of the two compared arms
  int min_days = 14;                          ///< whole weeks
  std::optional<int> horizon_days;
  Correction correction = Correction::allocation;
  std::vector<std::string> segments;         ///< attributes, or "rfm", "lifecycle", "cold_start"
  std::string spending = "obrien_fleming";   ///< group_sequential; one of kSpendings
  std::optional<double> spending_parameter;  ///< rho of kim_demets, gamma of hwang_shih_decani
  std::vector<int> look_days;                ///< group_sequential
  std::string rule = "clear_win_no_harm";
  std::vector<std::string> against;  ///< control arms to compare with; empty: the first control
  std::optional<double> prior_mean, prior_standard_deviation;  ///< bayesian, relative effect
  std::optional<double> margin_rate, cost_per_unit;            ///< money rows
  std::vector<std::string> interactions;  ///< other experiments, run at the same time, to cross with
};

/// Who says that a unit has met its arm: the code that shows it, or the service as soon as it is asked.
enum class ExposureBy { report, evaluation };

struct ExperimentDefinition {
  assign::Experiment assignment;
  ExposureBy exposure = ExposureBy::report;
  std::string name, hypothesis, owner;
  std::optional<std::int64_t> start;  ///< planned; microseconds UTC
  Plan plan;
  /// The arm that everybody was given afterwards; for the holdout ledger.
  struct Shipped {
    std::string arm;
    std::int64_t at = 0;  ///< microseconds UTC
  };
  std::optional<Shipped> shipped;
};

/// What a holdout's ledger follows. Its population is the holdout's own exposures: an experiment named like
/// the holdout, with the arms kHeldOut and kOpen, recorded before any experiment's.
struct LedgerDefinition {
  std::string holdout;
  std::vector<std::string> metrics;
  std::optional<std::int64_t> planned_units;  ///< n*: tunes the sequence
  double alpha = 0.05;                        ///< split over the metrics
};
inline constexpr std::string_view kHeldOut = "held_out", kOpen = "open";

struct Catalog {
  std::string currency;
  int day_offset_minutes = 0;
  std::vector<assign::Layer> layers;
  std::vector<assign::Holdout> holdouts;
  std::vector<Metric> metrics;
  std::vector<ExperimentDefinition> experiments;
  std::vector<LedgerDefinition> ledgers;
  std::string text;    ///< canonical JSON
  std::string digest;  ///< SHA-256 of `text`, hex

  const Metric* find_metric(std::string_view key) const noexcept;
  const ExperimentDefinition* find_experiment(std::string_view key) const noexcept;
};

/// Parses and validates. Throws one Error{definition} holding every mistake: JSON pointer, value, remedy.
/// Unknown keys are mistakes.
Catalog parse_catalog(std::string_view json_text);

/// The frozen plan's hash: SHA-256 over the plan and the metrics it names (and the terms of its blends), with
/// every default spelled out. Two catalogs with equal digests measure and decide the same way.
std::string plan_digest(const Catalog& catalog, const ExperimentDefinition& experiment);

}  // namespace liftmark
