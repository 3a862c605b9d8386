#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/aggregate/clickhouse/run.hpp"
#include "engine/aggregate/experiment_facts.hpp"
#include "engine/definition/error.hpp"

namespace liftmark::clickhouse {
namespace {

/// Days are counted from far before any shop, so that the division rounds down for every moment.
constexpr std::int64_t kDaysAhead = 200'000;

std::string visible(std::string_view experiment, Micros as_of, Micros until, const Hidden& hidden) {
  return fmt::format("experiment = {} AND repeat = 0 AND at <= {} AND recorded_at <= {}{}",
                     literal(experiment), until, as_of, hidden.units);
}

struct ArmOfEpoch {
  int epoch = 1;
  std::string arm;
};

/// Every (epoch, arm) ever recorded, visible or not, as the embedded store's names are.
std::vector<ArmOfEpoch> arms_of(const Run& run, std::string_view experiment) {
  std::map<std::pair<int, std::string>, bool> seen;
  for_each_row(run.store.cluster(),
               fmt::format("SELECT DISTINCT epoch, arm FROM {} WHERE experiment = {}",
                           run.tables.exposures({}), literal(experiment)),
               [&](const Rows& rows) {
                 seen[{static_cast<int>(rows.integer(0)), rows.text(1)}] = true;
               });
  std::vector<ArmOfEpoch> arms;
  for (const auto& [key, unused] : seen) arms.push_back({key.first, key.second});
  return arms;
}

/// The catalog's arms, then others that were recorded, by name; and the epochs.
void name_cells(Run& run, const std::vector<ArmOfEpoch>& recorded) {
  Population& population = run.population;
  for (const assign::Arm& arm : run.experiment.assignment.arms) population.arms.push_back(arm.key);
  std::vector<std::string> late;
  for (const ArmOfEpoch& one : recorded) {
    population.epochs.push_back(one.epoch);
    const auto& known = population.arms;
    if (std::find(known.begin(), known.end(), one.arm) == known.end()) late.push_back(one.arm);
  }
  std::sort(late.begin(), late.end());
  late.erase(std::unique(late.begin(), late.end()), late.end());
  population.arms.insert(population.arms.end(), late.begin(), late.end());
  std::sort(population.epochs.begin(), population.epochs.end());
  population.epochs.erase(std::unique(population.epochs.begin(), population.epochs.end()),
                          population.epochs.end());
  check_sizes(population);
}

/// An exposure row's place among the cells.
std::string cell_sql(const Population& population, const std::vector<ArmOfEpoch>& recorded) {
  std::string names, places;
  for (const ArmOfEpoch& one : recorded) {
    const auto arm =
        std::find(population.arms.begin(), population.arms.end(), one.arm) - population.arms.begin();
    const auto epoch =
        std::find(population.epochs.begin(), population.epochs.end(), one.epoch) - population.epochs.begin();
    const std::string comma = names.empty() ? "" : ", ";
    names += comma + literal(fmt::format("{}\x1f{}", one.epoch, one.arm));
    places += fmt::format("{}{}", comma, epoch * static_cast<std::ptrdiff_t>(population.arms.size()) + arm);
  }
  return fmt::format("toUInt16(transform(concat(toString(epoch), '\x1f', arm), [{}], [{}], 65535))", names,
                     places);
}

/// First exposures, before their groups are known.
void make_first(Run& run, const std::vector<ArmOfEpoch>& recorded,
                const std::vector<std::string>& attributes) {
  Cluster& cluster = run.store.cluster();
  const std::string seen = visible(run.experiment.assignment.key, run.as_of, run.until, run.hidden);
  const std::string from = run.tables.exposures({.to = run.until, .properties = attributes});
  std::string columns, values;
  for (std::size_t a = 0; a < attributes.size(); ++a) {
    const std::string key = literal(attributes[a]);
    columns += fmt::format(", a{} String", a);
    values += fmt::format(", if(has(keys, {0}), arrayElement(texts, indexOf(keys, {0})), {1})", key,
                          literal(kNoValue));
  }
  cluster.query("DROP TABLE IF EXISTS lm_first");
  cluster.query(
      "CREATE TEMPORARY TABLE lm_first (low UInt64, high UInt64, t0 Int64, cell UInt16, fallback UInt8, "
      "crossed UInt8" +
      columns + ")");
  cluster.query(fmt::format(
      "INSERT INTO lm_first SELECT low, high, at, {0}, fallback, (low, high) IN (SELECT low, high "
      "FROM {3} WHERE {1} GROUP BY low, high HAVING min({0} % {4}) != max({0} % {4})){2} FROM {3} WHERE {1} "
      "ORDER BY low, high, at, id, arm LIMIT 1 BY low, high",
      cell_sql(run.population, recorded), seen, values, from, run.population.arms.size()));
  check_shards(run);
}

/// The arm that each unit was first given in another experiment, as a table; and its arms' names.
std::string make_other(Run& run, const std::string& experiment, std::size_t place, Dimension& dimension) {
  Cluster& cluster = run.store.cluster();
  for (const ArmOfEpoch& one : arms_of(run, experiment)) dimension.groups.push_back(one.arm);
  std::sort(dimension.groups.begin(), dimension.groups.end());
  dimension.groups.erase(std::unique(dimension.groups.begin(), dimension.groups.end()),
                         dimension.groups.end());
  const std::string table = fmt::format("lm_other{}", place);
  cluster.query("DROP TABLE IF EXISTS " + table);
  cluster.query(fmt::format("CREATE TEMPORARY TABLE {} (low UInt64, high UInt64, arm String)", table));
  cluster.query(fmt::format(
      "INSERT INTO {} SELECT low, high, arm FROM {} WHERE {} ORDER BY low, high, at, id, "
      "arm LIMIT 1 BY low, high",
      table, run.tables.exposures({.to = run.until}), visible(experiment, run.as_of, run.until, run.hidden)));
  std::string sql;
  for (std::size_t group = 0; group < dimension.groups.size(); ++group)
    sql += fmt::format("(low, high) IN (SELECT low, high FROM {} WHERE arm = {}), {}, ", table,
                       literal(dimension.groups[group]), group);
  dimension.groups.emplace_back(kNoValue);
  return sql.empty() ? "0" : fmt::format("multiIf({}{})", sql, dimension.groups.size() - 1);
}

/// An attribute's groups, and each unit's place among them.
std::string group_sql(Run& run, std::size_t attribute, Dimension& dimension) {
  std::map<std::string, std::int64_t, std::less<>> counts;
  for_each_row(run.store.cluster(),
               fmt::format("SELECT a{0}, count() FROM lm_first GROUP BY a{0}", attribute),
               [&](const Rows& rows) { counts[rows.text(0)] += rows.integer(1); });
  dimension.groups = group_names(counts);
  const std::size_t named = dimension.groups.size() - (counts.size() > kMostGroups ? 1 : 0);
  std::string names, places;
  for (std::size_t group = 0; group < named; ++group) {
    names += (group == 0 ? "" : ", ") + literal(dimension.groups[group]);
    places += fmt::format("{}{}", group == 0 ? "" : ", ", group);
  }
  if (named == 0) return "0";
  return fmt::format("transform(a{}, [{}], [{}], {})", attribute, names, places, dimension.groups.size() - 1);
}

void count_units(Run& run, Statistics& statistics) {
  Population& population = run.population;
  const std::size_t arms = population.arms.size();
  statistics.units_by_day.assign(population.days, std::vector<std::int64_t>(arms, 0));
  const std::int64_t first_day = day_of(population.first, run.catalog.day_offset_minutes);
  for_each_row(
      run.store.cluster(),
      fmt::format("SELECT cell, {} - {} AS day, count(), sum(crossed), sum(fallback) FROM lm_first GROUP BY "
                  "cell, day",
                  day_sql(run, "t0"), first_day),
      [&](const Rows& rows) {
        const auto cell = rows.natural(0), day = rows.natural(1);
        ArmCounts& arm = statistics.arms[cell % arms];
        arm.units += rows.integer(2);
        arm.units_by_epoch[population.epochs[cell / arms]] += rows.integer(2);
        arm.crossed_units += rows.integer(3);
        arm.fallback_units += rows.integer(4);
        statistics.units_by_day[day][cell % arms] += rows.integer(2);
      });
}

/// From when to when units were first exposed; false without units.
bool read_span(Run& run) {
  Population& population = run.population;
  bool any = false;
  for_each_row(run.store.cluster(), "SELECT count(), min(t0), max(t0) FROM lm_first", [&](const Rows& rows) {
    if (rows.integer(0) == 0) return;
    population.first = any ? std::min(population.first, rows.integer(1)) : rows.integer(1);
    population.last = any ? std::max(population.last, rows.integer(2)) : rows.integer(2);
    any = true;
  });
  const int offset = run.catalog.day_offset_minutes;
  if (any)
    population.days =
        static_cast<std::size_t>(day_of(population.last, offset) - day_of(population.first, offset)) + 1;
  check_sizes(population);
  return any;
}

}  // namespace

void for_each_row(Cluster& cluster, const std::string& sql, const std::function<void(const Rows&)>& row) {
  for (std::string& answer : cluster.query(sql)) {
    Rows rows(std::move(answer));
    while (rows.next()) row(rows);
  }
}

std::string day_sql(const Run& run, const std::string& at) {
  const std::int64_t shift =
      std::int64_t{run.catalog.day_offset_minutes} * 60 * kMicrosPerSecond + kDaysAhead * kMicrosPerDay;
  return fmt::format("intDiv({} + {}, {}) - {}", at, shift, kMicrosPerDay, kDaysAhead);
}

std::string types_sql(const std::vector<std::string>& types) {
  return types.empty() ? "1" : "type IN " + literal_list(types);
}

void make_units(Run& run, const std::vector<std::string>& dimensions, Statistics& statistics) {
  Population& population = run.population;
  std::vector<std::string> attributes;
  for (const std::string& name : dimensions) {
    population.dimensions.push_back(dimension_named(name));
    if (population.dimensions.back().kind == Dimension::Kind::attribute) attributes.push_back(name);
    if (population.dimensions.back().kind == Dimension::Kind::rfm)
      throw Error(ErrorCode::usage, "segment rfm", "is not worked out by ClickHouse yet",
                  "leave it out of the plan's segments, or report from a store in a file");
  }
  const auto recorded = arms_of(run, run.experiment.assignment.key);
  name_cells(run, recorded);
  name_arms(population.arms, run.experiment.assignment, statistics);
  make_first(run, recorded.empty() ? std::vector<ArmOfEpoch>{{1, ""}} : recorded, attributes);
  if (read_span(run)) {
    statistics.first_exposure = population.first;
    statistics.last_exposure = population.last;
    count_units(run, statistics);
  }
  std::string columns, values;
  std::size_t attribute = 0;
  for (std::size_t d = 0; d < population.dimensions.size(); ++d) {
    Dimension& dimension = population.dimensions[d];
    std::string group = "0";  // of those that the unit's events decide
    if (dimension.kind == Dimension::Kind::attribute) group = group_sql(run, attribute++, dimension);
    if (dimension.kind == Dimension::Kind::experiment)
      group = make_other(run, dimension.name.substr(kExperimentDimension.size()), d, dimension);
    columns += fmt::format(", g{} UInt16", d);
    values += fmt::format(", toUInt16({})", group);
  }
  Cluster& cluster = run.store.cluster();
  cluster.query("DROP TABLE IF EXISTS lm_unit");
  cluster.query(
      "CREATE TEMPORARY TABLE lm_unit (low UInt64, high UInt64, t0 Int64, cell UInt16, day UInt16, crossed "
      "UInt8" +
      columns + ")");
  cluster.query(fmt::format(
      "INSERT INTO lm_unit SELECT low, high, t0, cell, toUInt16({} - {}), crossed{} FROM lm_first",
      day_sql(run, "t0"), day_of(population.first, run.catalog.day_offset_minutes), values));
  cluster.query("DROP TABLE lm_first");
}

FirstExposure first_exposure(Store& store, const RowTables& tables, const Hidden& hidden,
                             std::string_view experiment, Micros as_of, Micros until) {
  FirstExposure first;
  bool any = false;
  for_each_row(store.cluster(),
               fmt::format("SELECT count(), min(at), min(recorded_at) FROM {} WHERE {}",
                           tables.exposures({.to = until}), visible(experiment, as_of, until, hidden)),
               [&](const Rows& rows) {
                 if (rows.integer(0) == 0) return;
                 first.at = any ? std::min(first.at, rows.integer(1)) : rows.integer(1);
                 first.recorded_at = any ? std::min(first.recorded_at, rows.integer(2)) : rows.integer(2);
                 any = true;
               });
  return first;
}

}  // namespace liftmark::clickhouse
