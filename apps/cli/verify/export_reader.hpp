#pragma once
// Reads a file of units, CSV or NDJSON, row by row into whatever takes the rows.

#include <string>
#include <vector>

#include "apps/cli/verify/replay.hpp"
#include "engine/record/input_stream.hpp"

namespace liftmark::cli {

/// The names of the export's columns. Every other column is an attribute of the unit.
struct ExportColumns {
  std::string unit = "unit";
  std::string arm = "arm";                ///< empty: the file has none
  std::string experiment = "experiment";  ///< may be absent from the export
  std::vector<std::string> numbers;       ///< CSV columns that are numbers; NDJSON says so itself
};

/// `file` stands in messages. Throws Error{data} when the header lacks the unit or the arm.
void replay_csv(InputStream& input, const std::string& file, const ExportColumns& columns, RowSink& sink);

/// One JSON object a line; lines that are none are rejected and counted.
void replay_ndjson(InputStream& input, const ExportColumns& columns, RowSink& sink);

/// "x.ndjson", "x.jsonl", "x.json" and the same with .gz or .zst.
bool named_as_ndjson(std::string_view path);

}  // namespace liftmark::cli
