#pragma once
// What the one pass reads: a consistent state of the store as of a moment, as columns, cut into ranges of
// units so that threads share nothing. The answer does not depend on layout (open or compacted), order of
// arrival or threads.
//
//   Reader reader(path, {.as_of = t});
//   auto exposures = reader.exposures("checkout", {"country"});
//   EventScanner scanner(reader, {.types = {"purchase", "refund"}});         // one per thread
//   for (std::size_t s = next++; s < scanner.slices(); s = next++) {         // `next` an atomic counter
//     const EventSlice& slice = scanner.read(s);
//     for (UnitIndex u = slice.first_unit; u < slice.last_unit; ++u)
//       for (std::uint32_t i = slice.begin(u); i < slice.end(u); ++i) use(slice.at[i], slice.type[i],
//       slice.value[i]);
//   }

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/record/event.hpp"

namespace liftmark {

struct ReaderOptions {
  std::optional<Micros> as_of{};  ///< unset: the last commit. Later than the last commit: refused.
  /// What happened up to here, as known at the as-of: later exposures and events are left out. Unset or after
  /// the as-of: the as-of.
  std::optional<Micros> until{};
};

/// Where a Reader stands in its store, so that a later one can tell what is new.
struct StorePosition {
  std::uint64_t store = 0;      ///< another file under the same path is another store
  std::int64_t generation = 0;  ///< changes when rows are rewritten: compaction, erasure, purge
  std::int64_t last_block = 0;  ///< what is recorded later stands in later blocks
  std::uint64_t people = 0;     ///< digest of who is linked to whom, hidden or without consent
  Micros until = 0;             ///< as Reader::until
  bool whole = false;           ///< everything recorded so far was read, not what was known at a past moment
  bool operator==(const StorePosition&) const = default;
  /// Whether all that a reader at `earlier` saw is still seen here and as it was: what it did not see then
  /// stands in later blocks or is dated after its `until`.
  bool continues(const StorePosition& earlier) const noexcept {
    return whole && earlier.whole && store == earlier.store && generation == earlier.generation &&
           people == earlier.people && last_block >= earlier.last_block && until >= earlier.until;
  }
};

/// Units by index.
using UnitSelection = std::vector<bool>;

/// A code of a property or attribute value; 0: the key is absent. Stable within one Reader and its scanners,
/// and below kFirstInlineCode within the store.
using ValueCode = std::uint32_t;
inline constexpr ValueCode kFirstInlineCode = 0x8000'0000;

/// Candidates for the first exposure of one experiment: sorted by (unit, at, id, arm), so the first row of a
/// unit is its first exposure and further rows show crossovers and epochs. A (unit, epoch, arm) may stand
/// more than once, its earliest first. Columns have equal length.
struct ExposureColumns {
  struct Arm {
    std::string key;
    int epoch = 1;
  };
  std::vector<Arm> arms;  ///< every (epoch, arm) of the experiment ever recorded, in order of first sight
  std::vector<UnitIndex> unit;
  std::vector<std::uint32_t> arm;  ///< index into `arms`
  std::vector<Micros> at;
  std::vector<Micros> recorded_at;
  std::vector<double> propensity;                  ///< 0: not recorded
  std::vector<std::uint8_t> fallback;              ///< 1: the default arm, given because assignment failed
  std::vector<std::vector<ValueCode>> attributes;  ///< one column per key asked for
  std::size_t size() const noexcept { return unit.size(); }
};

struct EventFilter {
  std::vector<std::string> types{};                  ///< empty: every type
  Micros from = std::numeric_limits<Micros>::min();  ///< event time at or after
  Micros to = std::numeric_limits<Micros>::max();    ///< event time before
  std::vector<std::string> properties{};             ///< keys wanted as columns, in this order
  bool keys = false;                                 ///< `key` and `reference` wanted
  bool recorded_at = true;                           ///< `recorded_at` wanted; `timing` is always there
  std::shared_ptr<const UnitSelection> units{};      ///< only these units' events; unset: everybody's
  std::optional<StorePosition> since{};  ///< events that a reader there did not see carry kNew in `timing`
  bool only_new = false;                 ///< and no others are read
};

/// A further bit of EventSlice::timing beside those of Timing: not seen by the reader at EventFilter::since.
inline constexpr std::uint8_t kNew = 4;

/// The events of units [first_unit, last_unit), sorted by (unit, at, type, value[, recorded_at][, key]).
/// Spans stay valid until the scanner's next read.
struct EventSlice {
  UnitIndex first_unit = 0;
  UnitIndex last_unit = 0;
  std::span<const std::uint32_t> offsets;  ///< last_unit - first_unit + 1 of them
  std::span<const Micros> at;
  std::span<const Micros> recorded_at;   ///< empty unless asked for
  std::span<const std::uint8_t> timing;  ///< Timing, kNew
  bool prompt = false;                   ///< every timing is 0
  std::span<const std::uint32_t> type;   ///< index into Reader::types()
  std::span<const Millionths> value;
  std::vector<std::span<const ValueCode>> properties;  ///< as EventFilter::properties
  std::span<const Key> key;                            ///< empty unless asked for
  std::span<const Key>
      reference;  ///< equals the key of the event referred to; zero: none. Empty unless asked for
  std::uint32_t begin(UnitIndex unit) const noexcept { return offsets[unit - first_unit]; }
  std::uint32_t end(UnitIndex unit) const noexcept { return offsets[unit - first_unit + 1]; }
};

/// How often something happened at the door, up to the as-of; see docs/store.md for the names.
struct Counter {
  std::string name;    ///< "accepted", "duplicate", "conflict", "repeat_exposure", "rejected"
  std::string detail;  ///< reason or source
  std::int64_t count = 0;
};

/// Counts erased units by the experiment and the arm they were first given, joined by this byte; no identity.
inline constexpr std::string_view kErasedCounter = "erased_unit";
inline constexpr char kErasedSeparator = '\x1f';

struct CatalogVersion {
  std::int64_t version = 0;
  std::string json;
  std::string digest;
  Micros recorded_at = 0;
};

/// A consistent state of a store as of a moment. Thread-safe to read from; each thread has its own
/// EventScanner. Throws Error(storage) when the file is missing, of a newer schema, or damaged, and
/// Error(usage) for an as-of after the last commit. A reader that lives longer than 30 s is ended by an
/// erasure: its next read throws.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path, ReaderOptions options = {});
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Micros as_of() const noexcept;
  /// The last moment whose happenings are read; the as-of unless the options say earlier.
  Micros until() const noexcept;
  StorePosition position() const;
  /// The last commit's moment, which is the default as-of; 0 in an empty store.
  Micros last_commit() const noexcept;
  /// The moments of erasures and purges recorded after the as-of: then a past report may not be reproduced
  /// exactly.
  std::vector<Micros> altered_after() const;

