#pragma once
// The table of subcommands: one row and one file each.

#include <array>

#include <CLI/CLI.hpp>

namespace liftmark::cli {

/// Adds one subcommand to the program; its callback does the work and throws `Error` on wrong input.
using AddCommand = void (*)(CLI::App& program);

void add_analyze(CLI::App& program);
void add_assign(CLI::App& program);
void add_calc(CLI::App& program);
void add_import(CLI::App& program);
void add_apply(CLI::App& program);
void add_init(CLI::App& program);
void add_simulate(CLI::App& program);
void add_verify(CLI::App& program);

inline constexpr std::array kCommands{
    AddCommand{add_analyze},
    AddCommand{add_assign},
    AddCommand{add_calc},
    AddCommand{add_import},
    AddCommand{add_init},
    AddCommand{add_apply},
    AddCommand{add_simulate},
    AddCommand{add_verify},
};

}  // namespace liftmark::cli
