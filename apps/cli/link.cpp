// `liftmark link`: an anonymous id becomes a user.

#include <fmt/format.h>

#include <memory>

#include "apps/cli/commands.hpp"
#include "apps/cli/store_commands.hpp"
#include "engine/record/privacy.hpp"

namespace liftmark::cli {

void add_link(Command& program) {
  auto* command = program.add_subcommand("link", "Count an anonymous id's data as a user's");
  struct Arguments {
    std::string store, anonymous, unit;
  };
  auto arguments = std::make_shared<Arguments>();
  command->add_option("store", arguments->store, "The store")->required();
  command->add_option("anonymous", arguments->anonymous, "The anonymous id, e.g. of a cookie")->required();
  command->add_option("unit", arguments->unit, "The user's id")->required();
  command->footer("Example:\n  liftmark link shop.db cookie-77 user-123");
  command->callback([arguments] {
    WritingStore open(arguments->store);
    link_units(open.recorder, arguments->anonymous, arguments->unit);
    fmt::print("{} is {} from now on\n", arguments->anonymous, arguments->unit);
  });
}

}  // namespace liftmark::cli
