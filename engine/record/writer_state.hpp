#pragma once
// What the writer of a store holds in memory. Internal to engine/record.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/record/batch.hpp"
#include "engine/record/block.hpp"
#include "engine/record/database.hpp"
#include "engine/record/deliveries.hpp"
#include "engine/record/dictionary.hpp"
#include "engine/record/hashing.hpp"
#include "engine/record/id_index.hpp"
#include "engine/record/store.hpp"
#include "engine/record/unit_key.hpp"
#include "engine/record/writer_lock.hpp"

namespace liftmark {

/// The earliest exposure per (experiment, epoch, arm) and unit: 24 bytes a slot.
class EarliestMap {
 public:
  struct Moment {
    Micros at = 0;
    Micros recorded_at = 0;
  };
  EarliestMap() : slots_(1024) {}
  static std::uint64_t key(std::uint32_t arm, UnitIndex unit) noexcept {
    return (static_cast<std::uint64_t>(arm) << 32) | unit;
  }
  /// true and remembered when the exposure may lower the earliest at some as-of; false for a mere repeat.
  bool lowers(std::uint64_t key, Moment moment);

 private:
  static constexpr std::uint64_t kEmpty = ~0ull;
  struct Slot {
    std::uint64_t key = kEmpty;
    Moment moment;
  };
  std::size_t place(std::uint64_t key) const noexcept {
    return ((key * 0x9E37'79B9'7F4A'7C15ull) >> 20) & (slots_.size() - 1);
  }
  void grow();
  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

enum class BlockKind : int { event = 0, exposure = 1 };
/// `part` of a block as recorded; compacted blocks carry their first day (events) or experiment code
/// (exposures).
inline constexpr std::int64_t kOpenPart = -1'000'000;

struct WriterMemory {
  explicit WriterMemory(Database& database) : ids(database) {}
  Dictionary names;
  UnitMap units;
  UnitIndex next_unit = 0;
  IdIndex ids;
  EarliestMap earliest;
  std::unordered_map<UnitIndex, bool> consent;            ///< latest state for the purpose "measurement"
  std::unordered_map<std::uint32_t, int> retention_days;  ///< by event type code
  std::map<std::string, int, std::less<>> retention_by_name;
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept { return static_cast<std::size_t>(key.low); }
  };
  std::unordered_set<Key, KeyHash> erased;
  bool consent_required = false;
};

struct Store::State {
  State(const std::filesystem::path& file, Database::Mode mode, StoreOptions options);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  /// The writer's memory, read from the file on first use.
  WriterMemory& memory();
  /// After a failed transaction: what was added to memory is wrong, read it anew when next needed.
  void forget() noexcept { memory_.reset(); }
  /// The moment of the next commit: now, but later than every commit before.
  Micros next_stamp() const;
  /// Inside a transaction: makes `stamp` the last commit.
  void write_stamp(Micros stamp);
  /// Index of the unit, made (and inserted into the table) when new. Inside a transaction.
  UnitIndex intern_unit(std::string_view id, const Key& key);
  void write_counter(Micros stamp, std::string_view name, std::string_view detail, std::int64_t count);
  void audit(Micros stamp, std::string_view act, std::string_view detail);
  /// Sets the retentions that the new catalog names, and ends those that only the one before named. As
  /// keep_for().
  void keep_as_cataloged(Micros stamp, std::string_view before, std::string_view after);
  /// Sets the retention of an event type, 0 days: for ever. Inside a transaction; after a failed one
  /// forget().
  void keep_for(Micros stamp, std::string_view type, int days);
  /// Empties the write-ahead log into the file; false while a reader holds it. Waits `patience_ms` for
  /// readers.
  bool truncate_log(int patience_ms);
  /// Appends a block; returns its number.
  std::int64_t write_block(BlockKind kind, std::int64_t part, std::int64_t born, const BlockRows& rows);

  /// What batches are sealed with; null where ids are kept as they are. Any thread may ask.
  std::shared_ptr<const HashingDoor> hashing_door() const;
  /// To be called when the catalog changes: it has the salts.
  void set_catalog(std::string_view json);

  std::filesystem::path path;
  bool durable = true;
  std::int64_t log_limit = 0;
  WriterLock lock;
  Database database;
  Secret secret;
  UnitDoor door;
  Micros last_commit = 0;
  std::int64_t generation = 0;
  std::int64_t staging_ticket = 0;                                       ///< of the newest Staging
  std::map<std::pair<std::string, std::string>, std::int64_t> counters;  ///< not yet written
  DeliveryTally deliveries;                                              ///< likewise
  Micros counters_written = 0;

 private:
  mutable std::mutex door_mutex_;
  std::shared_ptr<const HashingDoor> hashing_door_;
  void load_units(WriterMemory& memory);
  void load_recent_ids(WriterMemory& memory);
  void load_exposures(WriterMemory& memory);
  void load_rules(WriterMemory& memory);
  std::unique_ptr<WriterMemory> memory_;
  std::optional<Statement> insert_block_, insert_unit_, update_clock_;
};

/// A batch on its way: sealed, and keys made, by the producer's thread.
struct PendingBatch {
  PendingBatch(Batch rows, const Store::State& store);
  Batch batch;
  std::vector<Key> ids;
  std::vector<Key> units;
  Ack ack;
};

struct DoorRules {
  Micros oldest = 0;  ///< event times before this moment are rejected
  Micros newest = 0;  ///< .. after this moment
};

/// Records the batches in one transaction and fills in their acknowledgements. On an exception nothing was
/// recorded.
void commit_batches(Store::State& state, const std::vector<PendingBatch*>& batches, Micros oldest_age,
                    Micros newest_age);
/// Writes the counters and deliveries gathered since, in the caller's transaction; forget_counters() when it
/// is committed.
void write_counters(Store::State& state, Micros stamp);
void forget_counters(Store::State& state);

}  // namespace liftmark
