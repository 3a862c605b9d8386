// `liftmark purge`: retention periods by event type, and the removal of what is past them.

#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <vector>

#include "apps/cli/commands.hpp"
#include "apps/cli/store_commands.hpp"
#include "engine/definition/error.hpp"
#include "engine/record/privacy.hpp"

namespace liftmark::cli {
namespace {

struct PurgeArguments {
  std::string store;
  std::vector<std::string> keep;
};

void set_rule(Recorder& recorder, const std::string& rule) {
  const auto equals = rule.rfind('=');
  int days = 0;
  const char* end = rule.data() + rule.size();
  const auto number = equals == std::string::npos ? std::from_chars_result{end, std::errc::invalid_argument}
                                                  : std::from_chars(rule.data() + equals + 1, end, days);
  if (number.ec != std::errc() || number.ptr != end || equals == 0)
    throw Error(ErrorCode::usage, "--keep", fmt::format("\"{}\" is not of the form TYPE=DAYS", rule),
                "for example view=90");
  set_retention(recorder, rule.substr(0, equals), days);
}

}  // namespace

void add_purge(Command& program) {
  auto* command = program.add_subcommand("purge", "Remove events past the retention period of their type");
  auto arguments = std::make_shared<PurgeArguments>();
  command->add_option("store", arguments->store, "The store")->required();
  command->add_option("--keep", arguments->keep, "TYPE=DAYS, kept from now on for this type; 0: for ever");
  command->footer(
      "Events past their period are also refused when they arrive.\n\nExample:\n  liftmark purge shop.db "
      "--keep view=90");
  command->callback([arguments] {
    WritingStore open(arguments->store);
    for (const std::string& rule : arguments->keep) set_rule(open.recorder, rule);
    fmt::print("{} events removed\n", purge(open.recorder));
  });
}

}  // namespace liftmark::cli
