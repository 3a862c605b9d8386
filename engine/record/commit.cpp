// One transaction of the writer: batches in, a block of events and a block of exposures out.

#include <fmt/format.h>

#include <algorithm>

#include "engine/definition/error.hpp"
#include "engine/record/writer_state.hpp"

namespace liftmark {
namespace {

/// How far ahead of its row an id's cache lines are fetched.
constexpr std::size_t kAhead = 16;
/// Ids a merge of runs handles per row recorded; more than the merges need on average, so that they never
/// pile up.
constexpr std::size_t kMergePerRow = 6;

class CommitWriter {
 public:
  CommitWriter(Store::State& state, Micros stamp) : state_(state), memory_(state.memory()), stamp_(stamp) {}

  void add(PendingBatch& pending, DoorRules rules) {
    rules_ = rules;
    const Batch& batch = pending.batch;
    pending.ack = Ack{};
    pending.ack.outcomes.reserve(batch.size());
    source_ = memory_.names.intern({NameKind::source, 0, 0, batch.source()});
    delivery_ = nullptr;
    for (std::size_t i = 0; i < std::min(kAhead, batch.size()); ++i) memory_.ids.prefetch(pending.ids[i]);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (i + kAhead < batch.size()) memory_.ids.prefetch(pending.ids[i + kAhead]);
      rejection_ = Rejection::none;
      const Outcome outcome = add_row(pending, i);
      count(outcome, batch.source(), pending.ack);
    }
  }

  bool changes_nothing() const { return events_.size() + exposures_.size() == 0 && !memory_.names.has_new(); }

  /// Writes what was added; returns the number of rows in blocks.
  std::size_t write() {
    std::int64_t block = 0;
    if (events_.size() > 0)
      block = state_.write_block(BlockKind::event, kOpenPart, state_.generation, events_);
    if (exposures_.size() > 0)
      block = state_.write_block(BlockKind::exposure, kOpenPart, state_.generation, exposures_);
    memory_.names.write_new(state_.database);
    const std::size_t rows = events_.size() + exposures_.size();
    if (block > 0) memory_.ids.write(block, IdIndex::kRunKeys, rows * kMergePerRow + 64);
    return rows;
  }

 private:
  void count(Outcome outcome, const std::string& source, Ack& ack) {
    static constexpr std::string_view kNames[] = {"accepted", "duplicate", "conflict", "repeat_exposure",
                                                  "rejected"};
    std::int64_t* const counts[] = {&ack.accepted, &ack.duplicate, &ack.conflict, &ack.repeat, &ack.rejected};
    const auto index = static_cast<std::size_t>(outcome);
    ++*counts[index];
    ack.outcomes.push_back(outcome);
    if (outcome == Outcome::rejected || !ack.rejections.empty()) {
      ack.rejections.resize(ack.outcomes.size(), Rejection::none);
      ack.rejections.back() = rejection_;
    }
    const std::string_view detail =
        outcome == Outcome::rejected ? name(rejection_) : std::string_view(source);
    if (last_count_ == nullptr || index != last_index_ || detail != last_detail_) {
      auto& entry = *state_.counters.try_emplace({std::string(kNames[index]), std::string(detail)}, 0).first;
      last_count_ = &entry.second;
      last_index_ = index;
      last_detail_ = entry.first.second;
    }
    ++*last_count_;
  }

  Outcome reject(Rejection reason) {
    rejection_ = reason;
    return Outcome::rejected;
  }

  Outcome add_row(PendingBatch& pending, std::size_t i) {
    const Batch& batch = pending.batch;
    const Batch::Row& row = batch.rows()[i];
    if (row.rejection != Rejection::none) return reject(row.rejection);
    if (row.at < rules_.oldest || row.at > rules_.newest) return reject(Rejection::time_out_of_range);
    if (!row.exposure && past_retention(batch.text(row.type_or_arm), row.at))
      return reject(Rejection::past_retention);
    const auto content = static_cast<std::uint32_t>(row.content ^ (row.content >> 32));
    if (const auto known = memory_.ids.find(pending.ids[i]))
      return *known == content ? Outcome::duplicate : Outcome::conflict;
    const UnitIndex known_unit = memory_.units.find(pending.units[i]);
    if (known_unit == UnitMap::kNone && !memory_.erased.empty() &&
        memory_.erased.contains(state_.secret.key(KeySpace::erased, batch.text(row.unit))))
      return reject(Rejection::erased);
    if (!consents(known_unit)) return reject(Rejection::no_consent);
    const UnitIndex unit = known_unit != UnitMap::kNone
                               ? known_unit
                               : state_.intern_unit(batch.text(row.unit), pending.units[i]);
    memory_.ids.insert(pending.ids[i], content);
    return row.exposure ? add_exposure(batch, row, unit, content) : add_event(batch, row, unit, content);
  }

