// `liftmark compact`: closed days become blocks sorted by unit.

#include <fmt/format.h>

#include <memory>

#include "apps/cli/commands.hpp"
#include "apps/cli/store_commands.hpp"
#include "engine/record/compaction.hpp"
#include "engine/record/privacy.hpp"

namespace liftmark::cli {

void add_compact(Command& program) {
  auto* command = program.add_subcommand("compact", "Sort closed days by unit, so that reports are fast");
  auto path = std::make_shared<std::string>();
  command->add_option("store", *path, "The store")->required();
  command->footer(
      "Import compacts by itself. Stopping it at any point does no harm.\n\nExample:\n  liftmark compact "
      "shop.db");
  command->callback([path] {
    WritingStore open(*path);
    const CompactionResult result = compact(open.recorder);
    const auto pending = finish_erasures(open.recorder);
    fmt::print("{} events and {} exposures sorted; {} events stay open (their day is not over)\n",
               result.events, result.exposures, result.left_open);
    if (pending > 0)
      fmt::print("{} erasures are pending: a reader holds old data; run compact again\n", pending);
  });
}

}  // namespace liftmark::cli
