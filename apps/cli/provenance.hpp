#pragma once
// Who made a scorecard and how to make it again.

#include <string>
#include <string_view>

#include "apps/cli/arguments.hpp"
#include "engine/scorecard/scorecard.hpp"

namespace liftmark::cli {

/// One word for a POSIX shell: as it is when no character means anything to a shell, else in single quotes.
std::string shell_word(std::string_view word);

/// The command as typed, without --output; a command that has --as-of gets the scorecard's moment, so that
/// the line gives the same report after more data came.
std::string command_line(const Command& command, const Scorecard& card);

/// The program's version, e.g. "0.1.0".
std::string_view program_version();

/// Fills in the program's version and the command line.
void add_provenance(const Command& command, Scorecard& card);

}  // namespace liftmark::cli
