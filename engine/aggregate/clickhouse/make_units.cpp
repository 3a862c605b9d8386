#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>

#include "engine/aggregate/clickhouse/run.hpp"
#include "engine/aggregate/experiment_facts.hpp"
#include "engine/definition/error.hpp"

namespace liftmark::clickhouse {
namespace {

/// Days are counted from far before any shop, so that the division rounds down for every moment.
constexpr std::int64_t kDaysAhead = 200'000;

/// The first exposures that make_first() has found.
constexpr std::string_view kFirst = "lm_first WHERE mixed = 0";

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

/// A text's place among others, from 0; `none` of a text that is not there.
std::string place_sql(const std::string& column, std::span<const std::string> texts, std::size_t none) {
  std::string names, places;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    names += (i == 0 ? "" : ", ") + literal(texts[i]);
    places += fmt::format("{}{}", i == 0 ? "" : ", ", i);
  }
  return fmt::format("transform({}, [{}], [{}], {})", column, names, places, none);
}

/// What an exposure row says: arm, then epoch, as places, and whether it is a fallback, in one number, so
/// that the least and the largest of a unit tell whether it had one arm, and whether all its rows say the
/// same.
struct Given {
  explicit Given(const Population& population)
      : arms(population.arms.size()), epochs(std::max<std::size_t>(population.epochs.size(), 1)) {
    std::vector<std::size_t> places;
    for (std::size_t epoch = 0; epoch < population.epochs.size(); ++epoch) places.push_back(epoch);
    const std::string epoch = epochs == 1
                                  ? "0"
                                  : fmt::format("transform(epoch, [{}], [{}], 0)",
                                                fmt::join(population.epochs, ", "), fmt::join(places, ", "));
    sql = fmt::format("toUInt64((toUInt64({}) * {} + {}) * 2 + fallback)",
                      place_sql("arm", population.arms, 65535), epochs, epoch);
  }
  std::string arm(const std::string& given) const { return fmt::format("intDiv({}, {})", given, 2 * epochs); }
  std::string cell(const std::string& given) const {
    return fmt::format("toUInt16(intDiv({0}, 2) % {1} * {2} + {3})", given, epochs, arms, arm(given));
  }
  static std::string fallback(const std::string& given) { return fmt::format("toUInt8({} % 2)", given); }