  bool past_retention(std::string_view type, Micros at) const {
    if (memory_.retention_by_name.empty()) return false;
    const auto rule = memory_.retention_by_name.find(type);
    return rule != memory_.retention_by_name.end() && at < stamp_ - rule->second * kMicrosPerDay;
  }

  bool consents(UnitIndex unit) const {
    if (memory_.consent.empty()) return !memory_.consent_required;
    const auto state = memory_.consent.find(unit);
    return state == memory_.consent.end() ? !memory_.consent_required : state->second;
  }

  void add_common(const Batch& batch, const Batch::Row& row, UnitIndex unit, BlockRows& rows) {
    rows.unit.push_back(unit);
    rows.at.push_back(row.at);
    rows.recorded_at.push_back(row.recorded_at == Batch::kUnset ? stamp_ : std::min(row.recorded_at, stamp_));
    const std::int64_t hour = hour_of(row.at);
    if (delivery_ == nullptr || hour != delivery_hour_) {
      delivery_ = &state_.deliveries.of(source_, hour);
      delivery_hour_ = hour;
    }
    count_row(*delivery_, rows.recorded_at.back() - row.at);
    rows.value.push_back(row.value);
    rows.source.push_back(source_);
    rows.id.add(batch.text(row.id));
    rows.reference.add(batch.text(row.reference));
    for (std::uint32_t p = 0; p < row.properties; ++p) {
      const std::uint32_t key =
          memory_.names.intern({NameKind::key, 0, 0, batch.property(row.first_property + 2 * p)});
      const std::string_view text = batch.property(row.first_property + 2 * p + 1);
      PropertyColumn& column = rows.property(key);
      if (column.code.size() >= rows.size()) continue;  // a key given twice: the first counts
      column.code.resize(rows.size() - 1, 0);
      const auto code = memory_.names.intern_value(key, text);
      column.code.push_back(code.value_or(kInlineValue));
      if (!code) column.inline_text.add(text);
    }
  }

  static void fill_absent(BlockRows& rows) {
    for (PropertyColumn& column : rows.properties) column.code.resize(rows.size(), 0);
  }

  Outcome add_event(const Batch& batch, const Batch::Row& row, UnitIndex unit, std::uint32_t content) {
    events_.type.push_back(memory_.names.intern({NameKind::type, 0, 0, batch.text(row.type_or_arm)}));
    events_.flags.push_back(0);
    events_.content.push_back(content);
    add_common(batch, row, unit, events_);
    return Outcome::accepted;
  }

  Outcome add_exposure(const Batch& batch, const Batch::Row& row, UnitIndex unit, std::uint32_t content) {
    const std::uint32_t experiment =
        memory_.names.intern({NameKind::experiment, 0, 0, batch.text(row.experiment)});
    const std::uint32_t arm =
        memory_.names.intern({NameKind::arm, experiment, row.epoch, batch.text(row.type_or_arm)});
    const Micros recorded = row.recorded_at == Batch::kUnset ? stamp_ : std::min(row.recorded_at, stamp_);
    const bool lowers = memory_.earliest.lowers(EarliestMap::key(arm, unit), {row.at, recorded});
    exposures_.type.push_back(arm);
    exposures_.flags.push_back(
        static_cast<std::uint8_t>((row.fallback ? kFallback : 0) | (lowers ? 0 : kRepeat)));
    exposures_.content.push_back(content);
    add_common(batch, row, unit, exposures_);
    return lowers ? Outcome::accepted : Outcome::repeat;
  }

