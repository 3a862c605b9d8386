#include "apps/cli/verify/export_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <nlohmann/json.hpp>

#include "engine/record/csv_reader.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::json;

/// What each column of a CSV export is.
struct CsvLayout {
  std::size_t unit = 0;
  std::optional<std::size_t> arm, experiment;
  std::vector<bool> number;
};

CsvLayout layout_of(const CsvReader& reader, const ExportColumns& columns) {
  CsvLayout layout{reader.require_column(columns.unit), std::nullopt, reader.column(columns.experiment),
                   std::vector<bool>(reader.header().size())};
  if (!columns.arm.empty()) layout.arm = reader.require_column(columns.arm);
  for (const std::string& name : columns.numbers) layout.number[reader.require_column(name)] = true;
  return layout;
}

/// False when a number column holds no number. An empty field is no attribute.
bool add_attributes(const CsvReader& reader, const CsvLayout& layout,
                    std::vector<assign::Attribute>& attributes) {
  attributes.clear();
  for (std::size_t i = 0; i < reader.fields().size(); ++i) {
    const std::string_view field = reader.fields()[i];
    if (i == layout.unit || i == layout.arm || i == layout.experiment || field.empty()) continue;
    if (!layout.number[i]) {
      attributes.push_back({reader.header()[i], field});
      continue;
    }
    double number = 0.0;
    const auto read = std::from_chars(field.data(), field.data() + field.size(), number);
    if (read.ec != std::errc() || read.ptr != field.data() + field.size() || !std::isfinite(number))
      return false;
    attributes.push_back({reader.header()[i], number});
  }
  return true;
}

/// Lines of any length, without their ends.
class LineReader {
 public:
  explicit LineReader(InputStream& input) : input_(input) {}

  bool next(std::string& line) {
    line.clear();
    for (;;) {
      const auto end = std::find(buffer_.data() + at_, buffer_.data() + filled_, '\n');
      line.append(buffer_.data() + at_, end);
      const bool whole = end != buffer_.data() + filled_;
      at_ = static_cast<std::size_t>(end - buffer_.data()) + (whole ? 1 : 0);
      if (whole) return true;
      at_ = 0;
      filled_ = input_.read(buffer_.data(), buffer_.size());
      if (filled_ == 0) return !line.empty();
    }
  }

 private:
  InputStream& input_;
  std::array<char, 65536> buffer_{};
  std::size_t at_ = 0, filled_ = 0;
};

/// A member's text; numbers as written in JSON; absent and null are nothing.
std::optional<std::string> text_of(const json& row, const std::string& name) {
  const auto found = row.find(name);
  if (found == row.end() || found->is_null()) return std::nullopt;
  if (found->is_string()) return found->get<std::string>();
  return found->dump();
}

void replay_object(const json& row, std::int64_t line, const ExportColumns& columns, RowSink& sink) {
  const auto unit = text_of(row, columns.unit);
  if (!unit) return sink.reject(line, "no_unit");
  if (!columns.arm.empty() && !row.contains(columns.arm)) return sink.reject(line, "no_arm");
  const auto arm = text_of(row, columns.arm);
  const auto experiment = text_of(row, columns.experiment);
  std::vector<assign::Attribute> attributes;
  for (const auto& [name, value] : row.items()) {
    if (name == columns.unit || name == columns.arm || name == columns.experiment) continue;
    if (value.is_string())
      attributes.push_back({name, std::string_view(value.get_ref<const std::string&>())});
    if (value.is_number()) attributes.push_back({name, value.get<double>()});
    if (value.is_boolean()) attributes.push_back({name, value.get<bool>()});
  }
  sink.add({.line = line,
            .unit = *unit,
            .arm = arm ? std::string_view(*arm) : std::string_view(),
            .experiment = experiment ? std::optional<std::string_view>(*experiment) : std::nullopt,
            .attributes = attributes});
}

}  // namespace

void replay_csv(InputStream& input, const std::string& file, const ExportColumns& columns, RowSink& sink) {
  CsvReader reader(input, file);
  const CsvLayout layout = layout_of(reader, columns);
  std::vector<assign::Attribute> attributes;
  while (reader.next()) {
    if (reader.problem() != CsvProblem::none) {
      sink.reject(reader.line(), name(reader.problem()));
    } else if (!add_attributes(reader, layout, attributes)) {
      sink.reject(reader.line(), "not_a_number");
    } else {
      const auto fields = reader.fields();
      ExportedRow row{reader.line(), fields[layout.unit], {}, {}, attributes};
      if (layout.arm) row.arm = fields[*layout.arm];
      if (layout.experiment) row.experiment = fields[*layout.experiment];
      sink.add(row);
    }
  }
}

void replay_ndjson(InputStream& input, const ExportColumns& columns, RowSink& sink) {
  LineReader reader(input);
  std::string line;
  for (std::int64_t number = 1; reader.next(line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const json row = json::parse(line, nullptr, false);
    if (row.is_discarded() || !row.is_object())
      sink.reject(number, "not_a_json_object");
    else
      replay_object(row, number, columns, sink);
  }
}

bool named_as_ndjson(std::string_view path) {
  for (const std::string_view packed : {".gz", ".zst"})
    if (path.ends_with(packed)) path.remove_suffix(packed.size());
  return path.ends_with(".ndjson") || path.ends_with(".jsonl") || path.ends_with(".json");
}

}  // namespace liftmark::cli
