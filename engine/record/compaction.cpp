#include "engine/record/compaction.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <vector>

#include "engine/record/staging.hpp"

namespace liftmark {
namespace {

constexpr std::int64_t kPartEvents = 1 << 20;   // days are joined up to about this many events
constexpr std::int64_t kBatchEvents = 3 << 19;  // rows held in memory at once
constexpr std::int64_t kSmallBlock = 4'096;     // open blocks below are merged
constexpr std::int64_t kOpenRows = 65'536;      // rows of a merged open block
constexpr std::int64_t kMinExposures = 4'096;   // fewer open exposures are left alone

std::int64_t day_of(Micros at) {
  return at / kMicrosPerDay - (at % kMicrosPerDay < 0 ? 1 : 0);
}

/// Consecutive days that become one part.
struct Group {
  std::int64_t first_day = 0, last_day = 0;
  std::int64_t rows = 0;
  std::vector<std::int64_t> blocks;  // of the parts it replaces
};

/// A part as it stands.
struct Part {
  std::int64_t first_day = 0, last_day = 0;
  std::int64_t rows = 0;
  std::int64_t late = 0;  // open events of its days
  std::vector<std::int64_t> blocks;
};

class Compactor {
 public:
  Compactor(Store::State& state, const CompactionOptions& options)
      : state_(state), late_share_(options.late_share), staging_(state) {
    const Micros now = options.now.value_or(now_micros());
    closed_before_ = day_of(now - 3600 * kMicrosPerSecond) * kMicrosPerDay;
    write_ids();
    for (const LiveBlock& block : live_blocks(state_)) {
      if (!block.open() && block.kind == BlockKind::event) add_to_part(block);
      if (!block.open()) continue;
      (block.kind == BlockKind::event ? open_events_ : open_exposures_).push_back(block);
    }
    plan();
  }

  /// One piece of work; false when all is staged.
  bool step() {
    if (next_exposures_ < open_exposures_.size() && exposures_pending_ >= kMinExposures) {
      stage_exposures();
      return true;
    }
    if (next_group_ < groups_.size()) {
      stage_groups();
      return true;
    }
    if (!rest_done_) {
      stage_rest();
      rest_done_ = true;
      return true;
    }
    return false;
  }

  void publish() {
    if (!staging_.changes_nothing()) staging_.publish();
  }
  CompactionResult result() const { return result_; }
  double share_done() const {
    return groups_.empty() ? 1.0 : static_cast<double>(next_group_) / static_cast<double>(groups_.size());
  }

 private:
  /// Rows may leave the open blocks only when their ids are in a run.
  void write_ids() {
    Transaction transaction(state_.database);
    state_.memory().ids.write(state_.database.integer("SELECT ifnull(max(block), 0) FROM block"), 1, 1 << 16);
    transaction.commit();
  }

  void add_to_part(const LiveBlock& block) {
    Part& part = parts_[block.part];
    if (part.rows == 0) part = {day_of(block.first_at), day_of(block.last_at), 0, 0, {}};
    part.first_day = std::min(part.first_day, day_of(block.first_at));
    part.last_day = std::max(part.last_day, day_of(block.last_at));
    part.rows += block.rows;
    part.blocks.push_back(block.block);
  }

  void plan() {
    BlockRows rows;
    Statement hot(state_.database, "SELECT hot FROM block WHERE block = ?1");
    std::map<std::int64_t, std::int64_t> days;  // closed, in no part
    for (const LiveBlock& block : open_events_) {
      hot.bind(1, block.block);
      if (!hot.step()) continue;
      decode_hot(hot.blob(0), rows);
      hot.reset();
      for (const Micros at : rows.at) {
        if (at >= closed_before_) continue;
        const std::int64_t day = day_of(at);
        if (Part* part = part_of(day))
          ++part->late;
        else
          ++days[day];
      }
    }
    for (const LiveBlock& block : open_exposures_) exposures_pending_ += block.rows;
    form_groups(days);
  }

  Part* part_of(std::int64_t day) {
    const auto cached = last_part_;
    if (cached != nullptr && day >= cached->first_day && day <= cached->last_day) return cached;
    for (auto& [key, part] : parts_)
      if (day >= part.first_day && day <= part.last_day) return last_part_ = &part;
    return nullptr;
  }

  void form_groups(const std::map<std::int64_t, std::int64_t>& days) {
    // Pieces in order of time: new days, small parts, and parts with many late events.
    std::vector<Group> pieces;
    for (const auto& [day, rows] : days) pieces.push_back({day, day, rows, {}});
    for (const auto& [key, part] : parts_) {
      const bool late = static_cast<double>(part.late) > late_share_ * static_cast<double>(part.rows);
      if (late || (!days.empty() && part.rows < kPartEvents / 4))
        pieces.push_back({part.first_day, part.last_day, part.rows + part.late, part.blocks});
    }
    std::sort(pieces.begin(), pieces.end(),
              [](const Group& a, const Group& b) { return a.first_day < b.first_day; });
    for (Group& piece : pieces) {
      const bool joins = !groups_.empty() && groups_.back().rows + piece.rows <= kPartEvents &&
                         no_part_between(groups_.back().last_day, piece.first_day);
      if (!joins) {
        groups_.push_back(std::move(piece));
        continue;
      }
      Group& group = groups_.back();
      group.last_day = piece.last_day;
      group.rows += piece.rows;
      group.blocks.insert(group.blocks.end(), piece.blocks.begin(), piece.blocks.end());
    }
  }

  bool no_part_between(std::int64_t day, std::int64_t later) const {
    return std::none_of(parts_.begin(), parts_.end(), [&](const auto& entry) {
      return entry.second.first_day > day && entry.second.last_day < later;
    });
  }

