#pragma once
// Where the rows of a ClickHouse store stand: in its tables `event` and `exposure`, or in a shop's own tables
// that the catalog maps (engine/definition/own_tables.hpp). A statement reads from what this gives and is the
// same for both.
//
// Of own tables: a unit's 128 bits are two hashes of its id that the server works out (nothing compares them
// with those of the store's tables). Without a column for it: `recorded_at` is `at`, `epoch` the
// experiment's, `value` 0, `id`, `reference` and `fallback` empty. Rows without unit or moment are left out.

#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/definition/own_tables.hpp"
#include "engine/record/clickhouse/client.hpp"
#include "engine/record/event.hpp"

namespace liftmark::clickhouse {

/// Which rows a statement is after: it says so itself too, this spares the server the others.
struct RowsWanted {
  std::vector<std::string> types{};  ///< event types; empty: all
  Micros from = std::numeric_limits<Micros>::min(), to = std::numeric_limits<Micros>::max();  ///< at
  std::vector<std::string> properties{};  ///< that are looked at
};

class RowTables {
 public:
  /// The store's.
  RowTables() = default;
  /// The catalog's, if it maps any; `database` is the store's. Throws Error{usage} naming the table and
  /// column that a shard does not have or that is of a type that the field cannot be read from.
  RowTables(Cluster& cluster, std::string_view catalog, const std::string& database);

  /// Whether these are a shop's own tables.
  bool own() const noexcept { return own_; }
  /// Whether every event has a time of its recording that is not that of its happening.
  bool recorded_times() const noexcept;
  /// What follows FROM: columns low, high, unit, at, type, value, recorded_at, id, reference, content, stamp,
  /// keys, texts, numeric, numbers.
  std::string events(const RowsWanted& wanted) const;
  /// low, high, unit, at, experiment, epoch, arm, recorded_at, id, repeat, fallback, keys, texts.
  std::string exposures(const RowsWanted& wanted) const;
  /// The condition of events that may stand twice, and the columns that tell them apart; the condition is
  /// empty when there are none. `uncertain`: CommitList::uncertain.
  struct Repeats {
    std::string condition, identity;
  };
  Repeats repeats(const std::vector<Micros>& uncertain) const;
  /// The latest moment at which a row was recorded, at most `now`; 0 of the store's tables, whose commits say
  /// it, and without rows.
  Micros latest(Cluster& cluster, Micros now) const;

 private:
  struct Column {
    std::string name, type;  ///< type: without Nullable and LowCardinality
    bool nullable = false;
  };
  struct Table {
    OwnTable mapping;
    std::string where;  ///< JSON pointer
    std::map<std::string, Column> columns, properties;
  };
  class Look;
  class Select;

  bool own_ = false;
  std::vector<Table> exposures_, events_;
  std::map<std::string, int> epochs_;  ///< by experiment
};

/// Error{usage} of what would write into own tables.
Error own_tables_are_read_only();

}  // namespace liftmark::clickhouse
