#include "engine/definition/own_tables.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "engine/definition/json/document.hpp"
#include "engine/definition/json/fields.hpp"

namespace liftmark {
namespace {

using nlohmann::json;

/// A field of a row: which tables have it, whether each must, and whether one text may stand for all rows.
struct RowField {
  const char* name;
  bool exposures, events, required, constant;
};
constexpr RowField kFields[] = {
    {"unit", true, true, true, false},         {"at", true, true, true, false},
    {"experiment", true, false, true, true},   {"arm", true, false, true, true},
    {"type", false, true, true, true},         {"id", true, true, false, false},
    {"recorded_at", true, true, false, false}, {"epoch", true, false, false, false},
    {"fallback", true, false, false, false},   {"value", false, true, false, false},
    {"reference", false, true, false, false}};

using Texts = std::map<std::string, std::string>;

/// An object of texts whose names are fields; `constant`: of those that may be.
Texts read_fields(const json& value, const std::string& where, std::vector<Problem>& problems, bool exposures,
                  bool constant) {
  FieldReader fields(value, where, problems);
  Texts texts;
  for (const RowField& field : kFields) {
    if (!(exposures ? field.exposures : field.events) || (constant && !field.constant)) continue;
    std::optional<std::string> text;
    fields.field(field.name, text, {.may_be_empty = false});
    if (text) texts[field.name] = *text;
  }
  fields.finish();
  return texts;
}

Texts read_properties(const json& value, const std::string& where, std::vector<Problem>& problems) {
  constexpr std::size_t kMost = 64;
  Texts texts;
  if (!value.is_object() || value.size() > kMost) {
    problems.push_back({where, "must be an object of at most 64 properties: columns", shortened(value),
                        R"(Write {"surface": "page"}.)"});
    return texts;
  }
  for (const auto& [name, column] : value.items()) {
    if (column.is_string() && !column.get<std::string>().empty() && !name.empty())
      texts[name] = column.get<std::string>();
    else
      problems.push_back({json_pointer(where, name), "must be the name of a column", shortened(column),
                          "Leave the property out where the table has none."});
  }
  return texts;
}

void require_fields(const FieldReader& fields, const OwnTable& table, bool exposures,
                    std::vector<Problem>& problems) {
  for (const RowField& field : kFields) {
    if (!(exposures ? field.exposures : field.events)) continue;
    const auto given = table.columns.count(field.name) + table.constants.count(field.name);
    if (given == 2)
      problems.push_back({fields.where("constants"), "has a column too", field.name, "Keep one of the two."});
    if (given == 0 && field.required)
      problems.push_back(
          {fields.where("columns"), "is not said", field.name,
           field.constant ? "Name its column, or give it under \"constants\"." : "Name its column."});
  }
}

OwnTable read_table(const json& value, const std::string& where, std::vector<Problem>& problems,
                    bool exposures) {
  const auto no_write = nullptr;
  FieldReader fields(value, where, problems);
  OwnTable table;
  fields.field("database", table.database, {.may_be_empty = false});
  fields.field("table", table.table, kRequired);
  const auto texts_of = [exposures](bool constant) {
    return [exposures, constant](const json& found, const std::string& place, std::vector<Problem>& list) {
      return read_fields(found, place, list, exposures, constant);
    };
  };
  fields.custom("columns", table.columns, texts_of(false), no_write, kRequired);
  fields.custom("constants", table.constants, texts_of(true), no_write);
  fields.custom("properties", table.properties, read_properties, no_write);
  fields.field("where", table.where, {.may_be_empty = false});
  fields.finish();
  if (fields.has("columns")) require_fields(fields, table, exposures, problems);
  return table;
}

std::vector<OwnTable> read_list(FieldReader& fields, const json& value, const char* key, bool exposures,
                                std::vector<Problem>& problems) {
  fields.known(key);
  std::vector<OwnTable> tables;
  const auto found = value.is_object() ? value.find(key) : value.end();
  if (!value.is_object() || found == value.end() || !found->is_array() || found->empty()) {
    problems.push_back({fields.where(key),
                        "must be a list of tables",
                        {},
                        "Name at least one table of exposures and one of events."});
    return tables;
  }
  for (std::size_t i = 0; i < found->size(); ++i)
    tables.push_back(read_table((*found)[i], json_pointer(fields.where(key), i), problems, exposures));
  return tables;
}

}  // namespace

OwnTables read_own_tables(const json& value, const std::string& where, std::vector<Problem>& problems) {
  FieldReader fields(value, where, problems);
  OwnTables tables;
  if (!value.is_object()) return tables;
  tables.exposures = read_list(fields, value, "exposures", true, problems);
  tables.events = read_list(fields, value, "events", false, problems);
  fields.finish();
  return tables;
}

std::optional<OwnTables> own_tables_of(std::string_view catalog) {
  const auto document = json::parse(catalog, nullptr, false);
  if (!document.is_object() || !document.contains("tables")) return std::nullopt;
  std::vector<Problem> ignored;
  return read_own_tables(document["tables"], "/tables", ignored);
}

}  // namespace liftmark
