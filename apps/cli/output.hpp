#pragma once
// Where a command's report goes.

#include <string>

#include "apps/cli/arguments.hpp"
#include "engine/scorecard/scorecard.hpp"
#include "reports/formats.hpp"

namespace liftmark::cli {

/// How and where a command's report is written: what --format, --lang and --output say.
struct ReportOutput {
  std::string format = "text", language = "en";
  std::string path;  ///< empty: standard output
};

/// The three options, under `group` in the help.
void add_output_options(Command& command, ReportOutput& output, const std::string& group = "Options");

/// The format with that name; throws Error{usage} listing all of them.
const reports::Format& report_format(const std::string& name);
/// "en" or "de"; throws Error{usage} for others.
reports::Language report_language(const std::string& name);

/// Renders and writes. Colours only on a terminal without NO_COLOR. Throws Error{storage} when the file
/// cannot be written.
void write_report(const Scorecard& scorecard, const ReportOutput& output);
/// Writes `text` to `path`, or to standard output when it is empty. Throws Error{storage}.
void write_output(const std::string& text, const std::string& path);

}  // namespace liftmark::cli
