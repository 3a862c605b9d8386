#include "engine/record/clickhouse/row_tables.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/definition/catalog.hpp"
#include "engine/definition/json/document.hpp"
#include "engine/record/clickhouse/own_column.hpp"
#include "engine/record/clickhouse/sql_text.hpp"

namespace liftmark::clickhouse {
namespace {

/// A condition that holds for these stamps, ascending, and maybe for others within a minute of them: two who
/// write at the same time for an hour leave thousands, and looking at a row that stands once costs little.
std::string in_ranges(const std::vector<Micros>& stamps) {
  std::string condition;
  for (std::size_t first = 0, last = 0; first < stamps.size(); first = ++last) {
    while (last + 1 < stamps.size() && stamps[last + 1] - stamps[last] <= 60 * kMicrosPerSecond) ++last;
    condition +=
        fmt::format("{}(stamp >= {} AND stamp <= {})", first == 0 ? "" : " OR ", stamps[first], stamps[last]);
  }
  return condition;
}

std::string full_name(const OwnTable& table) {
  return identifier(table.database) + "." + identifier(table.table);
}

std::string shown_name(const OwnTable& table) {
  return fmt::format("table {}.{}", table.database, table.table);
}

/// Names and types of the table's columns; empty when there is none that the user may see.
std::map<std::string, std::string> columns_on(Client& shard, const OwnTable& table) {
  std::map<std::string, std::string> columns;
  Rows rows(
      shard.query(fmt::format("SELECT name, type FROM system.columns WHERE database = {} AND table = {}",
                              literal(table.database), literal(table.table))));
  while (rows.next()) columns[rows.text(0)] = rows.text(1);
  return columns;
}

}  // namespace

/// Finds the columns of one mapped table on every shard.
class RowTables::Look {
 public:
  Look(Cluster& cluster, const OwnTable& mapping, std::string where) : cluster_(cluster) {
    table_.mapping = mapping;
    table_.where = std::move(where);
  }

  Table table() {
    for (std::size_t i = 0; i < cluster_.size(); ++i) {
      Client& shard = cluster_.shard(i);
      const auto columns = columns_on(shard, table_.mapping);
      if (columns.empty())
        throw Error(ErrorCode::usage, table_.where,
                    fmt::format("ClickHouse at {} has no {}, or does not let this user see it", shard.name(),
                                shown_name(table_.mapping)),
                    "\"database\" names where it is, unless it stands beside the store's tables");
      for (const auto& [field, column] : table_.mapping.columns)
        table_.columns[field] = find(columns, shard, "columns", field, column);
      for (const auto& [property, column] : table_.mapping.properties)
        table_.properties[property] = find(columns, shard, "properties", property, column);
    }
    return std::move(table_);
  }

 private:
  Column find(const std::map<std::string, std::string>& columns, const Client& shard, const char* part,
              const std::string& field, const std::string& name) const {
    const std::string where = json_pointer(json_pointer(table_.where, part), field);
    const auto found = columns.find(name);
    if (found == columns.end()) {
      std::vector<std::string_view> names;
      for (const auto& [known, unused] : columns) names.emplace_back(known);
      const std::string_view meant = nearest(name, names);
      throw Error(
          ErrorCode::usage, where,
          fmt::format("{} on {} has no column {}", shown_name(table_.mapping), shard.name(), name),
          meant.empty() ? "name one of the table's columns" : fmt::format("did you mean \"{}\"?", meant));
    }
    Column column{.name = name, .type = plain_type(found->second)};
    column.nullable = found->second.find("Nullable(") != std::string::npos;
    const std::string reading = part == std::string_view("properties") ? "property" : field;
    if (const auto wanted = unreadable(reading, column.type); !wanted.empty())
      throw Error(ErrorCode::usage, where,
                  fmt::format("column {} of {} is {}, which {} cannot be read from", name,
                              shown_name(table_.mapping), found->second, reading),
                  fmt::format("it takes {}; a view may give one", wanted));
    return column;
  }

