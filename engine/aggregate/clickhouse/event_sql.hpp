#pragma once
// Events as SQL: which rows are read, and when a row counts for a feature. Internal to the ClickHouse engine.

#include <string>
#include <vector>

#include "engine/aggregate/clickhouse/run.hpp"

namespace liftmark::clickhouse {

class EventSql {
 public:
  /// Asks the shards which texts the properties of the needs' predicates have, so that a predicate means to
  /// SQL exactly what it means everywhere: the comparison itself is made here, per distinct text. Throws
  /// Error{data} naming a property with more than kMostTexts of them.
  explicit EventSql(const Run& run);
  static constexpr std::size_t kMostTexts = 100'000;

  /// The rows that the needs' filter keeps, each id once: low, high, at, type, value, recorded_at, id,
  /// reference, and per property whether it is there (ph), its text (pt), whether that is a number (pk) and
  /// which (pn).
  std::string rows() const;
  /// The same joined with a table of units: their columns `unit_columns` beside.
  std::string rows_of_units(const std::string& table, const std::string& unit_columns) const;
  /// The columns of rows(), in order.
  std::string columns() const;
  /// When a row counts for the feature, relative to `start`. With `unread`: when it would, had its property
  /// been a number.
  std::string counts(const Feature& feature, const std::string& start, bool unread = false) const;
  /// What the row adds to the feature.
  std::string number(const Feature& feature) const;
  /// The feature of a group of rows.
  std::string total(const Feature& feature, const std::string& start) const;

 private:
  std::string condition() const;
  /// What follows FROM.
  std::string source(const std::vector<std::string>& properties) const;
  std::string predicate_sql(const assign::Predicate& predicate) const;
  std::string comparison_sql(const assign::Predicate& predicate) const;
  std::vector<std::string> texts_of(const std::string& property) const;

  const Run& run_;
  std::vector<std::string> predicates_;  ///< by Needs::predicates
};

}  // namespace liftmark::clickhouse
