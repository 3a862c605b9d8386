#include <fmt/format.h>

#include "engine/aggregate/bots.hpp"
#include "engine/aggregate/clickhouse/event_sql.hpp"

namespace liftmark::clickhouse {
namespace {

std::int64_t count(Cluster& cluster, const char* table) {
  std::int64_t rows = 0;
  for_each_row(cluster, fmt::format("SELECT count() FROM {}", table),
               [&](const Rows& counted) { rows += counted.integer(0); });
  return rows;
}

void make_table(Cluster& cluster, const char* table) {
  cluster.query(fmt::format("DROP TABLE IF EXISTS {}", table));
  cluster.query(fmt::format("CREATE TEMPORARY TABLE {} (low UInt64, high UInt64)", table));
}

/// Whether more than `most` of the moments in `s`, ascending, lie within less than `span`.
std::string faster(std::uint32_t most, Micros span) {
  return fmt::format(
      "arrayExists((a, b) -> b - a < {}, arraySlice(s, 1, greatest(toInt64(length(s)) - {}, 0)), "
      "arraySlice(s, {}))",
      span, most, most + 1);
}

}  // namespace

std::int64_t make_bots(Run& run) {
  if (run.population.first == 0) return 0;
  const Run every{.store = run.store,
                  .tables = run.tables,
                  .catalog = run.catalog,
                  .experiment = run.experiment,
                  .as_of = run.as_of,
                  .until = run.until,
                  .uncertain = run.uncertain,
                  .hidden = run.hidden};
  const EventSql events(every);
  const BotLimits limits;
  Cluster& cluster = run.store.cluster();
  make_table(cluster, "lm_busy");
  // Most units are ruled out by how many rows they have in all, and most of those by how many have all units
  // of their bucket, which a server counts without looking for a place.
  for (const Slice& slice : run.slices)
    cluster.query(fmt::format(
        "INSERT INTO lm_busy SELECT low, high FROM {0} WHERE {1} AND {2} IN (SELECT {2} AS bucket FROM {0} "
        "WHERE {1} GROUP BY bucket HAVING count() > {3}) GROUP BY low, high HAVING count() > {3}",
        run.tables.events({.to = run.until}), slice.units, slice.bucket, limits.few()));
  if (count(cluster, "lm_busy") == 0) return 0;
  make_table(cluster, "lm_bot");
  cluster.query(fmt::format(
      "INSERT INTO lm_bot SELECT low, high FROM (SELECT low, high, arraySort(groupArray(at)) AS s FROM ({}) "
      "AS e GROUP BY low, high) AS b WHERE ({} OR {}) AND (low, high) IN (SELECT low, high FROM lm_unit)",
      events.rows("(low, high) IN (SELECT low, high FROM lm_busy)"),
      faster(limits.in_a_minute, 60 * kMicrosPerSecond), faster(limits.in_a_day, kMicrosPerDay)));
  const std::int64_t bots = count(cluster, "lm_bot");
  // Sums look whether anybody is marked before they know a member: the first one stands for no unit.
  if (bots > 0) {
    run.population.cell.push_back(0);
    run.population.crossed.push_back(0);
    run.population.day.push_back(0);
    run.population.bot.push_back(1);
  }
  return bots;
}

}  // namespace liftmark::clickhouse
