// `liftmark apply`: validate a catalog, say what it changes and whom it moves, store it as a new version.

#include "apps/cli/apply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/cli/catalog_source.hpp"
#include "apps/cli/commands.hpp"
#include "apps/cli/store_commands.hpp"
#include "assign/preview.hpp"
#include "assign/ranges.hpp"
#include "engine/definition/assigner.hpp"
#include "engine/definition/catalog.hpp"
#include "engine/definition/changes.hpp"
#include "engine/definition/error.hpp"
#include "engine/record/reader.hpp"
#include "engine/record/stored_buckets.hpp"
#include "engine/record/unit_key.hpp"

namespace liftmark::cli {
namespace {

struct Options {
  std::string store, catalog;
  bool dry_run = false, new_epoch = false, allow_moves = false, json = false;
};

/// A store of hashed ids has the buckets of who was exposed, and nothing else to hash.
std::vector<assign::Movement> movements_of_buckets(const std::string& store, const Catalog& before,
                                                   const Catalog& after, bool places_change) {
  std::vector<assign::Movement> all;
  for (const auto& experiment : before.experiments) {
    const auto& old = experiment.assignment;
    const auto* now = after.find_experiment(old.key);
    if (!now) continue;
    const StoredBuckets stored = stored_buckets(store, old.key, old.hashing.salt);
    assign::Movement movement = assign::preview_buckets(old, now->assignment, stored.buckets);
    movement.units += stored.without;
    movement.incomplete = movement.incomplete || places_change ||
                          (stored.without > 0 && assign::may_move(old, now->assignment));
    all.push_back(std::move(movement));
  }
  return all;
}

/// Whom the edit would move, of the units the store knows. Empty when nothing in it enters a hash.
std::vector<assign::Movement> movements(const std::string& store, const Catalog& before,
                                        const Catalog& after) {
  bool moves = before.layers.size() != after.layers.size() || before.holdouts.size() != after.holdouts.size();
  for (std::size_t i = 0; !moves && i < before.holdouts.size(); ++i) {
    const auto& a = before.holdouts[i];
    const auto& b = after.holdouts[i];
    moves = a.key != b.key || a.share != b.share || a.salt != b.salt || a.layer != b.layer;
  }
  const bool places_change = moves;
  for (const auto& experiment : before.experiments) {
    const auto* now = after.find_experiment(experiment.assignment.key);
    moves = moves || (now && assign::may_move(experiment.assignment, now->assignment));
  }
  if (!moves) return {};
  if (hashes_units(store)) return movements_of_buckets(store, before, after, places_change);
  const Reader reader(store);
  std::vector<std::string> ids;
  ids.reserve(reader.unit_count());
  for (std::size_t unit = 0; unit < reader.unit_count(); ++unit) {
    std::string id = reader.unit_id(static_cast<UnitIndex>(unit));
    if (!id.empty()) ids.push_back(std::move(id));
  }
  const std::vector<std::string_view> views(ids.begin(), ids.end());
  return assign::preview(assignment_definitions(before), assignment_definitions(after), views);
}

/// A running experiment must not be reshuffled by accident. Gives the keys that need a new epoch.
std::vector<std::string> check_moves(const Options& options, const Catalog& before, const Catalog& after,
                                     const std::vector<assign::Movement>& moves) {
  std::vector<Problem> problems;
  std::vector<std::string> reshuffled;
  for (const auto& experiment : after.experiments) {
    const auto& now = experiment.assignment;
    const auto* old = before.find_experiment(now.key);
    if (!old || old->assignment.status != assign::Status::running) continue;
    if (now.epoch < old->assignment.epoch)
      problems.push_back({"experiment " + now.key, "its epoch went back", fmt::format("{}", now.epoch),
                          fmt::format("The store is at epoch {}: write \"epoch\": {} or more.",
                                      old->assignment.epoch, old->assignment.epoch)});
    if (now.epoch != old->assignment.epoch || now.status != assign::Status::running) continue;
    const auto moved =
        std::find_if(moves.begin(), moves.end(), [&](const auto& m) { return m.experiment == now.key; });
    if (moved == moves.end() || (moved->moved() == 0 && !moved->incomplete)) continue;
    if (options.new_epoch)
      reshuffled.push_back(now.key);
    else if (!options.allow_moves)
      problems.push_back(
          {"experiment " + now.key, "the edit would reshuffle a running experiment",
           moved->incomplete ? std::string("the ids are hashed, and buckets cannot say whom it moves")
                             : fmt::format("{} of {} known units change arm, {} leave", moved->changed,
                                           moved->before, moved->left),
           "--new-epoch starts a new epoch, analysed apart; --allow-moves keeps the epoch and mixes them."});
  }
  if (!problems.empty()) throw Error(ErrorCode::definition, std::move(problems));
  return reshuffled;
}

/// Sets what `edit` makes of each experiment's JSON, in the order of the catalog, and reads the result.
template <class Edit>
Catalog edited(const Catalog& catalog, Edit edit) {
  auto document = nlohmann::json::parse(catalog.text);
  for (std::size_t i = 0; i < catalog.experiments.size(); ++i)
    edit(document["experiments"][i], catalog.experiments[i].assignment);
  return parse_catalog(document.dump());
}

/// The catalog with the epochs of these experiments raised by one.
Catalog raise_epochs(const Catalog& catalog, const std::vector<std::string>& keys) {
  return edited(catalog, [&](nlohmann::json& experiment, const assign::Experiment& now) {
    if (std::find(keys.begin(), keys.end(), now.key) != keys.end()) experiment["epoch"] = now.epoch + 1;
  });
}

/// The ranges that give `now` its weights and move the fewest units from where `old` has them; empty when
/// those of the weights alone are the same, or when the file says its own or hashes otherwise.
std::vector<assign::BucketRange> least_moving_ranges(const assign::Experiment& old,
                                                     const assign::Experiment& now) {
  if (old.status == assign::Status::draft || !now.ranges.empty()) return {};
  if (now.hashing.scheme != "liftmark-1" || old.hashing.scheme != now.hashing.scheme ||
      old.hashing.salt != now.hashing.salt)
    return {};
  auto ranges = assign::ranges_moving_least(old, now);
  const auto plain = assign::ranges_of_weights(now.arms);
  const auto same = [](const assign::BucketRange& a, const assign::BucketRange& b) {
    return a.first == b.first && a.last == b.last && a.arm == b.arm;
  };
  if (std::equal(ranges.begin(), ranges.end(), plain.begin(), plain.end(), same)) ranges.clear();
  return ranges;
}

/// A change of weights moves only whom it must: the ranges that do are written into the catalog, and stay
/// there with the next edit.
Catalog keep_ranges(const Catalog& before, const Catalog& after) {
  bool any = false;
  Catalog kept = edited(after, [&](nlohmann::json& experiment, const assign::Experiment& now) {
    const auto* old = before.find_experiment(now.key);
    const auto ranges = old ? least_moving_ranges(old->assignment, now) : std::vector<assign::BucketRange>{};
    for (const assign::BucketRange& range : ranges) {
      any = true;
      experiment["ranges"].push_back({{"arm", now.arms[range.arm].key},
                                      {"first", fmt::format("{:016x}", range.first)},
                                      {"last", fmt::format("{:016x}", range.last)}});
    }
  });
  return any ? kept : after;
}

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

nlohmann::json to_json(const CatalogVersion& version, const std::vector<Change>& changes,
                       const std::vector<assign::Movement>& moves) {
  nlohmann::json answer{{"version", version.version},
                        {"digest", version.digest},
                        {"changes", nlohmann::json::array()},
                        {"movements", nlohmann::json::array()}};
  for (const Change& change : changes)
    answer["changes"].push_back({{"kind", change.kind},
                                 {"key", change.key},
                                 {"field", change.field},
                                 {"before", change.before},
                                 {"after", change.after},
                                 {"plan_after_start", change.plan_after_start}});
  for (const auto& move : moves)
    answer["movements"].push_back({{"experiment", move.experiment},
                                   {"units", move.units},
                                   {"before", move.before},
                                   {"changed", move.changed},
                                   {"left", move.left},
                                   {"joined", move.joined},
                                   {"incomplete", move.incomplete}});
  return answer;
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

/// What an edit comes to.
struct Applied {
  CatalogVersion version;
  Catalog after;
  std::vector<Change> changes;
  std::vector<assign::Movement> moves;
  std::vector<std::string> reshuffled;
};

Applied carry_out(const Options& options, Catalog after) {
  WritingStore open(options.store);
  const auto current = open.get_catalog();
  const Catalog before = current ? parse_catalog(current->json) : Catalog{};
  after = keep_ranges(before, after);
  Applied applied;
  if (current) applied.moves = movements(options.store, before, after);
  applied.reshuffled = check_moves(options, before, after, applied.moves);
  if (!applied.reshuffled.empty()) after = raise_epochs(after, applied.reshuffled);
  applied.changes = describe_changes(before, after);
  applied.version = {
      .version = current ? current->version : 0, .json = {}, .digest = after.digest, .recorded_at = 0};
  if (!options.dry_run) applied.version = open.put_catalog(after.text, after.digest);
  applied.after = std::move(after);
  return applied;
}

void apply(const Options& options) {
  const Applied applied = carry_out(options, read_catalog_file(options.catalog));
  if (options.json) {
    fmt::print("{}\n", to_json(applied.version, applied.changes, applied.moves).dump());
    return;
  }
  print_parts(applied.changes, applied.moves);
  print_version(applied.version, options.dry_run);
  for (const std::string& key : applied.reshuffled) {
    const int epoch = applied.after.find_experiment(key)->assignment.epoch;
    fmt::print("Experiment {} starts epoch {}; write \"epoch\": {} into {}.\n", key, epoch, epoch,
               options.catalog);
  }
  if (options.dry_run) fmt::print("Dry run: nothing was stored.\n");
}

}  // namespace

std::string apply_catalog(const std::string& store, const std::string& text,
                          const service::CatalogEdit& edit) {
  Options options;
  options.store = store;
  options.dry_run = edit.dry_run;
  options.new_epoch = edit.new_epoch;
  options.allow_moves = edit.allow_moves;
  const Applied applied = carry_out(options, parse_catalog(text));
  return to_json(applied.version, applied.changes, applied.moves).dump();
}

void add_apply(CLI::App& program) {
  auto options = std::make_shared<Options>();
  auto* command = program.add_subcommand("apply", "Check a catalog file and store it as a new version.");
  command->footer(
      "Example:\n  liftmark init shop.db\n  liftmark apply shop.db catalog.json --dry-run\n  liftmark apply "
      "shop.db catalog.json\n");
  command->add_option("store", options->store, "The store's file.")->required();
  command->add_option("catalog", options->catalog, "The catalog, JSON (docs/catalog.md).")->required();
  command->add_flag("--dry-run", options->dry_run, "Say what would change, store nothing.");
  command->add_flag("--new-epoch", options->new_epoch,
                    "Start a new epoch where a running experiment is reshuffled.");
  command->add_flag("--allow-moves", options->allow_moves, "Let units change arm within an epoch.");
  command->add_flag("--json", options->json, "Answer as JSON.");
  command->callback([options] { apply(*options); });
}

}  // namespace liftmark::cli
