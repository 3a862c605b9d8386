#pragma once
// The table of subcommands: one row and one file each.

#include <array>

#include "apps/cli/arguments.hpp"

namespace liftmark::cli {

/// Adds one subcommand to the program; its callback does the work and throws `Error` on wrong input.
using AddCommand = void (*)(Command& program);

void add_analyze(Command& program);
void add_apply(Command& program);
void add_assign(Command& program);
void add_backup(Command& program);
void add_calc(Command& program);
void add_calibrate(Command& program);
void add_check(Command& program);
void add_compact(Command& program);
void add_consent(Command& program);
void add_erase(Command& program);
void add_export(Command& program);
void add_import(Command& program);
void add_init(Command& program);
void add_link(Command& program);
void add_migrate(Command& program);
void add_offline(Command& program);
void add_plan(Command& program);
void add_purge(Command& program);
void add_report(Command& program);
void add_segments(Command& program);
void add_serve(Command& program);
void add_simulate(Command& program);
void add_token(Command& program);
void add_verify(Command& program);

// One row a command.
// clang-format off
inline constexpr std::array kCommands{
    AddCommand{add_analyze},
    AddCommand{add_apply},
    AddCommand{add_assign},
    AddCommand{add_backup},
    AddCommand{add_calc},
    AddCommand{add_calibrate},
    AddCommand{add_check},
    AddCommand{add_compact},
    AddCommand{add_consent},
    AddCommand{add_erase},
    AddCommand{add_export},
    AddCommand{add_import},
    AddCommand{add_init},
    AddCommand{add_link},
    AddCommand{add_migrate},
    AddCommand{add_offline},
    AddCommand{add_plan},
    AddCommand{add_purge},
    AddCommand{add_report},
    AddCommand{add_segments},
    AddCommand{add_serve},
    AddCommand{add_simulate},
    AddCommand{add_token},
    AddCommand{add_verify},
};
// clang-format on

}  // namespace liftmark::cli