  std::size_t arms, epochs;
  std::string sql;
};

/// First exposures, before their groups are known. A unit whose rows all say the same needs the moment of the
/// earliest only; of the others (`mixed`) the earliest row is looked for, which sorts them.
void make_first(Run& run, const std::vector<std::string>& attributes) {
  Cluster& cluster = run.store.cluster();
  const std::string seen = visible(run.experiment.assignment.key, run.as_of, run.until, run.hidden);
  const std::string from = run.tables.exposures({.to = run.until, .properties = attributes});
  const Given given(run.population);
  std::string columns, named, any, plain, other;
  for (std::size_t a = 0; a < attributes.size(); ++a) {
    const std::string key = literal(attributes[a]);
    columns += fmt::format(", a{} String", a);
    named += fmt::format(", if(has(keys, {0}), arrayElement(texts, indexOf(keys, {0})), {1}) AS b{2}", key,
                         literal(kNoValue), a);
    any += fmt::format(", any(b{})", a);
    plain += fmt::format(", b{}", a);
    other += fmt::format(" OR min(b{0}) != max(b{0})", a);
  }
  cluster.query("DROP TABLE IF EXISTS lm_first");
  cluster.query(
      "CREATE TEMPORARY TABLE lm_first (low UInt64, high UInt64, t0 Int64, cell UInt16, fallback UInt8, "
      "crossed UInt8, mixed UInt8" +
      columns + ")");
  for (const Slice& slice : run.slices)
    cluster.query(
        fmt::format("INSERT INTO lm_first SELECT low, high, min(at), {0}, {1}, toUInt8({2} != {3}), "
                    "toUInt8(min(given) != "
                    "max(given){4}){5} FROM (SELECT low, high, at, {6} AS given{7} FROM {8} WHERE {9} AND "
                    "{10}) AS e GROUP "
                    "BY low, high",
                    given.cell("min(given)"), Given::fallback("min(given)"), given.arm("min(given)"),
                    given.arm("max(given)"), other, any, given.sql, named, from, seen, slice.units));
  cluster.query(
      fmt::format("INSERT INTO lm_first SELECT low, high, at, {}, {}, (low, high) IN (SELECT low, high FROM "
                  "lm_first WHERE "
                  "crossed = 1), toUInt8(0){} FROM (SELECT low, high, at, id, arm, {} AS given{} FROM {} "
                  "WHERE {} AND (low, "
                  "high) IN (SELECT low, high FROM lm_first WHERE mixed = 1)) AS e ORDER BY low, high, at, "
                  "id, arm LIMIT 1 "
                  "BY low, high",
                  given.cell("given"), Given::fallback("given"), plain, given.sql, named, from, seen));
  check_shards(run);
}

std::string other_table(std::size_t dimension) {
  return fmt::format("lm_other{}", dimension);
}

/// The arm that each unit was first given in another experiment, as a table; and its arms' names.
std::string make_other(Run& run, const std::string& experiment, std::size_t place, Dimension& dimension) {
  Cluster& cluster = run.store.cluster();
  for (const ArmOfEpoch& one : arms_of(run, experiment)) dimension.groups.push_back(one.arm);
  std::sort(dimension.groups.begin(), dimension.groups.end());
  dimension.groups.erase(std::unique(dimension.groups.begin(), dimension.groups.end()),
                         dimension.groups.end());
  const std::string table = other_table(place);
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
               fmt::format("SELECT a{0}, count() FROM {1} GROUP BY a{0}", attribute, kFirst),
               [&](const Rows& rows) { counts[rows.text(0)] += rows.integer(1); });
  dimension.groups = group_names(counts);
  const std::size_t named = dimension.groups.size() - (counts.size() > kMostGroups ? 1 : 0);
  if (named == 0) return "0";
  return place_sql(fmt::format("a{}", attribute), std::span(dimension.groups).first(named),
                   dimension.groups.size() - 1);
}

void count_units(Run& run, Statistics& statistics) {
  Population& population = run.population;
  const std::size_t arms = population.arms.size();
  statistics.units_by_day.assign(population.days, std::vector<std::int64_t>(arms, 0));
  const std::int64_t first_day = day_of(population.first, run.catalog.day_offset_minutes);
  for_each_row(
      run.store.cluster(),
      fmt::format("SELECT cell, {} - {} AS day, count(), sum(crossed), sum(fallback) FROM {} GROUP BY "
                  "cell, day",
                  day_sql(run, "t0"), first_day, kFirst),
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
  const std::string span = fmt::format("SELECT count(), min(t0), max(t0) FROM {}", kFirst);
  for_each_row(run.store.cluster(), span, [&](const Rows& rows) {
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
  if (types.size() == 1) return "type = " + literal(types.front());
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
  make_first(run, attributes);
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
      "CREATE TEMPORARY TABLE lm_unit (unit UInt32, low UInt64, high UInt64, t0 Int64, cell UInt16, day "
      "UInt16, crossed UInt8" +
      columns + ")");
  cluster.query(fmt::format(
      "INSERT INTO lm_unit SELECT toUInt32(rowNumberInAllBlocks() + 1), low, high, t0, cell, toUInt16({} - "
      "{}), "
      "crossed{} FROM {}",
      day_sql(run, "t0"), day_of(population.first, run.catalog.day_offset_minutes), values, kFirst));
  cluster.query("DROP TABLE lm_first");
  for (std::size_t d = 0; d < population.dimensions.size(); ++d)
    if (population.dimensions[d].kind == Dimension::Kind::experiment)
      cluster.query("DROP TABLE " + other_table(d));
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
