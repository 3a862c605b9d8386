#pragma once
// Which ids were ever recorded: recent ones in memory, older ones in sorted runs in the store behind Bloom
// filters. Recent ids need no table of their own: they are rebuilt from the blocks recorded since the last
// run.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/record/database.hpp"
#include "engine/record/event.hpp"

namespace liftmark {

/// Blocked Bloom filter, 12 bits and 7 probes a key, all within one cache line: about 0.7% false positives.
class BloomFilter {
 public:
  BloomFilter() = default;
  explicit BloomFilter(std::size_t keys) : words_((keys * 12 / 512 + 1) * 8, 0) {}
  explicit BloomFilter(std::string_view bytes);
  void add(const Key& key) noexcept;
  bool may_contain(const Key& key) const noexcept;
  void prefetch(const Key& key) const noexcept { __builtin_prefetch(&words_[line(key)]); }
  std::string_view bytes() const noexcept {
    return {reinterpret_cast<const char*>(words_.data()), words_.size() * sizeof(std::uint64_t)};
  }

 private:
  std::size_t line(const Key& key) const noexcept {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::size_t>((static_cast<Wide>(key.low) * (words_.size() / 8)) >> 64) * 8;
  }
  std::vector<std::uint64_t> words_;
};

class IdIndex {
 public:
  struct Entry {
    Key key;
    std::uint32_t content = 0;
    bool empty() const noexcept { return key == Key{}; }  // no id has this key (1 in 2^128)
  };

  explicit IdIndex(Database& database);
  ~IdIndex();
  IdIndex(const IdIndex&) = delete;
  IdIndex& operator=(const IdIndex&) = delete;

  /// Reads the runs' filters; the caller then inserts the ids of the blocks after through_block().
  void load();
  std::int64_t through_block() const noexcept { return through_block_; }
  /// The content hash recorded with `key`, if it was ever recorded.
  std::optional<std::uint32_t> find(const Key& key);
  void prefetch(const Key& key) const noexcept;
  /// Looks all `keys` up in the runs at once, each chunk read once; until forget_lookup() find() knows only
  /// these.
  void look_up(std::vector<Key> keys);
  void forget_lookup() noexcept {
    looked_up_ = false;
    found_.clear();
  }
  /// `key` must be new.
  void insert(const Key& key, std::uint32_t content);
  std::size_t recent() const noexcept { return size_; }
  /// Inside the caller's transaction: turns the recent ids into a run once there are `at_least`, all of them
  /// from blocks up to `block`; and carries a running merge on by about `keys` keys.
  void write(std::int64_t block, std::size_t at_least, std::size_t keys);

  static constexpr std::size_t kRunKeys = 1u << 20;

 private:
  struct Run {
    std::int64_t run = 0;
    int level = 0;
    std::size_t keys = 0;
    std::vector<std::uint64_t> fences;  // Key::low of each chunk's first key
    BloomFilter filter;
  };
  struct Merge;
  struct RunWriter;
  std::optional<std::uint32_t> find_in(const Run& run, const Key& key);
  void look_up_in(const Run& run, const std::vector<Key>& keys);
  void write_run();
  void start_merge();
  void step_merge(std::size_t keys);
  void clear_recent();
  void grow();
  Database& database_;
  std::vector<Entry> slots_;
  std::size_t size_ = 0;
  std::vector<Run> runs_;
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept { return static_cast<std::size_t>(key.low); }
  };
  bool looked_up_ = false;
  std::unordered_map<Key, std::uint32_t, KeyHash> found_;
  std::int64_t next_run_ = 1;
  std::int64_t through_block_ = 0;
  std::unique_ptr<Merge> merge_;
  Statement select_;
  std::vector<std::int64_t> sweep_;  // runs whose chunks are no longer needed
};

}  // namespace liftmark
