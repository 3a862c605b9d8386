#include "engine/record/privacy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "engine/definition/error.hpp"
#include "engine/definition/overrides.hpp"
#include "engine/definition/retention.hpp"
#include "engine/record/reader.hpp"
#include "engine/record/segments.hpp"
#include "engine/record/staging.hpp"

namespace liftmark {
namespace {

/// One administrative act: a transaction with its own stamp. On failure the writer's memory is read anew.
void act(Recorder& recorder, const std::function<void(Store::State&, Micros)>& work) {
  recorder.exclusive([&](Store& store) {
    Store::State& state = store.state();
    state.memory();
    try {
      Transaction transaction(state.database);
      const Micros stamp = state.next_stamp();
      work(state, stamp);
      state.write_stamp(stamp);
      transaction.commit();
      state.last_commit = stamp;
    } catch (...) {
      state.forget();
      throw;
    }
  });
}

/// `id` as the store keeps it, here and in what follows.
bool is_erased(Store::State& state, std::string_view id) {
  return state.memory().erased.contains(state.secret.key(KeySpace::erased, id));
}

/// The unit of an id as it is sent.
UnitIndex unit_of(Store::State& state, std::string_view sent) {
  if (sent.empty() || sent.size() > kMaxTextBytes)
    throw Error(ErrorCode::usage, "unit", "a unit's id has 1 to 1024 bytes",
                "give the id as it is sent with events");
  const std::string id = state.door.stored(sent);
  if (is_erased(state, id))
    throw Error(ErrorCode::data, "unit", "this unit was erased and is not recorded again",
                "give the person a new id");
  return state.intern_unit(id, state.secret.key(KeySpace::unit, id));
}

/// The last word on measurement, by the moment it was given.
void read_consent(Store::State& state, UnitIndex unit) {
  Statement row(
      state.database,
      "SELECT granted FROM consent WHERE unit = ?1 AND purpose = 'measurement' ORDER BY at DESC, seq "
      "DESC LIMIT 1");
  row.bind(1, unit);
  if (row.step()) state.memory().consent[unit] = row.integer(0) != 0;
}

/// The unit and the anonymous units linked to it, directly or through others: one person.
std::vector<UnitIndex> person_of(Store::State& state, UnitIndex unit) {
  std::vector<UnitIndex> person{unit};
  Statement links(state.database, "SELECT anonymous FROM link WHERE unit = ?1 ORDER BY seq");
  for (std::size_t i = 0; i < person.size(); ++i) {
    links.bind(1, person[i]);
    while (links.step()) {
      const auto anonymous = static_cast<UnitIndex>(links.integer(0));
      if (std::find(person.begin(), person.end(), anonymous) == person.end()) person.push_back(anonymous);
    }
    links.reset();
  }
  return person;
}

std::string id_of(Store::State& state, UnitIndex unit) {
  Statement row(state.database, "SELECT id FROM unit WHERE unit = ?1");
  row.bind(1, unit);
  return row.step() ? std::string(row.text(0)) : std::string();
}

/// Hides one unit: its id and what hangs on it go, a keyed hash stays. Inside an act.
void hide(Store::State& state, UnitIndex index, Micros stamp) {
  const std::string id = id_of(state, index);
  const Key key = state.secret.key(KeySpace::erased, id);
  const std::string_view bytes(reinterpret_cast<const char*>(&key), sizeof key);
  Statement hash(state.database, "INSERT OR IGNORE INTO erased VALUES(?1, ?2)");
  hash.bind_blob(1, bytes).bind(2, stamp).run();
  Statement row(state.database, "INSERT INTO erasure(unit, recorded_at) VALUES(?1, ?2)");
  row.bind(1, index).bind(2, stamp).run();
  for (const char* sql :
       {"DELETE FROM unit WHERE unit = ?1", "DELETE FROM consent WHERE unit = ?1",
        "DELETE FROM sticky WHERE unit = ?1", "DELETE FROM link WHERE unit = ?1 OR anonymous = ?1"}) {
    Statement remove(state.database, sql);
    remove.bind(1, index).run();
  }
  forget_segments(state.database, index);
  state.memory().units.remove(state.secret.key(KeySpace::unit, id));
  state.memory().consent.erase(index);
  state.memory().erased.insert(key);
}

/// Catalogs name units of their own in overrides: taken out of every version. Returns whether one did.
bool forget_overrides(Store::State& state, const std::vector<std::string>& ids) {
  std::vector<std::pair<std::int64_t, std::string>> changed;
  {
    Statement catalogs(state.database, "SELECT version, json FROM catalog");
    while (catalogs.step())
      if (auto json = without_overrides(catalogs.text(1), ids))
        changed.emplace_back(catalogs.integer(0), *json);
  }
  Statement update(state.database, "UPDATE catalog SET json = ?2 WHERE version = ?1");
  for (const auto& [version, json] : changed) update.bind(1, version).bind_text(2, json).run();
  return !changed.empty();
}

/// Rewrites every live block that `touches`, without the rows that `drops`. Returns the number of dropped
/// rows.
std::int64_t rewrite(Store::State& state, const std::function<bool(const LiveBlock&)>& touches,
                     const std::function<bool(BlockKind, const BlockRows&, std::size_t)>& drops,
                     const std::function<void(Micros, std::int64_t)>& also) {
  {
    // Rows leave their blocks only when their ids are in a run.
    Transaction transaction(state.database);
    state.memory().ids.write(state.database.integer("SELECT ifnull(max(block), 0) FROM block"), 1, 1 << 16);
    transaction.commit();
  }
  Staging staging(state);
  BlockRows rows;
  std::int64_t dropped = 0;
  Statement hot(state.database, "SELECT hot FROM block WHERE block = ?1");
  for (const LiveBlock& block : live_blocks(state)) {
    if (!touches(block)) continue;
    hot.bind(1, block.block);
    if (!hot.step()) continue;
    decode_hot(hot.blob(0), rows);
    hot.reset();
    std::vector<std::uint32_t> stay;
    for (std::uint32_t i = 0; i < rows.size(); ++i)
      if (!drops(block.kind, rows, i)) stay.push_back(i);
    if (stay.size() == rows.size()) continue;
    dropped += static_cast<std::int64_t>(rows.size() - stay.size());
    read_block(state.database, block.block, rows);
    if (!stay.empty()) staging.put(block.kind, block.part, gather(rows, stay));
    staging.replace(block.block);
  }
  staging.publish([&](Micros stamp) { also(stamp, dropped); });
  while (Staging::sweep(state)) {
  }
  return dropped;
}

/// Deleted ids may survive in the slack of pages; a rebuilt table has only what it holds.
void rebuild_tables(Store::State& state) {
  Transaction transaction(state.database);
  state.database.execute(
      "CREATE TABLE unit_new(unit INTEGER PRIMARY KEY, id TEXT NOT NULL);"
      "INSERT INTO unit_new SELECT unit, id FROM unit ORDER BY unit;"
      "DROP TABLE unit; ALTER TABLE unit_new RENAME TO unit;"
      "CREATE TABLE catalog_new(version INTEGER PRIMARY KEY, json TEXT NOT NULL, digest TEXT NOT NULL, "
      "recorded_at INTEGER NOT NULL);"
      "INSERT INTO catalog_new SELECT version, json, digest, recorded_at FROM catalog ORDER BY version;"
      "DROP TABLE catalog; ALTER TABLE catalog_new RENAME TO catalog");
  state.database.execute("UPDATE clock SET sweeps = sweeps + 1");
  transaction.commit();
}

}  // namespace

void set_consent(Recorder& recorder, std::string_view unit, std::string_view purpose, bool granted,
                 std::optional<Micros> at) {
  act(recorder, [&](Store::State& state, Micros stamp) {
    const UnitIndex index = unit_of(state, unit);
    Statement insert(
        state.database,
        "INSERT INTO consent(unit, purpose, granted, at, recorded_at) VALUES(?1, ?2, ?3, ?4, ?5)");
    insert.bind(1, index)
        .bind_text(2, purpose)
        .bind(3, granted)
        .bind(4, at.value_or(stamp))
        .bind(5, stamp)
        .run();
    if (purpose == "measurement") read_consent(state, index);
  });
}

void require_consent(Recorder& recorder, bool required) {
  act(recorder, [&](Store::State& state, Micros stamp) {
    Statement set(state.database, "INSERT OR REPLACE INTO setting VALUES('consent_required', ?1)");
    set.bind(1, required).run();
    state.memory().consent_required = required;
    state.audit(stamp, "consent", required ? "required" : "not required");
  });
}

void link_units(Recorder& recorder, std::string_view anonymous, std::string_view unit,
                std::optional<Micros> at) {
  if (anonymous == unit)
    throw Error(ErrorCode::usage, "link", "both units are the same",
                "name the anonymous id first, then the user's");
  act(recorder, [&](Store::State& state, Micros stamp) {
    const UnitIndex from = unit_of(state, anonymous);
    const UnitIndex to = unit_of(state, unit);
    Statement insert(state.database,
                     "INSERT INTO link(anonymous, unit, at, recorded_at) VALUES(?1, ?2, ?3, ?4)");
    insert.bind(1, from).bind(2, to).bind(3, at.value_or(stamp)).bind(4, stamp).run();
  });
}

void set_retention(Recorder& recorder, std::string_view type, int days) {
  check_retention_days(days);
  act(recorder, [&](Store::State& state, Micros stamp) { state.keep_for(stamp, type, days); });
}

std::int64_t purge(Recorder& recorder) {
  std::int64_t removed = 0;
  recorder.exclusive([&](Store& store) {
    Store::State& state = store.state();
    const WriterMemory& memory = state.memory();
    const Micros now = now_micros();
    std::vector<Micros> keep_from(memory.names.size(NameKind::type), INT64_MIN);
    Micros latest = INT64_MIN;
    for (const auto& [type, days] : memory.retention_by_name) {
      const auto code = memory.names.find({NameKind::type, 0, 0, type});
      if (!code) continue;
      keep_from[*code] = now - days * kMicrosPerDay;
      latest = std::max(latest, keep_from[*code]);
    }
    if (latest == INT64_MIN) return;
    removed = rewrite(
        state,
        [&](const LiveBlock& block) { return block.kind == BlockKind::event && block.first_at < latest; },
        [&](BlockKind, const BlockRows& rows, std::size_t i) { return rows.at[i] < keep_from[rows.type[i]]; },
        [&](Micros stamp, std::int64_t rows) {
          state.audit(stamp, "purge", fmt::format("{} events", rows));
        });
  });
  return removed;
}

namespace {

struct Progress {
  std::int64_t rows = 0;     ///< removed
  std::int64_t pending = 0;  ///< erasures still under way
};

/// Rewrites the blocks of all erased units, rebuilds the tables that held their ids and empties the log.
Progress carry_out_erasures(Store& store) {
  Store::State& state = store.state();
  std::vector<UnitIndex> units;
  {
    Statement rows(state.database, "SELECT unit FROM erasure WHERE finished_at IS NULL");
    while (rows.step()) units.push_back(static_cast<UnitIndex>(rows.integer(0)));
  }
  Progress progress{0, static_cast<std::int64_t>(units.size())};
  if (units.empty()) return progress;
  std::sort(units.begin(), units.end());
  const auto erased = [&](UnitIndex unit) { return std::binary_search(units.begin(), units.end(), unit); };
  progress.rows = rewrite(
      state,
      [&](const LiveBlock& block) {
        const auto next = std::lower_bound(units.begin(), units.end(), block.first_unit);
        return next != units.end() && *next <= block.last_unit;
      },
      [&](BlockKind, const BlockRows& rows, std::size_t i) { return erased(rows.unit[i]); },
      [](Micros, std::int64_t) {});
  rebuild_tables(state);
  if (!state.truncate_log(Database::kBusyMilliseconds)) return progress;
  Transaction transaction(state.database);
  Statement done(state.database, "UPDATE erasure SET finished_at = ?1 WHERE finished_at IS NULL");
  done.bind(1, now_micros()).run();
  transaction.commit();
  progress.pending = 0;
  return progress;
}

/// Experiment and first arm of each of these units, joined: all that stays of them, in the counters. Linked
/// units are one unit to the reader, so that a person counts once.
std::vector<std::string> arms_given(const std::filesystem::path& path, const std::vector<UnitIndex>& units) {
  std::vector<std::string> given;
  const Reader reader(path);
  for (const std::string& experiment : reader.experiments()) {
    const ExposureColumns rows = reader.exposures(experiment);
    for (const UnitIndex unit : units) {
      const auto found = std::lower_bound(rows.unit.begin(), rows.unit.end(), unit);
      if (found == rows.unit.end() || *found != unit) continue;
      const auto row = static_cast<std::size_t>(found - rows.unit.begin());
      given.push_back(experiment + kErasedSeparator + rows.arms[rows.arm[row]].key);
    }
  }
  return given;
}

}  // namespace

Erasure erase(Recorder& recorder, std::string_view unit) {
  Erasure erasure;
  // Hidden at once, whatever happens next.
  act(recorder, [&](Store::State& state, Micros stamp) {
    const std::string id = state.door.stored(unit);
    const Key key = state.secret.key(KeySpace::unit, id);
    UnitIndex index = state.memory().units.find(key);
    const bool overridden = forget_overrides(state, {id});
    if (index == UnitMap::kNone && overridden) index = state.intern_unit(id, key);
    if (index == UnitMap::kNone) return;
    std::vector<std::string> ids;
    const std::vector<UnitIndex> person = person_of(state, index);
    for (const UnitIndex each : person) ids.push_back(id_of(state, each));
    for (const std::string& arm : arms_given(state.path, person))
      state.write_counter(stamp, kErasedCounter, arm, 1);
    for (const UnitIndex each : person) hide(state, each, stamp);
    forget_overrides(state, ids);
    erasure.units = static_cast<std::int64_t>(person.size());
    state.audit(stamp, "erase", fmt::format("{} unit{}", person.size(), person.size() == 1 ? "" : "s"));
  });
  if (erasure.units == 0) return erasure;
  recorder.exclusive([&](Store& store) {
    const Progress progress = carry_out_erasures(store);
    erasure.rows = progress.rows;
    erasure.finished = progress.pending == 0;
  });
  return erasure;
}

std::int64_t finish_erasures(Recorder& recorder) {
  std::int64_t pending = 0;
  recorder.exclusive([&](Store& store) { pending = carry_out_erasures(store).pending; });
  return pending;
}

void keep_sticky_arms(Recorder& recorder, const std::vector<KeptArm>& arms) {
  if (arms.empty()) return;
  act(recorder, [&](Store::State& state, Micros stamp) {
    Statement insert(state.database, "INSERT OR IGNORE INTO sticky VALUES(?1, ?2, ?3, ?4, ?5)");
    for (const KeptArm& kept : arms) {
      if (is_erased(state, state.door.stored(kept.unit))) continue;
      insert.bind(1, unit_of(state, kept.unit)).bind_text(2, kept.experiment).bind(3, kept.epoch);
      insert.bind_text(4, kept.arm).bind(5, stamp).run();
    }
  });
}

}  // namespace liftmark
