#pragma once
// Events as SQL: which rows are read, and when a row counts for a feature. Internal to the ClickHouse engine.

#include <string>
#include <string_view>
#include <vector>

#include "engine/aggregate/clickhouse/run.hpp"

namespace liftmark::clickhouse {

/// The type whose last event says in which stage of a customer's life a unit is.
inline constexpr std::string_view kPurchase = "purchase";

/// "bitAnd(a, b)" of conditions that are 0 or 1: a server works them out quicker than AND.
std::string both(const std::string& a, const std::string& b);
/// Whether `from` <= since < `to`.
std::string within(const std::string& since, Micros from, Micros to);

class EventSql {
 public:
  /// Asks the shards which texts the properties of the needs' predicates have, so that a predicate means to
  /// SQL exactly what it means everywhere: the comparison itself is made here, per distinct text. Throws
  /// Error{data} naming a property with more than kMostTexts of them.
  explicit EventSql(const Run& run);
  static constexpr std::size_t kMostTexts = 100'000;

  /// The rows that the needs' filter keeps, each id once: low, high, at, kind (a number for each type
  /// that somebody asks for), value, recorded_at, id, reference, and per property whether it is there (ph),
  /// its text (pt), whether that is a number (pk) and which (pn). `also`: a further condition, over type, low
  /// and high.
  std::string rows(const std::string& also = "") const;
  /// The rows of a table's units, with `unit`, its columns `unit_columns` (of which t0 must be one), and
  /// `since` t0. `also`: which of them, a condition over low and high.
  std::string rows_of_units(const std::string& table, const std::string& unit_columns,
                            const std::string& also = "") const;
  /// Whether a row is of one of the types; none: of any.
  std::string is_of(const std::vector<std::string>& types) const;
  /// 1 when a row counts for the feature, else 0; `since`: how long after the unit's start it was. With
  /// `unread`: when it would, had its property been a number.
  std::string counts(const Feature& feature, const std::string& since = "since", bool unread = false) const;
  /// What the row adds to the feature.
  std::string number(const Feature& feature) const;
  /// What the feature's total() is of: number(), or the day.
  std::string totalled(const Feature& feature) const;
  /// The feature of a group of rows: `totalled` where `condition` holds.
  static std::string total(const Feature& feature, const std::string& totalled, const std::string& condition);

 private:
  std::string details() const;
  std::string condition(const std::string& also = "") const;
  std::string kind_sql() const;
  /// What follows FROM.
  std::string source(const std::vector<std::string>& properties) const;
  std::string predicate_sql(const assign::Predicate& predicate) const;
  std::string comparison_sql(const assign::Predicate& predicate) const;
  std::vector<std::string> texts_of(const std::string& property) const;

  const Run& run_;
  std::vector<std::string> predicates_;  ///< by Needs::predicates
  std::vector<std::string> kinds_;       ///< types, sorted; their numbers start from 1
};

}  // namespace liftmark::clickhouse
