#include "engine/record/writer_state.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>

#include "assign/schemes/liftmark_1.hpp"
#include "engine/definition/catalog.hpp"
#include "engine/definition/error.hpp"
#include "engine/definition/retention.hpp"

namespace liftmark {

bool EarliestMap::lowers(std::uint64_t key, Moment moment) {
  if ((size_ + 1) * 10 > slots_.size() * 7) grow();
  std::size_t i = place(key);
  while (slots_[i].key != kEmpty && slots_[i].key != key) i = (i + 1) & (slots_.size() - 1);
  Slot& slot = slots_[i];
  if (slot.key == kEmpty) {
    slot = {key, moment};
    ++size_;
    return true;
  }
  // Seen later and recorded no earlier than the earliest: no as-of can prefer it. Equal times may differ by
  // id.
  if (moment.at > slot.moment.at && moment.recorded_at >= slot.moment.recorded_at) return false;
  if (moment.at < slot.moment.at) slot.moment = moment;
  return true;
}

void EarliestMap::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.key == kEmpty) continue;
    std::size_t i = place(slot.key);
    while (slots_[i].key != kEmpty) i = (i + 1) & (slots_.size() - 1);
    slots_[i] = slot;
  }
}

WriterMemory& Store::State::memory() {
  if (memory_ != nullptr) return *memory_;
  auto memory = std::make_unique<WriterMemory>(database);
  memory->names.load(database);
  load_units(*memory);
  load_recent_ids(*memory);
  load_exposures(*memory);
  load_rules(*memory);
  Statement clock(database, "SELECT last_commit, generation FROM clock");
  if (clock.step()) {
    last_commit = clock.integer(0);
    generation = clock.integer(1);
  }
  memory_ = std::move(memory);
  return *memory_;
}

void Store::State::load_units(WriterMemory& memory) {
  Statement rows(database, "SELECT unit, id FROM unit ORDER BY unit");
  while (rows.step()) {
    const auto unit = static_cast<UnitIndex>(rows.integer(0));
    memory.units.insert(secret.key(KeySpace::unit, rows.text(1)), unit);
    memory.next_unit = unit + 1;
  }
  // The indices of erased units are never given again.
  memory.next_unit =
      std::max(memory.next_unit,
               static_cast<UnitIndex>(database.integer("SELECT ifnull(max(unit) + 1, 0) FROM erasure")));
}

void Store::State::load_recent_ids(WriterMemory& memory) {
  memory.ids.load();
  Statement rows(database,
                 "SELECT kind, detail, hot FROM block WHERE block > ?1 AND part = ?2 ORDER BY block");
  rows.bind(1, memory.ids.through_block()).bind(2, kOpenPart);
  BlockRows block;
  while (rows.step()) {
    const KeySpace space =
        rows.integer(0) == static_cast<int>(BlockKind::event) ? KeySpace::event : KeySpace::exposure;
    decode_detail(rows.blob(1), block);
    for (std::size_t i = 0; i < block.id.size(); ++i) {
      const Key key = secret.key(space, block.id[i]);
      if (!memory.ids.find(key)) memory.ids.insert(key, block.content[i]);
    }
  }
}

void Store::State::load_exposures(WriterMemory& memory) {
  Statement rows(database, "SELECT hot FROM block WHERE kind = ?1 AND born <= ?2 ORDER BY block");
  rows.bind(1, static_cast<int>(BlockKind::exposure))
      .bind(2, database.integer("SELECT generation FROM clock"));
  BlockRows block;
  while (rows.step()) {
    decode_hot(rows.blob(0), block);
    for (std::size_t i = 0; i < block.size(); ++i)
      if ((block.flags[i] & kRepeat) == 0)
        memory.earliest.lowers(EarliestMap::key(block.type[i], block.unit[i]),
                               {block.at[i], block.recorded_at[i]});
  }
}

void Store::State::load_rules(WriterMemory& memory) {
  Statement consents(database,
                     "SELECT unit, granted FROM consent WHERE purpose = 'measurement' ORDER BY at, seq");
  while (consents.step())
    memory.consent[static_cast<UnitIndex>(consents.integer(0))] = consents.integer(1) != 0;
  Statement retention(database, "SELECT type, days FROM retention");
  while (retention.step())
    memory.retention_by_name[std::string(retention.text(0))] = static_cast<int>(retention.integer(1));
  Statement erasures(database, "SELECT key FROM erased");
  while (erasures.step()) {
    const std::string_view bytes = erasures.blob(0);
    Key key;
    if (bytes.size() != sizeof key) database.fail(11);  // SQLITE_CORRUPT
    std::copy_n(bytes.data(), sizeof key, reinterpret_cast<char*>(&key));
    memory.erased.insert(key);
  }
  memory.consent_required =
      database.integer("SELECT value FROM setting WHERE name = 'consent_required'") != 0;
}

std::shared_ptr<const HashingDoor> Store::State::hashing_door() const {
  if (door.key() == nullptr) return nullptr;
  const std::lock_guard guard(door_mutex_);
  return hashing_door_;
}

