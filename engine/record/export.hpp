#pragma once
// The raw events and exposures, as recorded: CSV or NDJSON that import reads back.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/record/event.hpp"

namespace liftmark {

struct ExportOptions {
  enum class Format { csv, ndjson };
  enum class Kind { events, exposures };
  Kind kind = Kind::events;
  Format format = Format::csv;
  std::optional<std::string> unit{};        ///< one unit only
  std::vector<std::string> types{};         ///< event types; empty: all
  std::optional<std::string> experiment{};  ///< exposures of one experiment only
  Micros from = std::numeric_limits<Micros>::min();
  Micros to = std::numeric_limits<Micros>::max();
  std::optional<Micros> as_of{};
};

/// Calls `write` with lines (or pieces of many lines). Rows come in the order they lie in the store. CSV has
/// a column for every property key of the exported rows, which takes a pass of its own; NDJSON puts them
/// under "properties" or "attributes". Values that a spreadsheet would take for a formula are exported as
/// they are. Returns the number of rows. Throws as Reader does.
std::int64_t export_rows(const std::filesystem::path& store, const ExportOptions& options,
                         const std::function<void(std::string_view)>& write);

}  // namespace liftmark
