// Kinds that are no sum of one number per unit: the rows of units come to the client.

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "engine/aggregate/clickhouse/metric_queries.hpp"

namespace liftmark::clickhouse {
namespace {

/// A member that stands for a unit of a shard's answer.
std::size_t add_member(Population& population, std::uint64_t cell, std::uint64_t crossed, std::uint64_t bot,
                       std::uint64_t day) {
  population.cell.push_back(static_cast<std::uint16_t>(cell));
  population.crossed.push_back(static_cast<std::uint8_t>(crossed));
  population.day.push_back(static_cast<std::uint16_t>(day));
  if (!population.bot.empty()) population.bot.push_back(static_cast<std::uint8_t>(bot));
  return population.cell.size() - 1;
}

/// time_to_event: how often each time came, by arm and epoch.
void load_times(Run& run, const MetricNeeds& metric, KeptSums& kept) {
  const int minimum = std::max(run.needs.orders[static_cast<std::size_t>(metric.orders)].minimum, 1);
  const std::string followed = fmt::format("least(toInt64({}), {} - t0)", metric.window, run.until);
  std::vector<KeptEvent> events(static_cast<std::size_t>(minimum));
  for_each_row(
      run.store.cluster(),
      fmt::format("SELECT cell, o{0} >= {1} AS e, if(e, ot{0}, {2}) AS time, count() FROM lm_value GROUP BY "
                  "cell, e, time",
                  metric.orders, minimum, followed),
      [&](const Rows& rows) {
        const bool event = rows.natural(1) != 0;
        events.back().since = rows.integer(2);
        KeptUnit unit{.member = add_member(run.population, rows.natural(0), 0, 0, 0),
                      .followed = rows.integer(2)};
        if (event) unit.events = events;
        for (std::int64_t units = rows.integer(3); units > 0; --units) kept.add(unit);
      });
}

}  // namespace

void load_kept(Run& run, const EventSql& sql, std::size_t index, TextCodes& texts, KeptSums& kept) {
  const MetricNeeds& metric = run.needs.metrics[index];
  if (metric.orders >= 0) return load_times(run, metric, kept);
  const Feature& feature = run.needs.features[static_cast<std::size_t>(metric.features.front())];
  std::string groups, columns;
  for (std::size_t d = 0; d < run.population.dimensions.size(); ++d) {
    columns += fmt::format(", g{}", d);
    groups += fmt::format(", any(g{})", d);
  }
  const std::string item = metric.item < 0 ? "''" : fmt::format("if(ph{0}, pt{0}, '')", metric.item);
  // Delays of refunds are asked of units with refunds only.
  const std::string having = metric.factors.empty() ? "" : " HAVING min(number) < 0";
  std::vector<KeptEvent> events;
  std::vector<std::size_t> order;
  for_each_row(
      run.store.cluster(),
      fmt::format(
          "SELECT any(cell), any(crossed), any({}), groupArray(since), groupArray(number), "
          "groupArray(item), any(day), any(bot){} FROM (SELECT low, high, cell, crossed, day, bot, t0, "
          "since, {} AS number, {} "
          "AS item{} FROM "
          "({}) AS j WHERE {}) AS k GROUP BY low, high{}",
          mature_sql(run, metric), groups, sql.number(feature), item, columns,
          sql.rows_of_units("lm_value", "t0, cell, crossed, day, bot" + columns), sql.counts(feature),
          having),
      [&](const Rows& rows) {
        const auto since = rows.integers(3), value = rows.integers(4);
        const auto items = rows.texts(5);
        order.resize(since.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
          return since[a] != since[b] ? since[a] < since[b] : value[a] > value[b];
        });
        events.clear();
        for (const std::size_t i : order)
          events.push_back({.since = since[i],
                            .value = value[i],
                            .item = metric.item < 0 || items[i].empty() ? 0 : texts.code(items[i])});
        const std::size_t member =
            add_member(run.population, rows.natural(0), rows.natural(1), rows.natural(7), rows.natural(6));
        for (std::size_t d = 0; d < run.population.dimensions.size(); ++d) {
          auto& group = run.population.dimensions[d].group;
          group.resize(member + 1, 0);
          group[member] = static_cast<std::uint16_t>(rows.natural(8 + d));
        }
        kept.add({.member = member, .mature = rows.natural(2) != 0, .events = events});
      });
}

}  // namespace liftmark::clickhouse