 public:
  void finish() {
    fill_absent(events_);
    fill_absent(exposures_);
  }

 private:
  Store::State& state_;
  WriterMemory& memory_;
  DoorRules rules_;
  Micros stamp_;
  std::uint32_t source_ = 0;
  Delivery* delivery_ = nullptr;  ///< of the source and `delivery_hour_`
  std::int64_t delivery_hour_ = 0;
  Rejection rejection_ = Rejection::none;
  BlockRows events_;
  BlockRows exposures_;
  std::int64_t* last_count_ = nullptr;
  std::size_t last_index_ = 0;
  std::string_view last_detail_;
};

}  // namespace

PendingBatch::PendingBatch(Batch rows, const Store::State& store) : batch(std::move(rows)) {
  batch.seal(store.hashing_door().get());
  ids.reserve(batch.size());
  units.reserve(batch.size());
  for (const Batch::Row& row : batch.rows()) {
    ids.push_back(store.secret.key(row.exposure ? KeySpace::exposure : KeySpace::event, batch.text(row.id)));
    units.push_back(store.secret.key(KeySpace::unit, batch.text(row.unit)));
  }
}

void write_counters(Store::State& state, Micros stamp) {
  for (const auto& [key, count] : state.counters)
    if (count != 0) state.write_counter(stamp, key.first, key.second, count);
  state.deliveries.write(state.database, stamp);
  state.counters_written = stamp;
}

void forget_counters(Store::State& state) {
  state.counters.clear();
  state.deliveries.clear();
}

namespace {

/// Few ids are found one by one; many in one sorted sweep through the runs.
void look_up_ids(WriterMemory& memory, const std::vector<PendingBatch*>& batches) {
  constexpr std::size_t kMany = 256;
  std::vector<Key> keys;
  for (const PendingBatch* pending : batches)
    keys.insert(keys.end(), pending->ids.begin(), pending->ids.end());
  if (keys.size() >= kMany) memory.ids.look_up(std::move(keys));
}

/// A reader that never ends keeps the log from being moved into the file; a full disk would be the end of it.
void check_log(Store::State& state) {
  std::error_code none;
  const auto log = std::filesystem::file_size(state.path.string() + "-wal", none);
  if (none || log <= static_cast<std::uintmax_t>(state.log_limit) || state.truncate_log(0)) return;
  throw Error(
      ErrorCode::storage, state.path.string(),
      fmt::format("recording stopped: the write-ahead log has {} MiB because a reader holds it", log >> 20),
      "end the long-running report; recording resumes by itself");
}

}  // namespace

void commit_batches(Store::State& state, const std::vector<PendingBatch*>& batches, Micros oldest_age,
                    Micros newest_age) {
  check_log(state);
  state.memory();
  const Micros stamp = state.next_stamp();
  const Micros now = now_micros();
  const auto counters = state.counters;
  const auto deliveries = state.deliveries;
  try {
    Transaction transaction(state.database);
    CommitWriter writer(state, stamp);
    look_up_ids(state.memory(), batches);
    for (PendingBatch* pending : batches)
      writer.add(*pending, {now - pending->batch.oldest().value_or(oldest_age), now + newest_age});
    state.memory().ids.forget_lookup();
    writer.finish();
    const bool counters_due = stamp - state.counters_written >= kMicrosPerSecond;
    if (writer.changes_nothing() && !counters_due) {
      // Nothing but duplicates and rejections: what they repeat is on disk already.
      for (PendingBatch* pending : batches) {
        pending->ack.recorded_at = state.last_commit;
        pending->ack.durable = state.durable;
      }
      return;
    }
    writer.write();
    if (counters_due) write_counters(state, stamp);
    state.write_stamp(stamp);
    transaction.commit();
    state.last_commit = stamp;
    if (counters_due) forget_counters(state);
  } catch (...) {
    state.counters = counters;
    state.deliveries = deliveries;
    state.forget();
    throw;
  }
  for (PendingBatch* pending : batches) {
    pending->ack.recorded_at = stamp;
    pending->ack.durable = state.durable;
  }
}

}  // namespace liftmark
