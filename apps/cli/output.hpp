#pragma once
// Where a command's report goes.

#include <string>

#include "engine/scorecard/scorecard.hpp"
#include "reports/formats.hpp"

namespace liftmark::cli {

/// The format with that name; throws Error{usage} listing all of them.
const reports::Format& report_format(const std::string& name);

/// Renders and writes to `path`, or to standard output when it is empty. Colours only on a terminal without
/// NO_COLOR. Throws Error{storage} when the file cannot be written.
void write_report(const Scorecard& scorecard, const reports::Format& format, const std::string& path);

}  // namespace liftmark::cli
