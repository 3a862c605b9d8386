// `liftmark migrate`: an older store's schema becomes this program's.

#include <fmt/format.h>

#include <memory>
#include <string>

#include "apps/cli/commands.hpp"
#include "engine/record/backup.hpp"
#include "engine/record/clickhouse/schema.hpp"

namespace liftmark::cli {
namespace {

void say_up_to_date(const std::string& store, const std::string& schema) {
  fmt::print("{}: schema {} is up to date\n", store, schema);
}

void migrate_shards(const std::string& address) {
  const clickhouse::SchemaChange change = clickhouse::migrate(clickhouse::parse_address(address));
  if (change.from == change.to) return say_up_to_date(address, change.to);
  fmt::print("{}: schema {} became {}; nothing that was there has changed\n", address, change.from,
             change.to);
}

}  // namespace

void add_migrate(Command& program) {
  auto* command = program.add_subcommand("migrate", "Bring a store's schema up to this program's");
  auto store = std::make_shared<std::string>();
  command->add_option("store", *store, "The store: a file, or clickhouse://user@host:port/database")
      ->required();
  command->footer("Example:\n  liftmark migrate shop.db");
  command->callback([store] {
    if (clickhouse::is_address(*store)) return migrate_shards(*store);
    const Migration migration = migrate(*store);
    if (migration.from == migration.to)
      say_up_to_date(*store, std::to_string(migration.to));
    else
      fmt::print("{}: schema {} became {}; the copy of before is {}\n", *store, migration.from, migration.to,
                 migration.backup.string());
  });
}

}  // namespace liftmark::cli