  /// Number of unit indices ever given: valid UnitIndex are [0, unit_count()).
  std::size_t unit_count() const noexcept;
  /// Units whose consent for measurement was withdrawn by the as-of: their rows are left out.
  std::size_t denied_units() const noexcept;
  /// The unit's id; empty when erased.
  std::string unit_id(UnitIndex unit) const;
  /// Event types by index (all ever seen).
  const std::vector<std::string>& types() const noexcept;
  /// Experiments that have exposures.
  std::vector<std::string> experiments() const;
  /// The catalog in force at the as-of; nothing before the first `apply`.
  std::optional<CatalogVersion> catalog() const;
  /// Every version up to the as-of, oldest first: earlier ones hold the weights of earlier epochs.
  std::vector<CatalogVersion> catalogs() const;

  /// Candidates for the first exposure of `experiment` recorded and dated at or before the as-of; an unknown
  /// experiment gives no rows. Anonymous units stand under the unit they were linked to. With `since` only
  /// those that a reader there did not see.
  ExposureColumns exposures(std::string_view experiment, const std::vector<std::string>& attribute_keys = {},
                            const std::optional<StorePosition>& since = {}) const;
  /// The text of a value code; empty for 0.
  std::string_view text(ValueCode code) const;

  std::vector<Counter> counters() const;

  struct State;

 private:
  friend class EventScanner;
  friend class EventCounts;
  std::unique_ptr<State> state_;
};

/// Reads events slice by slice with its own connection. Not thread-safe; make one per thread, with equal
/// filters all scanners of a Reader have the same slices. The Reader must outlive it.
class EventScanner {
 public:
  EventScanner(const Reader& reader, const EventFilter& filter);
  ~EventScanner();
  EventScanner(const EventScanner&) = delete;
  EventScanner& operator=(const EventScanner&) = delete;

  /// Unit ranges, ascending and disjoint, that together cover every unit.
  std::size_t slices() const noexcept;
  /// The events of slice `index` (< slices()) that pass the filter and the as-of.
  const EventSlice& read(std::size_t index);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace liftmark
