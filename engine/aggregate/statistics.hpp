#pragma once
// What one pass over the data gives: mergeable sufficient statistics per metric, epoch, arm, segment and day.
// Event store, a CSV with one row per unit, and a table of counts and sums all end here; analyse starts here.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stats/co_moments.hpp"
#include "stats/survival.hpp"

namespace liftmark {

/// Where a metric's values stand in its CoMoments: [0] numerator; [1] denominator if `ratio`; then
/// `covariates` columns (for a ratio metric the covariate's numerator and denominator; else one or several
/// pre-period values).
struct ValueLayout {
  bool ratio = false;
  int covariates = 0;
  bool binary = false;  ///< the numerator is 0/1: exact methods may be used
  bool third = true;    ///< third moments are known; false: tables of means and variances
  std::size_t dimension() const { return (ratio ? 2u : 1u) + static_cast<std::size_t>(covariates); }
};

/// One group of units: an arm within an epoch. Units without history are a stratum of their own, in which the
/// covariate says nothing; without covariates everybody is in `history`.
struct Cell {
  int epoch = 1;
  std::size_t arm = 0;  ///< index into Statistics::arms
  stats::CoMoments history = stats::CoMoments(1);
  stats::CoMoments no_history = stats::CoMoments(1);
};

/// Of raw unit values, one arm, all epochs. See describe_distribution().
struct DistributionCell {
  std::size_t arm = 0;
  std::optional<double> median, p90, p99, maximum, top_share, share_capped, skewness;
};

struct MetricStatistics {
  std::string metric;
  ValueLayout layout;
  std::vector<Cell> cells;               ///< epoch x arm, planned cap applied, mature units
  std::vector<Cell> uncapped;            ///< empty if there is no cap
  std::vector<Cell> without_crossovers;  ///< empty if nobody crossed
  std::vector<Cell> without_bots;        ///< empty if nobody is suspected, or nobody looked
  struct Group {
    std::string dimension, group;
    std::vector<Cell> cells;
  };
  std::vector<Group> groups;  ///< segments
  struct Day {
    int day = 0;  ///< 1-based
    std::vector<Cell> cells;
  };
  std::vector<Day> by_day;  ///< units by the day of their first exposure; cumulate by merging
  /// Measures of a whole arm (quantile, breadth), which do not merge: of the units first exposed on each day,
  /// and of those first exposed up to it. Their `by_day` counts units and holds zeros.
  std::vector<Day> measured_on, measured_until;
  /// Tables of running totals: all units so far as they stood on the day, instead of `by_day`.
  std::vector<Day> running;
  std::vector<Day> since_exposure;  ///< values by days since first exposure
  /// One-dimensional cells of a part of the metric, everybody in `history`.
  struct Part {
    std::string name;
    std::vector<Cell> cells;
  };
  std::vector<Part> steps;  ///< funnels: 1 for units that reached the step, in order; `cells` is the last one
  std::vector<Part> surfaces;  ///< raw unit values by surface, by name; they add up to the raw metric
  /// Sums of money only: [0] bought (0/1), [1] orders, [2] gross, [3] net, raw, everybody in `history`.
  /// Orders are events with a positive value, gross is their sum, net the sum of all. Empty for other
  /// metrics.
  std::vector<Cell> factors;
  /// The same without the `units` largest raw values of all arms together.
  struct Trimmed {
    std::int64_t units = 0;
    std::vector<Cell> cells;
  };
  std::vector<Trimmed> without_top;
  /// Values weighted by day d of the W days since the first exposure, everybody in `history`: [0] by W - d -
  /// 1/2 (early), [1] by d + 1/2 (late); of a ratio's denominator [2] and [3] likewise. Raw.
  std::vector<Cell> trend;
  /// Blends: the raw values of the terms in their order, everybody in `history`.
  std::vector<Cell> terms;
  /// time_to_event: how long each unit was followed, in days; everybody, censored at the as-of time.
  struct FollowUps {
    int epoch = 1;
    std::size_t arm = 0;
    std::vector<stats::FollowUp> units;
  };
  std::vector<FollowUps> follow_ups;
  /// breadth: "effective_items", "coverage", "novelty", each as linearised unit values whose mean is the
  /// arm's measure.
  std::vector<Part> breadth;
  struct Shown {
    std::size_t arm = 0;
    std::int64_t units = 0, events = 0, items = 0;
    std::optional<double> diversity;  ///< chance that two different units are shown different items
  };
  std::vector<Shown> shown;
  /// Sums of money: how long after its order a refund came.
  struct RefundDelay {
    std::size_t arm = 0;
    std::int64_t refunds = 0;
    std::optional<double> median_days, p90_days;
  };
  std::vector<RefundDelay> refund_delays;
  std::vector<DistributionCell> distribution;
  std::optional<double> cap;
  std::vector<std::int64_t> immature_units;  ///< per arm: window not over at the as-of time
};

struct ArmCounts {
  std::string key;
  bool control = false;
  std::int64_t units = 0, crossed_units = 0, fallback_units = 0, erased_units = 0;
  std::map<int, std::int64_t> units_by_epoch;
};

/// The group of units without a value.
inline constexpr std::string_view kNoValue = "(none)";
/// Before another experiment's key: a dimension of units by the arm they have there, kNoValue without one.
inline constexpr std::string_view kExperimentDimension = "experiment:";

/// How a dimension's groups were made from what was known before the first exposure.
struct DerivedDimension {
  std::string dimension, method;
  std::vector<std::pair<std::string, double>> cut_points;
};

/// Units per arm for one value of one dimension, to localise a sample-ratio failure.
struct SplitCount {
  std::string dimension, group;
  std::vector<std::int64_t> units;
  int epoch = 1;
};

/// An experiment whose arms are crossed with this one's, and the arm that counts as its control.
struct CrossedExperiment {
  std::string experiment, control;
};

struct Statistics {
  std::string experiment;
  std::vector<ArmCounts> arms;
  /// Expected share of each arm by epoch, from the catalog in force; empty: unknown.
  std::map<int, std::vector<double>> expected_shares;
  std::vector<SplitCount> splits;
  std::vector<DerivedDimension> derived;
  std::vector<CrossedExperiment> crossed;
  std::vector<std::vector<std::int64_t>> units_by_day;  ///< [day - 1][arm], by first exposure
  std::vector<MetricStatistics> metrics;
  std::optional<std::int64_t> first_exposure, last_exposure;
  std::int64_t as_of = 0;
  std::int64_t repeated_exposures = 0, duplicates = 0, conflicts = 0, late_events = 0, future_events = 0;
  std::map<std::string, std::int64_t> counts;  ///< rows read, rejected by reason ..
  std::string data_digest;
  /// Whether rows came through a store's door, where duplicates are counted, and whether each has a time of
  /// its recording. A shop's own tables in ClickHouse have no door, and not always such a time.
  bool has_door = true, has_recorded_times = true;
};

}  // namespace liftmark
