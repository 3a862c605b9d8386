// `liftmark init`: an empty store.

#include <fmt/format.h>

#include <memory>
#include <string>

#include "apps/cli/commands.hpp"
#include "engine/record/store.hpp"

namespace liftmark::cli {

void add_init(CLI::App& program) {
  struct Options {
    std::string store;
    bool fast = false;
  };
  auto options = std::make_shared<Options>();
  auto* command = program.add_subcommand("init", "Create an empty store.");
  command->footer("Example:\n  liftmark init shop.db && liftmark apply shop.db catalog.json\n");
  command->add_option("store", options->store, "The store's file; must not exist yet.")->required();
  command->add_flag("--not-durable", options->fast,
                    "Commits do not wait for the disk: a power failure may lose the last ones.");
  command->callback([options] {
    const Store store = Store::create(options->store, {.durable = !options->fast});
    fmt::print("Created {}. Next: liftmark apply {} CATALOG.json\n", store.path().string(), options->store);
  });
}

}  // namespace liftmark::cli