  Cluster& cluster_;
  Table table_;
};

RowTables::RowTables(Cluster& cluster, std::string_view catalog, const std::string& database) {
  auto mapped = own_tables_of(catalog);
  if (!mapped) return;
  own_ = true;
  const auto look = [&](std::vector<OwnTable>& tables, const char* kind, std::vector<Table>& to) {
    for (std::size_t i = 0; i < tables.size(); ++i) {
      if (tables[i].database.empty()) tables[i].database = database;
      to.push_back(Look(cluster, tables[i], json_pointer(json_pointer("/tables", kind), i)).table());
    }
  };
  look(mapped->exposures, "exposures", exposures_);
  look(mapped->events, "events", events_);
  for (const auto& experiment : parse_catalog(catalog).experiments)
    epochs_[experiment.assignment.key] = experiment.assignment.epoch;
}

Error own_tables_are_read_only() {
  return {ErrorCode::usage, "store",
          "reads tables of your own, as its catalog says under \"tables\", and writes no rows",
          "write them into those tables; report and check see them there"};
}

bool RowTables::recorded_times() const noexcept {
  return std::all_of(events_.begin(), events_.end(),
                     [](const Table& table) { return table.columns.count("recorded_at") > 0; });
}

RowTables::Repeats RowTables::repeats(const std::vector<Micros>& uncertain) const {
  const bool ids = std::any_of(events_.begin(), events_.end(),
                               [](const Table& table) { return table.columns.count("id") > 0; });
  if (own_) return {ids ? "id != ''" : "", "stamp, id"};
  if (uncertain.empty()) return {};
  return {fmt::format("id IN (SELECT id FROM event WHERE {})", in_ranges(uncertain)), "id"};
}

Micros RowTables::latest(Cluster& cluster, Micros now) const {
  Micros latest = 0;
  for (const auto* tables : {&exposures_, &events_})
    for (const Table& table : *tables) {
      const auto recorded = table.columns.find("recorded_at");
      const Column& column = recorded == table.columns.end() ? table.columns.at("at") : recorded->second;
      const std::string name = identifier(column.name);
      const std::string moment = moment_sql("m", column.type);
      for (std::string& answer : cluster.query(fmt::format(
               "SELECT count(), max({0}) FROM (SELECT assumeNotNull({1}) AS m FROM {2} WHERE isNotNull({1})) "
               "AS own WHERE {0} <= {3}",
               moment, name, full_name(table.mapping), now))) {
        Rows rows(std::move(answer));
        while (rows.next())
          if (rows.natural(0) > 0) latest = std::max(latest, rows.integer(1));
      }
    }
  return latest;
}

/// The rows of one mapped table under Liftmark's names: the columns are taken under names that stand in no
/// table, so that they and the filter do not meet, and read a level above.
class RowTables::Select {
 public:
  Select(const Table& table, const RowsWanted& wanted) : table_(table), wanted_(wanted) {
    add("unit", text("unit"));
    add("low", "sipHash64(unit)");
    add("high", "cityHash64(unit)");
    add("at", other("at", "toInt64(0)", moment_sql));
    add("recorded_at", other("recorded_at", "at", moment_sql));
    add("id", text("id"));
  }

  std::string exposures(const std::map<std::string, int>& epochs) {
    add("experiment", text("experiment"));
    add("arm", text("arm"));
    std::string keys, numbers;
    for (const auto& [key, epoch] : epochs) {
      keys += fmt::format("{}{}", keys.empty() ? "" : ", ", literal(key));
      numbers += fmt::format("{}toInt32({})", numbers.empty() ? "" : ", ", epoch);
    }
    const std::string known = fmt::format("transform(experiment, [{}], [{}], toInt32(1))", keys, numbers);
    add("epoch", other("epoch", keys.empty() ? "toInt32(1)" : known, epoch_sql));
    add("repeat", "toUInt8(0)");
    add("fallback", other("fallback", "toUInt8(0)", flag_sql));
    add_properties(false);
    return statement();
  }

  /// `place`: of the table among those of events.
  std::string events(std::size_t place) {
    add("type", text("type"));
    add("value", other("value", "toInt64(0)", value_sql));
    add("reference", text("reference"));
    add("content", "cityHash64(unit, at, type, value, reference)");
    add("stamp", fmt::format("toInt64({})", place));
    add_properties(true);
    return statement();
  }

