// `liftmark migrate`: an older store's schema becomes this program's.

#include <fmt/format.h>

#include <memory>
#include <string>

#include "apps/cli/commands.hpp"
#include "engine/record/backup.hpp"

namespace liftmark::cli {

void add_migrate(Command& program) {
  auto* command = program.add_subcommand("migrate", "Bring a store's schema up to this program's");
  auto store = std::make_shared<std::string>();
  command->add_option("store", *store, "The store")->required();
  command->footer("Example:\n  liftmark migrate shop.db");
  command->callback([store] {
    const Migration migration = migrate(*store);
    if (migration.from == migration.to)
      fmt::print("{}: schema {} is up to date\n", *store, migration.to);
    else
      fmt::print("{}: schema {} became {}; the copy of before is {}\n", *store, migration.from, migration.to,
                 migration.backup.string());
  });
}

}  // namespace liftmark::cli