  /// The group a row belongs to, or nullptr: it stays open.
  const Group* group_of(Micros at) const {
    if (at >= closed_before_) return nullptr;
    const std::int64_t day = day_of(at);
    auto found = std::upper_bound(groups_.begin(), groups_.end(), day,
                                  [](std::int64_t d, const Group& group) { return d < group.first_day; });
    if (found == groups_.begin()) return nullptr;
    --found;
    return day <= found->last_day ? &*found : nullptr;
  }

  void stage_groups() {
    std::size_t end = next_group_;
    for (std::int64_t rows = 0;
         end < groups_.size() && (end == next_group_ || rows + groups_[end].rows <= kBatchEvents); ++end)
      rows += groups_[end].rows;
    std::vector<BlockRows> gathered(end - next_group_);
    std::vector<std::vector<std::uint32_t>> chosen(gathered.size());
    BlockRows rows;
    const Micros from = groups_[next_group_].first_day * kMicrosPerDay;
    const Micros to = (groups_[end - 1].last_day + 1) * kMicrosPerDay;
    for (const LiveBlock& block : open_events_) {
      if (block.last_at < from || block.first_at >= to) continue;
      read_block(state_.database, block.block, rows);
      for (auto& list : chosen) list.clear();
      for (std::uint32_t i = 0; i < rows.size(); ++i) {
        const Group* group = group_of(rows.at[i]);
        if (group == nullptr) continue;
        const auto index = static_cast<std::size_t>(group - groups_.data());
        if (index >= next_group_ && index < end) chosen[index - next_group_].push_back(i);
      }
      for (std::size_t g = 0; g < gathered.size(); ++g)
        if (!chosen[g].empty()) append_rows(rows, chosen[g], gathered[g]);
    }
    for (std::size_t g = 0; g < gathered.size(); ++g) {
      const Group& group = groups_[next_group_ + g];
      for (const std::int64_t block : group.blocks) {
        read_block(state_.database, block, rows);
        std::vector<std::uint32_t> all(rows.size());
        std::iota(all.begin(), all.end(), 0u);
        append_rows(rows, all, gathered[g]);
        staging_.replace(block);
      }
      result_.events += static_cast<std::int64_t>(gathered[g].size());
      stage_sorted(staging_, BlockKind::event, group.first_day, gathered[g]);
      gathered[g].clear();
    }
    next_group_ = end;
  }

  /// Open blocks that lost rows to groups, and small ones, become larger open blocks of what stays.
  void stage_rest() {
    const auto small = std::count_if(open_events_.begin(), open_events_.end(),
                                     [](const LiveBlock& block) { return block.rows < kSmallBlock; });
    BlockRows rows;
    BlockRows rest;
    const auto flush = [&] {
      if (rest.size() > 0) staging_.put(BlockKind::event, kOpenPart, rest);
      rest.clear();
    };
    for (const LiveBlock& block : open_events_) {
      read_block(state_.database, block.block, rows);
      std::vector<std::uint32_t> stay;
      for (std::uint32_t i = 0; i < rows.size(); ++i)
        if (group_of(rows.at[i]) == nullptr) stay.push_back(i);
      result_.left_open += static_cast<std::int64_t>(stay.size());
      const bool untouched = stay.size() == rows.size();
      if (untouched && (block.rows >= kSmallBlock || small < 2)) continue;
      staging_.replace(block.block);
      append_rows(rows, stay, rest);
      if (static_cast<std::int64_t>(rest.size()) >= kOpenRows) flush();
    }
    flush();
  }

  /// Exposures by experiment, sorted by unit; repeats are counted already and go.
  void stage_exposures() {
    std::map<std::uint32_t, BlockRows> by_experiment;
    std::int64_t held = 0;
    BlockRows rows;
    for (; next_exposures_ < open_exposures_.size() && held < kBatchEvents; ++next_exposures_) {
      const LiveBlock& block = open_exposures_[next_exposures_];
      read_block(state_.database, block.block, rows);
      std::map<std::uint32_t, std::vector<std::uint32_t>> chosen;
      for (std::uint32_t i = 0; i < rows.size(); ++i)
        if ((rows.flags[i] & kRepeat) == 0)
          chosen[state_.memory().names.name(NameKind::arm, rows.type[i]).parent].push_back(i);
      for (const auto& [experiment, list] : chosen) append_rows(rows, list, by_experiment[experiment]);
      held += block.rows;
      staging_.replace(block.block);
    }
    for (const auto& [experiment, gathered] : by_experiment) {
      result_.exposures += static_cast<std::int64_t>(gathered.size());
      stage_sorted(staging_, BlockKind::exposure, experiment, gathered);
    }
  }

  Store::State& state_;
  double late_share_;
  Staging staging_;
  Micros closed_before_ = 0;
  std::map<std::int64_t, Part> parts_;
  Part* last_part_ = nullptr;
  std::vector<LiveBlock> open_events_, open_exposures_;
  std::int64_t exposures_pending_ = 0;
  std::vector<Group> groups_;
  std::size_t next_group_ = 0;
  std::size_t next_exposures_ = 0;
  bool rest_done_ = false;
  CompactionResult result_;
};

}  // namespace

CompactionResult compact(Recorder& recorder, const CompactionOptions& options) {
  std::unique_ptr<Compactor> compactor;
  recorder.exclusive([&](Store& store) { compactor = std::make_unique<Compactor>(store.state(), options); });
  bool more = true;
  while (more) {
    recorder.exclusive([&](Store&) {
      more = compactor->step();
      if (!more) compactor->publish();
    });
    if (options.progress) options.progress(compactor->share_done());
  }
  more = true;
  while (more) recorder.exclusive([&](Store& store) { more = Staging::sweep(store.state()); });
  return compactor->result();
}

}  // namespace liftmark
