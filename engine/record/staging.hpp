#pragma once
// Replacing blocks without disturbing anybody: new blocks are staged for the next generation in small
// transactions, one last transaction switches, the old ones are swept in slices. Interrupted at any point,
// nothing has changed and the staged blocks are cleaned up by the next staging. Internal to engine/record.

#include <cstdint>
#include <vector>

#include "engine/record/writer_state.hpp"

namespace liftmark {

class Staging {
 public:
  /// Clears what an interrupted staging left. A newer Staging of the same store ends this one: is_current()
  /// is then false and its blocks are gone.
  explicit Staging(Store::State& state);
  bool is_current() const noexcept;
  /// Stages a block in a transaction of its own, or with others up to kSliceBytes.
  void put(BlockKind kind, std::int64_t part, const BlockRows& rows);
  void replace(std::int64_t block) { replaced_.push_back(block); }
  bool changes_nothing() const noexcept { return replaced_.empty() && staged_ == 0; }
  /// The switch. `also` runs inside its transaction with its stamp.
  template <class Also>
  void publish(Also also);
  void publish() {
    publish([](Micros) {});
  }
  /// Deletes some of what was replaced; false when nothing is left.
  static bool sweep(Store::State& state);

  static constexpr std::size_t kSliceBytes = 8u << 20;

 private:
  void begin();
  void flush();
  void write_switch(Micros stamp);
  Store::State& state_;
  std::int64_t ticket_;
  std::vector<std::int64_t> replaced_;
  std::size_t staged_ = 0;
  std::vector<std::pair<std::pair<BlockKind, std::int64_t>, BlockRows>> waiting_;
  std::size_t waiting_bytes_ = 0;
};

template <class Also>
void Staging::publish(Also also) {
  flush();
  Transaction transaction(state_.database);
  const Micros stamp = state_.next_stamp();
  write_switch(stamp);
  also(stamp);
  transaction.commit();
  state_.last_commit = stamp;
  ++state_.generation;
}

/// A live block of the writer's view.
struct LiveBlock {
  std::int64_t block = 0;
  BlockKind kind = BlockKind::event;
  std::int64_t part = 0;
  std::int64_t rows = 0;
  UnitIndex first_unit = 0, last_unit = 0;
  Micros first_at = 0, last_at = 0;
  bool open() const noexcept { return part == kOpenPart; }
};
std::vector<LiveBlock> live_blocks(Store::State& state);

/// All columns of a block.
void read_block(Database& database, std::int64_t block, BlockRows& rows);

/// Cuts rows, sorted as `order` says, into blocks of about 8,192 rows whose borders fall on multiples of a
/// power of two of units, and stages them.
void stage_sorted(Staging& staging, BlockKind kind, std::int64_t part, const BlockRows& rows);

}  // namespace liftmark