void Store::State::set_catalog(std::string_view json) {
  if (door.key() == nullptr) return;
  auto made = std::make_shared<HashingDoor>(HashingDoor{*door.key(), {}});
  Catalog catalog;
  try {
    if (!json.empty()) catalog = parse_catalog(json);
  } catch (const Error&) {
    // A catalog of a time with other rules: exposures are recorded without buckets.
  }
  for (const ExperimentDefinition& experiment : catalog.experiments) {
    const assign::Experiment& known = experiment.assignment;
    if (known.hashing.scheme == "liftmark-1")
      made->arm_keys[known.key] = assign::salt_key(known.hashing.salt, assign::Purpose::arm);
  }
  const std::lock_guard guard(door_mutex_);
  hashing_door_ = std::move(made);
}

Micros Store::State::next_stamp() const {
  return std::max(now_micros(), last_commit + 1);
}

void Store::State::write_stamp(Micros stamp) {
  if (!update_clock_) update_clock_.emplace(database, "UPDATE clock SET last_commit = ?1");
  update_clock_->bind(1, stamp).run();
}

UnitIndex Store::State::intern_unit(std::string_view id, const Key& key) {
  WriterMemory& known = memory();
  const UnitIndex found = known.units.find(key);
  if (found != UnitMap::kNone) return found;
  if (known.next_unit >= UnitMap::kNone - 1)
    throw std::length_error("a store holds at most 4,294,967,293 units");
  const UnitIndex unit = known.next_unit++;
  known.units.insert(key, unit);
  if (!insert_unit_) insert_unit_.emplace(database, "INSERT INTO unit VALUES(?1, ?2)");
  insert_unit_->bind(1, unit).bind_text(2, id).run();
  return unit;
}

void Store::State::write_counter(Micros stamp, std::string_view name, std::string_view detail,
                                 std::int64_t count) {
  Statement insert(database, "INSERT INTO counter(recorded_at, name, detail, count) VALUES(?1, ?2, ?3, ?4)");
  insert.bind(1, stamp).bind_text(2, name).bind_text(3, detail).bind(4, count).run();
}

void Store::State::audit(Micros stamp, std::string_view act, std::string_view detail) {
  Statement insert(database, "INSERT INTO audit(recorded_at, act, detail) VALUES(?1, ?2, ?3)");
  insert.bind(1, stamp).bind_text(2, act).bind_text(3, detail).run();
}

void Store::State::keep_as_cataloged(Micros stamp, std::string_view before, std::string_view after) {
  for (const auto& [type, days] : changed_retention(retention_of(before), retention_of(after)))
    keep_for(stamp, type, days);
}

void Store::State::keep_for(Micros stamp, std::string_view type, int days) {
  Statement remove(database, "DELETE FROM retention WHERE type = ?1");
  remove.bind_text(1, type).run();
  if (days > 0) {
    Statement insert(database, "INSERT INTO retention VALUES(?1, ?2)");
    insert.bind_text(1, type).bind(2, days).run();
  }
  if (memory_ != nullptr) {
    memory_->retention_by_name.erase(std::string(type));
    if (days > 0) memory_->retention_by_name.emplace(type, days);
  }
  audit(stamp, "retention", fmt::format("{}: {} days", type, days));
}

bool Store::State::truncate_log(int patience_ms) {
  int in_log = 0;
  int moved = 0;
  sqlite3_busy_timeout(database.handle(), patience_ms);
  const int code =
      sqlite3_wal_checkpoint_v2(database.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, &in_log, &moved);
  sqlite3_busy_timeout(database.handle(), Database::kBusyMilliseconds);
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED) return false;
  if (code != SQLITE_OK) database.fail(code);
  return true;
}

std::int64_t Store::State::write_block(BlockKind kind, std::int64_t part, std::int64_t born,
                                       const BlockRows& rows) {
  const EncodedBlock block = encode(rows);
  const auto [first_unit, last_unit] = std::minmax_element(rows.unit.begin(), rows.unit.end());
  const auto [first_at, last_at] = std::minmax_element(rows.at.begin(), rows.at.end());
  const auto [first_recorded, last_recorded] =
      std::minmax_element(rows.recorded_at.begin(), rows.recorded_at.end());
  if (!insert_block_)
    insert_block_.emplace(
        database,
        "INSERT INTO block(kind, part, born, rows, first_unit, last_unit, first_at, last_at, "
        "first_recorded, last_recorded, hot, properties, detail) "
        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)");
  Statement& insert = *insert_block_;
  insert.bind(1, static_cast<int>(kind))
      .bind(2, part)
      .bind(3, born)
      .bind(4, static_cast<std::int64_t>(rows.size()));
  insert.bind(5, *first_unit).bind(6, *last_unit).bind(7, *first_at).bind(8, *last_at);
  insert.bind(9, *first_recorded).bind(10, *last_recorded).bind_blob(11, block.hot);
  if (block.properties.empty())
    insert.bind_null(12);
  else
    insert.bind_blob(12, block.properties);
  insert.bind_blob(13, block.detail).run();
  return database.last_row();
}

}  // namespace liftmark
