#pragma once
// The table of subcommands: one row and one file each.

#include <array>

#include <CLI/CLI.hpp>

namespace liftmark::cli {

/// Adds one subcommand to the program; its callback does the work and throws `Error` on wrong input.
using AddCommand = void (*)(CLI::App& program);

void add_analyze(CLI::App& program);
void add_apply(CLI::App& program);
void add_assign(CLI::App& program);
void add_backup(CLI::App& program);
void add_calc(CLI::App& program);
void add_calibrate(CLI::App& program);
void add_check(CLI::App& program);
void add_compact(CLI::App& program);
void add_consent(CLI::App& program);
void add_erase(CLI::App& program);
void add_export(CLI::App& program);
void add_import(CLI::App& program);
void add_init(CLI::App& program);
void add_link(CLI::App& program);
void add_migrate(CLI::App& program);
void add_offline(CLI::App& program);
void add_plan(CLI::App& program);
void add_purge(CLI::App& program);
void add_report(CLI::App& program);
void add_segments(CLI::App& program);
void add_serve(CLI::App& program);
void add_simulate(CLI::App& program);
void add_token(CLI::App& program);
void add_verify(CLI::App& program);

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
