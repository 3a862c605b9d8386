#include "engine/record/staging.hpp"

#include <algorithm>
#include <bit>
#include <numeric>
#include <tuple>

#include "engine/definition/error.hpp"

namespace liftmark {
namespace {

constexpr std::int64_t kBlockRows = 8'192;
constexpr std::size_t kBytesPerRow = 64;  // a safe guess of a row's size on disk

}  // namespace

Staging::Staging(Store::State& state) : state_(state), ticket_(++state.staging_ticket) {
  state.memory();  // the generation as the file has it
  Statement stale(state.database, "SELECT block FROM block WHERE born > ?1");
  Statement remove(state.database, "DELETE FROM block WHERE block = ?1");
  stale.bind(1, state.generation);
  std::vector<std::int64_t> blocks;
  while (stale.step()) blocks.push_back(stale.integer(0));
  stale.reset();
  constexpr std::size_t kSlice = 64;
  for (std::size_t from = 0; from < blocks.size(); from += kSlice) {
    Transaction transaction(state.database);
    for (std::size_t i = from; i < std::min(blocks.size(), from + kSlice); ++i)
      remove.bind(1, blocks[i]).run();
    transaction.commit();
  }
}

bool Staging::is_current() const noexcept {
  return state_.staging_ticket == ticket_;
}

void Staging::put(BlockKind kind, std::int64_t part, const BlockRows& rows) {
  waiting_.push_back({{kind, part}, rows});
  waiting_bytes_ += rows.size() * kBytesPerRow + rows.id.bytes.size();
  ++staged_;
  if (waiting_bytes_ >= kSliceBytes) flush();
}

void Staging::flush() {
  if (!is_current())
    throw Error(ErrorCode::storage, state_.path.string(), "the rewriting was overtaken by another",
                "run it again");
  if (waiting_.empty()) return;
  Transaction transaction(state_.database);
  for (const auto& [place, rows] : waiting_)
    state_.write_block(place.first, place.second, state_.generation + 1, rows);
  transaction.commit();
  waiting_.clear();
  waiting_bytes_ = 0;
}

void Staging::write_switch(Micros stamp) {
  Statement insert(state_.database, "INSERT INTO replaced VALUES(?1, ?2)");
  for (const std::int64_t block : replaced_) insert.bind(1, block).bind(2, state_.generation + 1).run();
  Statement clock(state_.database, "UPDATE clock SET generation = ?1, last_commit = ?2");
  clock.bind(1, state_.generation + 1).bind(2, stamp).run();
}

bool Staging::sweep(Store::State& state) {
  Transaction transaction(state.database);
  Statement old(state.database,
                "SELECT r.block, ifnull(length(hot) + length(detail) + ifnull(length(properties), 0), 0) "
                "FROM replaced r "
                "LEFT JOIN block b ON b.block = r.block WHERE r.generation <= ?1 ORDER BY r.block");
  old.bind(1, state.generation);
  std::vector<std::int64_t> blocks;
  std::int64_t bytes = 0;
  while (bytes < static_cast<std::int64_t>(kSliceBytes) && old.step()) {
    blocks.push_back(old.integer(0));
    bytes += old.integer(1);
  }
  old.reset();
  if (blocks.empty()) return false;
  Statement remove_block(state.database, "DELETE FROM block WHERE block = ?1");
  Statement remove_row(state.database, "DELETE FROM replaced WHERE block = ?1");
  for (const std::int64_t block : blocks) {
    remove_block.bind(1, block).run();
    remove_row.bind(1, block).run();
  }
  state.database.execute("UPDATE clock SET sweeps = sweeps + 1");
  transaction.commit();
  return true;
}

std::vector<LiveBlock> live_blocks(Store::State& state) {
  Statement rows(
      state.database,
      "SELECT block, kind, part, rows, first_unit, last_unit, first_at, last_at FROM block b WHERE born <= "
      "?1 AND "
      "NOT EXISTS (SELECT 1 FROM replaced r WHERE r.block = b.block AND r.generation <= ?1) ORDER BY block");
  rows.bind(1, state.generation);
  std::vector<LiveBlock> blocks;
  while (rows.step()) {
    LiveBlock& entry = blocks.emplace_back();
    entry.block = rows.integer(0);
    entry.kind = static_cast<BlockKind>(rows.integer(1));
    entry.part = rows.integer(2);
    entry.rows = rows.integer(3);
    entry.first_unit = static_cast<UnitIndex>(rows.integer(4));
    entry.last_unit = static_cast<UnitIndex>(rows.integer(5));
    entry.first_at = rows.integer(6);
    entry.last_at = rows.integer(7);
  }
  return blocks;
}

void read_block(Database& database, std::int64_t block, BlockRows& rows) {
  Statement select(database, "SELECT hot, properties, detail FROM block WHERE block = ?1");
  select.bind(1, block);
  if (!select.step())
    throw Error(ErrorCode::storage, database.path().string(), "a block of the store is missing",
                "restore a backup");
  decode_hot(select.blob(0), rows);
  decode_properties(select.blob(1), {}, rows);
  decode_detail(select.blob(2), rows);
}

void stage_sorted(Staging& staging, BlockKind kind, std::int64_t part, const BlockRows& rows) {
  if (rows.size() == 0) return;
  std::vector<std::uint32_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::tie(rows.unit[a], rows.at[a], rows.type[a], rows.value[a], rows.recorded_at[a], a) <
           std::tie(rows.unit[b], rows.at[b], rows.type[b], rows.value[b], rows.recorded_at[b], b);
  });
  const std::uint64_t first = rows.unit[order.front()];
  const std::uint64_t last = rows.unit[order.back()];
  const auto wanted =
      static_cast<std::uint64_t>((static_cast<std::int64_t>(rows.size()) + kBlockRows - 1) / kBlockRows);
  const std::uint64_t width = std::bit_ceil(std::max<std::uint64_t>(1, (last - first + 1) / wanted));
  std::vector<std::uint32_t> block;
  const auto flush = [&] {
    if (block.empty()) return;
    BlockRows cut = gather(rows, block);
    std::fill(cut.content.begin(), cut.content.end(), 0u);  // the ids are in a run
    staging.put(kind, part, cut);
    block.clear();
  };
  for (const std::uint32_t row : order) {
    const bool border = !block.empty() && rows.unit[block.back()] / width != rows.unit[row] / width;
    if (border || static_cast<std::int64_t>(block.size()) >= 2 * kBlockRows) flush();
    block.push_back(row);
  }
  flush();
}

}  // namespace liftmark
