// `liftmark erase`: one person's data, gone from the file.

#include <fmt/format.h>

#include <memory>

#include "apps/cli/commands.hpp"
#include "apps/cli/removal_wait.hpp"
#include "apps/cli/store_commands.hpp"
#include "engine/definition/error.hpp"
#include "engine/record/privacy.hpp"

namespace liftmark::cli {
namespace {

void say(const std::string& store, std::int64_t units, std::int64_t rows, const std::string& pending) {
  if (units == 0)
    throw Error(ErrorCode::data, store, "no such unit", "check the id, or it was erased before");
  fmt::print("{} id{} with {} exposures and events removed; {}\n", units, units == 1 ? "" : "s", rows,
             pending.empty() ? "finished" : "pending: " + pending);
}

void erase_from_shards(const std::string& address, const std::string& unit, const RemovalWait& wait) {
  clickhouse::Store store(clickhouse::parse_address(address));
  const auto removal =
      wait.on("erase", [&](const auto& patience) { return clickhouse::erase(store, unit, patience); });
  say(address, removal.units, removal.rows,
      removal.pending.empty() ? "" : removal.pending + "; run it again later, or liftmark purge");
}

}  // namespace

void add_erase(Command& program) {
  auto* command =
      program.add_subcommand("erase", "Remove one person: ids, exposures, events, consent, links, overrides");
  struct Arguments {
    std::string store, unit;
    RemovalWait wait;
  };
  auto arguments = std::make_shared<Arguments>();
  command->add_option("store", arguments->store, "The store: a file, or clickhouse://user@host:port/database")
      ->required();
  command->add_option("unit", arguments->unit, "The unit's id")->required();
  arguments->wait.add_to(*command);
  command->footer(
      "The unit is hidden at once. Until its bytes are gone from the file and its log, or from every shard, "
      "the erasure is pending.\n\n"
      "Example:\n  liftmark erase shop.db user-123");
  command->callback([arguments] {
    if (clickhouse::is_address(arguments->store))
      return erase_from_shards(arguments->store, arguments->unit, arguments->wait);
    arguments->wait.refuse_for_file();
    WritingStore open(arguments->store);
    const Erasure erasure = erase(open.recorder, arguments->unit);
    say(arguments->store, erasure.units, erasure.rows,
        erasure.finished ? "" : "a reader holds old data, run liftmark compact later");
  });
}

}  // namespace liftmark::cli
