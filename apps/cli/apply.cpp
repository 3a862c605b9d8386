// `liftmark apply`: validate a catalog, say what it changes and whom it moves, store it as a new version.

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "apps/cli/catalog_source.hpp"
#include "apps/cli/commands.hpp"
#include "apps/cli/store_commands.hpp"
#include "apps/service/catalog_answer.hpp"
#include "engine/record/catalog_edit.hpp"

namespace liftmark::cli {
namespace {

struct Options {
  std::string store, catalog;
  CatalogEdit edit;
  bool json = false;
};

std::string shortened(const std::string& text) {
  return text.size() <= 60 ? text : text.substr(0, 57) + "..";
}

void print_change(const Change& change) {
  const std::string part = change.key.empty() ? change.kind : fmt::format("{} {}", change.kind, change.key);
  if (change.field.empty())
    fmt::print("  {} {}\n", change.before.empty() ? "+" : "-", part);
  else
    fmt::print("  ~ {} {}: {} -> {}{}\n", part, change.field,
               shortened(change.before.empty() ? "nothing" : change.before),
               shortened(change.after.empty() ? "nothing" : change.after),
               change.plan_after_start ? "  (after the start: reports will show it)" : "");
}

void print_parts(const std::vector<Change>& changes, const std::vector<assign::Movement>& moves) {
  for (const Change& change : changes) print_change(change);
  for (const auto& move : moves) {
    if (move.incomplete)
      fmt::print("  experiment {}: cannot say whom this moves, the store keeps hashed ids\n",
                 move.experiment);
    else
      fmt::print("  experiment {}: of {} known units {} were in it; {} change arm, {} leave, {} join\n",
                 move.experiment, move.units, move.before, move.changed, move.left, move.joined);
  }
  if (changes.empty()) fmt::print("Nothing changes: ");
}

void print_version(const CatalogVersion& version, bool dry_run) {
  const std::string digest = version.digest.substr(0, 16);
  if (!dry_run)
    fmt::print("version {} is in force, digest {}.\n", version.version, digest);
  else if (version.version == 0)
    fmt::print("no version is in force; the digest would be {}.\n", digest);
  else
    fmt::print("version {} stays in force; the digest would be {}.\n", version.version, digest);
}

AppliedCatalog apply_to_store(const Options& options, Catalog after) {
  if (clickhouse::is_address(options.store)) {
    clickhouse::Store store(clickhouse::parse_address(options.store));
    return apply_catalog(store, std::move(after), options.edit);
  }
  WritingStore open(options.store);
  return apply_catalog(open.recorder, options.store, std::move(after), options.edit);
}

void apply(const Options& options) {
  Catalog after = read_catalog_file(options.catalog);
  const AppliedCatalog applied = apply_to_store(options, std::move(after));
  if (options.json) {
    fmt::print("{}\n", service::catalog_answer(applied));
    return;
  }
  print_parts(applied.changes, applied.moves);
  print_version(applied.version, options.edit.dry_run);
  for (const std::string& key : applied.reshuffled) {
    const int epoch = applied.after.find_experiment(key)->assignment.epoch;
    fmt::print("Experiment {} starts epoch {}; write \"epoch\": {} into {}.\n", key, epoch, epoch,
               options.catalog);
  }
  if (options.edit.dry_run) fmt::print("Dry run: nothing was stored.\n");
}

}  // namespace

void add_apply(Command& program) {
  auto options = std::make_shared<Options>();
  auto* command = program.add_subcommand("apply", "Check a catalog file and store it as a new version.");
  command->footer(
      "Example:\n  liftmark init shop.db\n  liftmark apply shop.db catalog.json --dry-run\n  liftmark apply "
      "shop.db catalog.json\n");
  command->add_option("store", options->store, "The store's file, or clickhouse://user@host:port/database.")
      ->required();
  command->add_option("catalog", options->catalog, "The catalog, JSON (docs/catalog.md).")->required();
  command->add_flag("--dry-run", options->edit.dry_run, "Say what would change, store nothing.");
  command->add_flag("--new-epoch", options->edit.new_epoch,
                    "Start a new epoch where a running experiment is reshuffled.");
  command->add_flag("--allow-moves", options->edit.allow_moves, "Let units change arm within an epoch.");
  command->add_flag("--json", options->json, "Answer as JSON.");
  command->callback([options] { apply(*options); });
}

}  // namespace liftmark::cli
