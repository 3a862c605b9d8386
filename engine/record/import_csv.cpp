#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "engine/definition/error.hpp"
#include "engine/record/csv_reader.hpp"
#include "engine/record/import_row.hpp"

namespace liftmark {
namespace {

constexpr std::size_t kNoColumn = static_cast<std::size_t>(-1);

/// Which column feeds which field.
struct Layout {
  std::array<std::size_t, kFields> column;
  std::size_t factor = kNoColumn;
  std::vector<std::size_t> extra;  ///< as extra_names()
  std::vector<std::size_t> properties;
};

std::size_t& slot(Layout& layout, Field field) {
  return layout.column[static_cast<std::size_t>(field)];
}

void map_column(const CsvReader& csv, const std::string& field, const std::string& column, Layout& layout) {
  const auto known = find_field(field);
  if (!known)
    throw Error(ErrorCode::usage, "--map", fmt::format("there is no field \"{}\"", field),
                "see import --help");
  const auto factors = *known == Field::value ? factors_of(column) : std::nullopt;
  slot(layout, *known) = csv.require_column(factors ? factors->first : column);
  if (factors) layout.factor = csv.require_column(factors->second);
}

void require(const Layout& layout, const ImportOptions& options, Field field, std::string_view name,
             const CsvReader& csv) {
  if (layout.column[static_cast<std::size_t>(field)] != kNoColumn ||
      options.constants.contains(std::string(name)))
    return;
  try {
    csv.require_column(name);
  } catch (const Error& error) {
    throw Error(ErrorCode::data, error.problems()[0].where, error.problems()[0].what,
                error.problems()[0].hint +
                    fmt::format("; name one with --map {}=COLUMN, or give --set {}=TEXT", name, name));
  }
}

Layout layout_of(const CsvReader& csv, const ImportOptions& options, bool& exposures) {
  Layout layout;
  layout.column.fill(kNoColumn);
  for (std::size_t i = 0; i < csv.header().size(); ++i)
    if (const auto field = find_field(csv.header()[i])) slot(layout, *field) = i;
  for (const char* name : {"time", "timestamp"})
    if (slot(layout, Field::at) == kNoColumn) slot(layout, Field::at) = csv.column(name).value_or(kNoColumn);
  for (const auto& [field, column] : options.columns) map_column(csv, field, column, layout);
  for (const std::string& column : extra_names(options)) layout.extra.push_back(csv.require_column(column));

  exposures = options.kind == ImportOptions::Kind::exposures ||
              (options.kind == ImportOptions::Kind::detect && slot(layout, Field::arm) != kNoColumn &&
               slot(layout, Field::type) == kNoColumn && !options.constants.contains("type"));
  require(layout, options, Field::unit, "unit", csv);
  require(layout, options, Field::at, "at", csv);
  if (exposures) {
    require(layout, options, Field::experiment, "experiment", csv);
    require(layout, options, Field::arm, "arm", csv);
  } else {
    require(layout, options, Field::type, "type", csv);
  }
  if (options.properties) {
    for (const std::string& column : *options.properties)
      layout.properties.push_back(csv.require_column(column));
    return layout;
  }
  // The filter's columns may still tell the rows apart; the group and the factor have gone into the event.
  const auto used = layout.extra.begin() + static_cast<std::ptrdiff_t>(options.where.names().size());
  for (std::size_t i = 0; i < csv.header().size(); ++i)
    if (std::find(layout.column.begin(), layout.column.end(), i) == layout.column.end() &&
        std::find(used, layout.extra.end(), i) == layout.extra.end() && i != layout.factor)
      layout.properties.push_back(i);
  return layout;
}

}  // namespace

void import_csv(InputStream& input, const std::string& name_of_file, const ImportOptions& options,
                RowImporter& rows) {
  CsvReader csv(input, name_of_file, options.csv);
  bool exposures = false;
  const Layout layout = layout_of(csv, options, exposures);
  std::array<std::string_view, kFields> constants{};
  for (const auto& [field, text] : options.constants) {
    const auto known = find_field(field);
    if (!known)
      throw Error(ErrorCode::usage, "--set", fmt::format("there is no field \"{}\"", field),
                  "see import --help");
    constants[static_cast<std::size_t>(*known)] = text;
  }
  RawRow row;
  while (csv.next()) {
    if (csv.problem() != CsvProblem::none) {
      rows.reject(csv.line(), name(csv.problem()));
      continue;
    }
    const auto fields = csv.fields();
    row.line = csv.line();
    row.raw = csv.raw();
    for (std::size_t f = 0; f < kFields; ++f) {
      row.field[f] = layout.column[f] == kNoColumn ? std::string_view() : fields[layout.column[f]];
      if (row.field[f].empty()) row.field[f] = constants[f];
    }
    if (!exposures) row.field[static_cast<std::size_t>(Field::experiment)] = {};
    row.has_factor = layout.factor != kNoColumn;
    if (row.has_factor) row.value_factor = fields[layout.factor];
    row.extra.clear();
    for (const std::size_t column : layout.extra) row.extra.push_back(fields[column]);
    row.properties.clear();
    for (const std::size_t column : layout.properties)
      if (!fields[column].empty()) row.properties.push_back({csv.header()[column], fields[column]});
    rows.add(row);
    if ((row.line & 1023) == 0) rows.show_progress(input);
  }
}

}  // namespace liftmark
