// `liftmark backup`: a verified copy of a store, also while it is in use.

#include "engine/record/backup.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>

#include "apps/cli/commands.hpp"

namespace liftmark::cli {

void add_backup(Command& program) {
  auto* command = program.add_subcommand("backup", "A verified copy of the store, also while it is in use");
  struct Arguments {
    std::string store, target;
  };
  auto arguments = std::make_shared<Arguments>();
  command->add_option("store", arguments->store, "The store")->required();
  command->add_option("target", arguments->target, "The copy; must not exist")->required();
  command->footer("Example:\n  liftmark backup shop.db shop-2026-03-01.db");
  command->callback([arguments] {
    backup(arguments->store, arguments->target);
    fmt::print("{}: copied and checked\n", arguments->target);
  });
}

}  // namespace liftmark::cli
