#pragma once
// One question to the shards: who is measured, and each unit's values, as temporary tables on every shard.
// Internal to the ClickHouse engine.
//
// A shard works out the values of its own units and never sends them: what comes back are exact sums by arm,
// epoch, day and segment (metric_queries.hpp), and for the few kinds that need more, what docs/clickhouse.md
// says. Tables of a session: lm_unit (first exposures), lm_bot (suspected bots), lm_value (a row a unit, a
// column a feature), lm_day (values by days since the first exposure), lm_trend (weighted sums of those).
// They are made slice by slice of the units: a shard takes memory for so many events at a time, whatever it
// has.

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/aggregate/aggregate.hpp"
#include "engine/aggregate/needs.hpp"
#include "engine/aggregate/population.hpp"
#include "engine/aggregate/store_view.hpp"
#include "engine/record/clickhouse/removals.hpp"
#include "engine/record/clickhouse/sql_text.hpp"
#include "engine/record/clickhouse/store.hpp"

namespace liftmark::clickhouse {

/// Tables of a session, in the servers' memory until they are dropped.
inline constexpr std::array kSessionTables{"lm_first", "lm_unit",  "lm_busy", "lm_bot",
                                           "lm_part",  "lm_value", "lm_day",  "lm_trend"};

/// Units whose rows stand next to each other in the tables.
struct Slice {
  std::string units;   ///< condition over `low`
  std::string bucket;  ///< one of 65,536 numbers by `low`: some of the slice's units, all their rows
};
/// All units, in as many slices that the fullest shard has about `rows_at_once` events in each.
std::vector<Slice> slices_of(Cluster& cluster, const RowTables& tables, std::int64_t rows_at_once);

struct Run {
  Store& store;
  const RowTables& tables;
  const Catalog& catalog;
  const ExperimentDefinition& experiment;
  Micros as_of = 0, until = 0;
  std::vector<Micros> uncertain{};  ///< CommitList::uncertain
  Hidden hidden{};                  ///< what is on its way out
  std::vector<Slice> slices{};
  Population population{};  ///< arms, epochs, days and groups; members only for KeptSums
  Needs needs{};
};

/// Calls `row` for every row of every shard's answer.
void for_each_row(Cluster& cluster, const std::string& sql, const std::function<void(const Rows&)>& row);

/// The day of a moment as SQL; see day_of().
std::string day_sql(const Run& run, const std::string& at);
/// "table.column IN (..)" of types; "1" for all types.
std::string types_sql(const std::vector<std::string>& types);

/// Makes lm_unit and fills in the population and what Statistics says of it.
void make_units(Run& run, const std::vector<std::string>& dimensions, Statistics& statistics);

/// Makes lm_bot of the measured units that suspected_bots() names, marks the population when there are any
/// (Population::bot), and says how many. Needs lm_unit.
std::int64_t make_bots(Run& run);

/// When the first exposure happened and was recorded; see StoreView.
FirstExposure first_exposure(Store& store, const RowTables& tables, const Hidden& hidden,
                             std::string_view experiment, Micros as_of, Micros until);

/// Of own tables on several shards: throws Error{data} when rows of a unit stand on more than one, which
/// would be measured as several units, or not at all. Looks at some units only. Needs lm_first.
void check_shards(const Run& run);

}  // namespace liftmark::clickhouse
