#pragma once
// A row of an export as text, whatever engine keeps it. Internal to the exports.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/record/export.hpp"

namespace liftmark {

using ExportedText = std::pair<std::string_view, std::string_view>;
/// A row's fields by name, in the order of the header.
using ExportedFields = std::vector<std::pair<std::string_view, std::string>>;

/// The first line of a CSV: the fields, then the properties.
std::string csv_header(ExportOptions::Kind kind, const std::vector<std::string_view>& properties);
/// `cells`: the properties in the header's order, empty where the row has none.
void write_csv_row(const ExportedFields& fields, const std::vector<std::string_view>& cells,
                   std::string& out);
/// `properties`: those that the row has.
void write_json_row(const ExportedFields& fields, const std::vector<ExportedText>& properties,
                    ExportOptions::Kind kind, std::string& out);

}  // namespace liftmark
