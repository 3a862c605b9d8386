#pragma once
// Values by days since the first exposure: the tables lm_day and lm_trend. Internal to the ClickHouse engine.
//
// lm_day: a row a unit and day on which something counted, with d<i> for the features of metrics kept by day,
// and of the unit t0, cell, h<i> and f<i> of the covariates. lm_trend: a row a unit with such days, t0 and
// cell, and of feature i total<i> over its days and times_day<i>, the sum of it times the day.

#include <string>
#include <vector>

#include "engine/aggregate/clickhouse/packed_counts.hpp"
#include "engine/aggregate/clickhouse/unit_values.hpp"

namespace liftmark::clickhouse {

/// A column of a table of units: over a row of lm_part, the slice's units as they come out of the grouping.
struct UnitColumn {
  std::string name, type, value;
};
/// ", name type" of each, and ", value" of each.
std::string columns_of(const std::vector<UnitColumn>& columns);
std::string values_of(const std::vector<UnitColumn>& columns);

/// The features that are kept by day; empty when no metric is.
std::vector<int> daily_features(const Needs& needs);
/// The covariates of metrics that are.
std::vector<int> daily_covariates(const Needs& needs);
/// The longest window in days of a metric that is, at least 1.
Micros most_days(const Needs& needs);
/// Over a row of lm_trend: the sums over days d of the metric's window of (2 x days - 1 - 2d) and of (2d + 1)
/// times the value of the feature at this place.
std::vector<std::string> trend_sql(const MetricNeeds& metric, std::size_t place);

/// How the tables are made of lm_part, which keeps of each row that counts for a daily feature, as arrays of
/// equal length, words of its day (kDayMask) and for which of the features it counts (kFeatureBits above),
/// and the numbers they add up.
class DayTables {
 public:
  /// `bits`: see PackedCounts. `unit`: columns of lm_value that lm_day has too, by lm_part's columns
  /// `carried`.
  DayTables(const Run& run, const EventSql& events, unsigned bits, std::vector<UnitColumn> unit,
            std::vector<std::string> carried);
  bool empty() const noexcept { return features_.empty(); }
  /// Columns of lm_part: `value` is the aggregate.
  const std::vector<UnitColumn>& arrays() const noexcept { return arrays_; }
  /// Makes empty tables.
  void create() const;
  /// Adds the slice in lm_part.
  void add_part() const;

 private:
  static constexpr std::size_t kDayBits = 16, kDayMask = 65535, kFeatureBits = 32;
  static std::size_t bit(std::size_t place) { return kDayBits + place % kFeatureBits; }
  void add_arrays(const EventSql& events);
  void add_feature(const EventSql& events, std::size_t place, unsigned bits);
  std::vector<std::string> sums() const;
  std::string by_unit() const;
  std::vector<UnitColumn> trend() const;

  const Run& run_;
  std::vector<int> features_;
  std::vector<UnitColumn> unit_;      ///< of the unit; the first is its cell
  std::vector<std::string> carried_;  ///< lm_part's columns that these and t0 are made of
  std::vector<UnitColumn> arrays_{};
  std::size_t words_ = 0;
  std::vector<std::string> numbers_{};
  PackedCounts counts_;                ///< k<i>
  std::vector<UnitColumn> running_{};  ///< s<i>: what a row adds, as a lambda over sorted rows
  std::vector<UnitColumn> by_day_{};   ///< s<i> of another kind: an array by day
  std::vector<UnitColumn> totals_{};   ///< d<i> by place, over k<i> and s<i>
};

}  // namespace liftmark::clickhouse
