// `liftmark erase`: one person's data, gone from the file.

#include <fmt/format.h>

#include <memory>

#include "apps/cli/commands.hpp"
#include "apps/cli/store_commands.hpp"
#include "engine/definition/error.hpp"
#include "engine/record/privacy.hpp"

namespace liftmark::cli {

void add_erase(Command& program) {
  auto* command =
      program.add_subcommand("erase", "Remove one person: ids, exposures, events, consent, links, overrides");
  struct Arguments {
    std::string store, unit;
  };
  auto arguments = std::make_shared<Arguments>();
  command->add_option("store", arguments->store, "The store")->required();
  command->add_option("unit", arguments->unit, "The unit's id")->required();
  command->footer(
      "The unit is hidden at once. Until its bytes are gone from the file and its log the erasure is "
      "pending.\n\n"
      "Example:\n  liftmark erase shop.db user-123");
  command->callback([arguments] {
    WritingStore open(arguments->store);
    const Erasure erasure = erase(open.recorder, arguments->unit);
    if (erasure.units == 0)
      throw Error(ErrorCode::data, arguments->store, "no such unit", "check the id, or it was erased before");
    fmt::print(
        "{} id{} with {} exposures and events removed; {}\n", erasure.units, erasure.units == 1 ? "" : "s",
        erasure.rows,
        erasure.finished ? "finished" : "pending: a reader holds old data, run liftmark compact later");
  });
}

}  // namespace liftmark::cli
