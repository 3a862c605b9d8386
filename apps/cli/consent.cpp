// `liftmark consent`: what a unit agreed to.

#include <fmt/format.h>

#include <memory>

#include "apps/cli/commands.hpp"
#include "apps/cli/store_commands.hpp"
#include "engine/record/privacy.hpp"

namespace liftmark::cli {

void add_consent(Command& program) {
  auto* command = program.add_subcommand("consent", "Record a unit's consent for a purpose");
  struct Arguments {
    std::string store, unit, state, purpose = "measurement", units_without;
  };
  auto arguments = std::make_shared<Arguments>();
  command->add_option("store", arguments->store, "The store")->required();
  auto* unit = command->add_option("unit", arguments->unit, "The unit's id");
  command->add_option("state", arguments->state, "granted or denied")
      ->one_of({"granted", "denied"})
      ->needs(unit);
  command->add_option("--purpose", arguments->purpose, "Recording asks for \"measurement\"");
  command->add_option("--units-without", arguments->units_without, "Units that never said: record or refuse")
      ->one_of({"record", "refuse"});
  command->footer("Example:\n  liftmark consent shop.db user-123 denied");
  command->callback([arguments] {
    WritingStore open(arguments->store);
    if (!arguments->units_without.empty())
      require_consent(open.recorder, arguments->units_without == "refuse");
    if (arguments->unit.empty()) return;
    if (arguments->state.empty())
      throw Error(ErrorCode::usage, arguments->unit, "no state was given",
                  "say granted or denied behind the unit");
    set_consent(open.recorder, arguments->unit, arguments->purpose, arguments->state == "granted");
    fmt::print("{}: {} {}\n", arguments->unit, arguments->purpose, arguments->state);
  });
}

}  // namespace liftmark::cli
