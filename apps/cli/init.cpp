// `liftmark init`: an empty store.

#include <fmt/format.h>

#include <memory>
#include <string>

#include "apps/cli/commands.hpp"
#include "engine/record/clickhouse/store.hpp"
#include "engine/record/store.hpp"
#include "engine/record/unit_key.hpp"

namespace liftmark::cli {

namespace {

/// The file of the key, made when it is not there.
std::filesystem::path key_for(const std::string& store, const std::string& named) {
  const std::filesystem::path file = named.empty() ? unit_key_file(store) : std::filesystem::path(named);
  if (!std::filesystem::exists(file)) {
    UnitKey::make(file);
    fmt::print("Made {}: without it the store cannot be written. Keep a copy, apart from the store's.\n",
               file.string());
  }
  return file;
}

}  // namespace

void add_init(Command& program) {
  struct Options {
    std::string store;
    bool fast = false, hash = false;
    std::string key, cluster;
  };
  auto options = std::make_shared<Options>();
  auto* command = program.add_subcommand("init", "Create an empty store.");
  command->footer("Example:\n  liftmark init shop.db && liftmark apply shop.db catalog.json\n");
  command
      ->add_option("store", options->store,
                   "The store's file, or clickhouse://user@host:port,host:port/database naming every shard; "
                   "must not hold a store yet.")
      ->required();
  command->add_flag("--not-durable", options->fast,
                    "Commits do not wait for the disk: a power failure may lose the last ones.");
  command->add_flag("--hash-units", options->hash,
                    "Keep ids of units as keyed hashes; the key is made beside the store.");
  command->add_option("--unit-key", options->key,
                      "The file of that key, made unless it is there; LIFTMARK_UNIT_KEY names it later.");
  command->add_option(
      "--cluster", options->cluster,
      "ClickHouse: name of the cluster in the servers' configuration, for Distributed tables in "
      "front of the shards'.");
  command->callback([options] {
    if (clickhouse::is_address(options->store)) {
      if (options->hash || options->fast || !options->key.empty())
        throw Error(ErrorCode::usage, "store", "in ClickHouse keeps ids and commits as they are",
                    "leave out --hash-units, --unit-key and --not-durable");
      clickhouse::Store::create(clickhouse::parse_address(options->store), options->cluster);
      fmt::print("Created a store in ClickHouse. Next: liftmark apply {} CATALOG.json\n", options->store);
      return;
    }
    const Store store = Store::create(options->store, {.durable = !options->fast,
                                                       .unit_key = options->hash || !options->key.empty()
                                                                       ? key_for(options->store, options->key)
                                                                       : std::filesystem::path()});
    fmt::print("Created {}. Next: liftmark apply {} CATALOG.json\n", store.path().string(), options->store);
  });
}

}  // namespace liftmark::cli
