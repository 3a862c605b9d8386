#include "engine/record/catalog_edit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "assign/ranges.hpp"
#include "engine/definition/assigner.hpp"
#include "engine/definition/assignment_edit.hpp"
#include "engine/definition/error.hpp"
#include "engine/definition/own_tables.hpp"
#include "engine/record/reader.hpp"
#include "engine/record/stored_buckets.hpp"
#include "engine/record/unit_key.hpp"

namespace liftmark {
namespace {

/// A store of hashed ids has the buckets of who was exposed, and nothing else to hash.
std::vector<assign::Movement> movements_of_buckets(const std::filesystem::path& store, const Catalog& before,
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

/// What applying asks of a store, whatever engine keeps it.
struct Shelf {
  std::optional<CatalogVersion> current;
  std::function<std::vector<assign::Movement>(const Catalog& before, const Catalog& after,
                                              bool places_change)>
      movements;
  std::function<CatalogVersion(std::int64_t seen, const Catalog& catalog)> put_over;
};

std::vector<assign::Movement> movements_of_ids(const std::vector<std::string>& ids, const Catalog& before,
                                               const Catalog& after) {
  const std::vector<std::string_view> views(ids.begin(), ids.end());
  return assign::preview(assignment_definitions(before), assignment_definitions(after), views);
}

std::vector<assign::Movement> movements_of_file(const std::filesystem::path& store, const Catalog& before,
                                                const Catalog& after, bool places_change) {
  if (hashes_units(store)) return movements_of_buckets(store, before, after, places_change);
  const Reader reader(store);
  std::vector<std::string> ids;
  ids.reserve(reader.unit_count());
  for (std::size_t unit = 0; unit < reader.unit_count(); ++unit) {
    std::string id = reader.unit_id(static_cast<UnitIndex>(unit));
    if (!id.empty()) ids.push_back(std::move(id));
  }
  return movements_of_ids(ids, before, after);
}

/// Whom the edit would move, of the units the store knows. Empty when nothing in it enters a hash.
std::vector<assign::Movement> movements(const Shelf& shelf, const Catalog& before, const Catalog& after) {
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
  return shelf.movements(before, after, places_change);
}

/// A running experiment must not be reshuffled by accident. Gives the keys that need a new epoch.
std::vector<std::string> check_moves(const CatalogEdit& edit, const Catalog& before, const Catalog& after,
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
    if (edit.new_epoch)
      reshuffled.push_back(now.key);
    else if (!edit.allow_moves)
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

/// The catalog with the epochs of these experiments raised by one.
Catalog raise_epochs(const Catalog& catalog, const std::vector<std::string>& keys) {
  std::vector<AssignmentEdit> edits;
  for (const std::string& key : keys)
    edits.push_back({.experiment = key, .epoch = catalog.find_experiment(key)->assignment.epoch + 1});
  return with_edits(catalog, edits);
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
  std::vector<AssignmentEdit> edits;
  for (const auto& definition : after.experiments) {
    const assign::Experiment& now = definition.assignment;
    const auto* old = before.find_experiment(now.key);
    auto ranges = old ? least_moving_ranges(old->assignment, now) : std::vector<assign::BucketRange>{};
    if (!ranges.empty()) edits.push_back({.experiment = now.key, .epoch = {}, .ranges = std::move(ranges)});
  }
  return edits.empty() ? after : with_edits(after, edits);
}

std::optional<CatalogVersion> current_catalog(Recorder& recorder) {
  std::optional<CatalogVersion> current;
  recorder.exclusive([&](Store& store) { current = store.get_catalog(); });
  return current;
}

/// When another catalog came in between, what was said of the edit is not true any more.
void require_seen(const std::optional<CatalogVersion>& now, std::int64_t seen) {
  if ((now ? now->version : 0) != seen)
    throw Error(ErrorCode::definition, "catalog", "another catalog was put in force meanwhile", "try again");
}

CatalogVersion put_over(Recorder& recorder, std::int64_t seen, const Catalog& catalog) {
  CatalogVersion version;
  recorder.exclusive([&](Store& store) {
    require_seen(store.get_catalog(), seen);
    version = store.put_catalog(catalog.text, catalog.digest);
  });
  return version;
}

/// Compares and puts in place.
AppliedCatalog apply_over(const Shelf& shelf, Catalog after, const CatalogEdit& edit) {
  const auto& current = shelf.current;
  const Catalog before = current ? parse_catalog(current->json) : Catalog{};
  after = keep_ranges(before, after);
  AppliedCatalog applied;
  if (current) applied.moves = movements(shelf, before, after);
  applied.reshuffled = check_moves(edit, before, after, applied.moves);
  if (!applied.reshuffled.empty()) after = raise_epochs(after, applied.reshuffled);
  applied.changes = describe_changes(before, after);
  applied.version = {
      .version = current ? current->version : 0, .json = {}, .digest = after.digest, .recorded_at = 0};
  if (!edit.dry_run) applied.version = shelf.put_over(applied.version.version, after);
  applied.after = std::move(after);
  return applied;
}

constexpr std::size_t kMostUnits = 5'000'000;  ///< that a server is asked to name

}  // namespace

AppliedCatalog apply_catalog(Recorder& recorder, const std::filesystem::path& store, Catalog after,
                             const CatalogEdit& edit) {
  if (own_tables_of(after.text))
    throw Error(ErrorCode::definition, "/tables", "can be read by a store in ClickHouse only",
                "leave \"tables\" out, or apply the catalog to clickhouse://user@host:port/database");
  const Shelf shelf{
      .current = current_catalog(recorder),
      .movements = [&](const Catalog& before, const Catalog& now,
                       bool places_change) { return movements_of_file(store, before, now, places_change); },
      .put_over = [&](std::int64_t seen,
                      const Catalog& catalog) { return put_over(recorder, seen, catalog); }};
  return apply_over(shelf, std::move(after), edit);
}

AppliedCatalog apply_catalog(clickhouse::Store& store, Catalog after, const CatalogEdit& edit) {
  store.check_tables(after.text);
  const Shelf shelf{
      .current = store.newest_catalog(),
      .movements = [&](const Catalog& before, const Catalog& now,
                       bool) { return movements_of_ids(store.unit_ids(kMostUnits), before, now); },
      .put_over =
          [&](std::int64_t seen, const Catalog& catalog) {
            require_seen(store.newest_catalog(), seen);
            return store.put_catalog(catalog.text, catalog.digest);
          }};
  return apply_over(shelf, std::move(after), edit);
}

}  // namespace liftmark