 private:
  void add(const char* name, const std::string& sql) {
    outer_ += fmt::format("{}{} AS {}", outer_.empty() ? "" : ", ", sql, name);
  }

  std::string take(const Column& column) {
    const std::string name = fmt::format("lm_c{}", taken_++);
    inner_ += fmt::format("{}{} AS {}", inner_.empty() ? "" : ", ", identifier(column.name), name);
    return name;
  }

  std::string text_of(const Column& column) {
    const std::string text = fmt::format("toString({})", take(column));
    return column.nullable ? fmt::format("ifNull({}, '')", text) : text;
  }

  std::string text(const char* field) {
    if (const auto found = table_.columns.find(field); found != table_.columns.end())
      return text_of(found->second);
    const auto constant = table_.mapping.constants.find(field);
    return literal(constant == table_.mapping.constants.end() ? "" : constant->second);
  }

  /// What is no text; without a column, and where it is NULL, `none`.
  std::string other(const char* field, const std::string& none,
                    std::string (*read)(const std::string&, std::string_view)) {
    const auto found = table_.columns.find(field);
    if (found == table_.columns.end()) return none;
    const Column& column = found->second;
    const std::string name = take(column);
    if (!column.nullable) return read(name, column.type);
    return fmt::format("if(isNull({}), {}, {})", name, none,
                       read(fmt::format("assumeNotNull({})", name), column.type));
  }

  /// A property without a value, or with an empty one, has no key; its place in the other lists stays.
  void add_properties(bool numbers_too) {
    std::vector<std::string> keys, texts, numeric, numbers;
    for (const std::string& property : wanted_.properties) {
      const auto found = table_.properties.find(property);
      if (found == table_.properties.end()) continue;
      texts.push_back(text_of(found->second));
      keys.push_back(fmt::format("if({} = '', '', {})", texts.back(), literal(property)));
      numeric.push_back(is_number_sql(texts.back()));
      numbers.push_back(number_sql(texts.back()));
    }
    const auto list = [](const std::vector<std::string>& items, const char* none) {
      return items.empty() ? std::string(none) : fmt::format("[{}]", fmt::join(items, ", "));
    };
    add("keys", list(keys, "emptyArrayString()"));
    add("texts", list(texts, "emptyArrayString()"));
    if (!numbers_too) return;
    add("numeric", list(numeric, "emptyArrayUInt8()"));
    add("numbers", list(numbers, "emptyArrayInt64()"));
  }

  std::string statement() const {
    const Column& at = table_.columns.at("at");
    std::string where = near_sql(identifier(at.name), at.type, wanted_.from, wanted_.to);
    if (at.nullable) where += fmt::format(" AND isNotNull({})", identifier(at.name));
    // The filter ends with its line, even if it ends with a comment.
    if (!table_.mapping.where.empty()) where += fmt::format(" AND (\n{}\n)", table_.mapping.where);
    return fmt::format("SELECT {} FROM (SELECT {} FROM {} WHERE {}) AS own WHERE unit != ''", outer_, inner_,
                       full_name(table_.mapping), where);
  }

  const Table& table_;
  const RowsWanted& wanted_;
  std::string inner_, outer_;
  std::size_t taken_ = 0;
};

std::string RowTables::exposures(const RowsWanted& wanted) const {
  if (!own_) return "exposure";
  std::string sql;
  for (const Table& table : exposures_)
    sql += (sql.empty() ? "" : " UNION ALL ") + Select(table, wanted).exposures(epochs_);
  return fmt::format("({}) AS exposure", sql);
}

std::string RowTables::events(const RowsWanted& wanted) const {
  if (!own_) return "event";
  std::string sql;
  for (std::size_t i = 0; i < events_.size(); ++i) {
    const auto type = events_[i].mapping.constants.find("type");
    const bool other_type =
        !wanted.types.empty() && type != events_[i].mapping.constants.end() &&
        std::find(wanted.types.begin(), wanted.types.end(), type->second) == wanted.types.end();
    const bool last = i + 1 == events_.size() && sql.empty();  // FROM something
    if (other_type && !last) continue;
    sql += (sql.empty() ? "" : " UNION ALL ") + Select(events_[i], wanted).events(i);
  }
  return fmt::format("({}) AS event", sql);
}

}  // namespace liftmark::clickhouse
