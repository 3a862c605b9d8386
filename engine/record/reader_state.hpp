#pragma once
// What a Reader holds: its snapshot, the directory of live blocks, names, links. Internal to engine/record.

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/record/block.hpp"
#include "engine/record/database.hpp"
#include "engine/record/dictionary.hpp"
#include "engine/record/hashing.hpp"
#include "engine/record/links.hpp"
#include "engine/record/reader.hpp"
#include "engine/record/writer_state.hpp"

namespace liftmark {

/// Dated before anything a store takes: nothing has been seen.
inline constexpr Micros kNothingSeen = std::numeric_limits<Micros>::min();

struct BlockEntry {
  std::int64_t block = 0;
  std::int64_t part = 0;
  std::int64_t rows = 0;
  UnitIndex first_unit = 0, last_unit = 0;
  Micros first_at = 0, last_at = 0;
  Micros last_recorded = 0;
  bool open() const noexcept { return part == kOpenPart; }
};

/// Events of open blocks and of linked units for one filter; shared by its scanners.
struct LooseEvents {
  virtual ~LooseEvents() = default;
};

/// One connection inside a read transaction on the Reader's snapshot.
struct Snapshot {
  explicit Snapshot(const std::filesystem::path& path);
  /// Reads the parts of a block; what is not wanted is left alone.
  void read_hot(std::int64_t block, BlockRows& rows);
  /// Calls decode(bytes) with the hot part of a block.
  void read_hot(std::int64_t block, const std::function<void(std::string_view)>& decode);
  void read_properties(std::int64_t block, const std::vector<std::uint32_t>& keys, BlockRows& rows);
  void read_detail(std::int64_t block, BlockRows& rows);
  Database database;
  Transaction transaction;
  Statement hot, properties, detail;
};

struct Reader::State {
  State(const std::filesystem::path& file, ReaderOptions options);
  /// A further connection that sees what this Reader sees; give it back after use.
  std::unique_ptr<Snapshot> snapshot() const;
  void give_back(std::unique_ptr<Snapshot> snapshot) const;
  void check_age() const;
  UnitIndex canonical(UnitIndex unit) const noexcept {
    return links.empty() ? unit : liftmark::canonical(links, unit);
  }
  /// A unit whose erasure is under way; its rows are not there any more.
  bool hidden(UnitIndex unit) const noexcept { return !erased.empty() && erased.contains(unit); }
  /// Not measured at the as-of: hidden, or its person's last word on measurement was no.
  bool excluded(UnitIndex unit) const noexcept {
    return hidden(unit) || (!denied.empty() && (denied.contains(unit) || denied.contains(canonical(unit))));
  }
  bool plain_units() const noexcept { return links.empty() && erased.empty() && denied.empty(); }
  void open_snapshots();
  void load_blocks();
  void load_links();
  void load_consent();
  /// Code of an inline text, above all interned ones.
  ValueCode inline_code(std::string_view text) const;
  std::uint64_t people() const;  ///< as StorePosition

  std::filesystem::path path;
  Micros as_of = 0;
  Micros until = 0;  ///< at most as_of
  Micros last_commit = 0;
  std::int64_t generation = 0;
  std::int64_t last_block = 0;
  std::int64_t sweeps = 0;
  Micros opened = 0;
  std::unique_ptr<Snapshot> main;
  mutable std::mutex main_mutex;
  Secret secret;
  Dictionary names;
  std::vector<std::string> types;
  std::vector<BlockEntry> events, exposures;
  Links links;
  std::unordered_set<UnitIndex> erased;
  std::unordered_set<UnitIndex> denied;  ///< consent for "measurement" withdrawn by the as-of
  UnitIndex units = 0;
  mutable std::mutex spare_mutex;
  mutable std::vector<std::unique_ptr<Snapshot>> spare;

  mutable std::mutex inline_mutex;
  mutable std::deque<std::string> inline_texts;
  mutable std::unordered_map<std::string_view, ValueCode> inline_codes;
  mutable std::mutex loose_mutex;
  mutable std::map<std::string, std::shared_ptr<const LooseEvents>> loose;
};

/// Value codes of one property as asked for: inline texts get codes of their own.
void resolve_property(const Reader::State& state, const BlockRows& rows, std::uint32_t key,
                      std::vector<ValueCode>& out);

}  // namespace liftmark
