// Events by ranges of units: compacted blocks that overlap the range, plus what lies loose, put in one order.

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <optional>

#include "engine/record/block_source.hpp"
#include "engine/record/unit_order.hpp"

namespace liftmark {
namespace {

/// A slice aims at this many events: small enough for the second-level cache, large enough to be worth a
/// turn.
constexpr std::int64_t kSliceEvents = 1 << 17;

/// Units of a slice without compacted blocks: what is kept by unit then fits in the second-level cache.
constexpr UnitIndex kUnitsOfLoose = 1 << 16;

/// Units whose rows are put in order together: what is written meanwhile fits in the second-level cache.
constexpr UnitIndex kUnitsAtOnce = 2'048;

std::string signature(const EventFilter& filter) {
  std::string text =
      fmt::format("{} {} {} {} {} {} ", filter.from, filter.to, filter.keys, filter.recorded_at,
                  filter.only_new, static_cast<const void*>(filter.units.get()));
  if (filter.since) text += fmt::format("since {} {} ", filter.since->last_block, filter.since->until);
  for (const auto& type : filter.types) text += fmt::format("{}:{} ", type.size(), type);
  text += "| ";
  for (const auto& key : filter.properties) text += fmt::format("{}:{} ", key.size(), key);
  return text;
}

struct Loose : LooseEvents {
  std::shared_ptr<const UnitSelection>
      units;                         // its address is part of the signature: nobody else may have it
  Gathered rows;                     // in order of arrival
  std::vector<std::uint32_t> order;  // by unit
  std::vector<std::uint32_t> begin;  // per slice, into `order`
};

}  // namespace

struct EventScanner::State {
  State(const Reader::State& reader_state, const EventFilter& asked)
      : reader(reader_state),
        filter(reader_state, asked),
        source(reader_state, filter, reader_state.snapshot()) {
    gathered.shape(asked);
    sorted.shape(asked);
    std::int64_t rows = 0;
    for (const BlockEntry& entry : reader.events)
      if (filter.overlaps(entry)) {
        rows += entry.rows;
        if (!entry.open()) blocks.push_back(entry);
      }
    choose_slices(rows);
    std::sort(blocks.begin(), blocks.end(), [](const BlockEntry& a, const BlockEntry& b) {
      return std::tie(a.first_unit, a.part, a.block) < std::tie(b.first_unit, b.part, b.block);
    });
    for (const BlockEntry& entry : blocks) {
      widest = std::max<UnitIndex>(widest, entry.last_unit - entry.first_unit);
      first_units.push_back(entry.first_unit);
    }
    loose = load_loose(asked);
  }

  /// Ranges of a power of two of units, so that they fit the blocks' own borders.
  void choose_slices(std::int64_t rows) {
    const auto units = std::max<std::uint64_t>(1, reader.units);
    const auto wanted = static_cast<std::uint64_t>(std::max<std::int64_t>(1, rows / kSliceEvents));
    width = static_cast<UnitIndex>(
        std::min<std::uint64_t>(std::bit_ceil(std::max<std::uint64_t>(1, units / wanted)), 1u << 31));
    // Compacted blocks of other units would be read once more for each slice; what lies loose would not.
    if (blocks.empty()) width = std::min(width, kUnitsOfLoose);
    count = reader.units == 0 ? 0 : (units + width - 1) / width;
  }

  std::shared_ptr<const Loose> load_loose(const EventFilter& asked) {
    const std::lock_guard guard(reader.loose_mutex);
    auto& kept = reader.loose[signature(asked)];
    if (kept == nullptr) {
      auto made = std::make_shared<Loose>();
      made->units = asked.units;
      made->rows.shape(asked);
      gather_loose(*made);
      kept = made;
    }
    return std::static_pointer_cast<const Loose>(kept);
  }

  void gather_loose(Loose& into) {
    for (const BlockEntry& entry : reader.events)
      if (filter.overlaps(entry) && (entry.open() || has_linked_unit(entry)))
        source.append_loose(entry, into.rows);
    const Gathered& rows = into.rows;
    into.begin.assign(count + 1, 0);
    for (std::size_t i = 0; i < rows.size; ++i) ++into.begin[rows.unit[i] / width + 1];
    std::partial_sum(into.begin.begin(), into.begin.end(), into.begin.begin());
    if (rows.size == 0) return;
    into.order = order_by_unit(rows.unit, rows.size, reader.units);
  }

  bool has_linked_unit(const BlockEntry& entry) const {
    if (reader.links.empty()) return false;
    const UnitIndex span = entry.last_unit - entry.first_unit;
    if (span > reader.links.size()) {
      return std::any_of(reader.links.begin(), reader.links.end(), [&](const auto& link) {
        return link.first >= entry.first_unit && link.first <= entry.last_unit;
      });
    }
    for (UnitIndex unit = entry.first_unit; unit <= entry.last_unit; ++unit)
      if (reader.links.contains(unit)) return true;
    return false;
  }

  void read_compacted(UnitIndex first, UnitIndex last) {
    const UnitIndex from = first > widest ? first - widest : 0;
    auto i = static_cast<std::size_t>(std::lower_bound(first_units.begin(), first_units.end(), from) -
                                      first_units.begin());
    overlapping.clear();
    for (; i < blocks.size() && blocks[i].first_unit < last; ++i)
      if (blocks[i].last_unit >= first) overlapping.push_back(&blocks[i]);
    // In order of time, so that a unit's events come sorted.
    std::sort(overlapping.begin(), overlapping.end(), [](const BlockEntry* a, const BlockEntry* b) {
      return std::tie(a->part, a->first_unit, a->block) < std::tie(b->part, b->first_unit, b->block);
    });
    std::int64_t rows = 0;  // room for all at once: growing step by step is paid in page faults
    for (const BlockEntry* entry : overlapping) rows += entry->rows;
    gathered.reserve(static_cast<std::size_t>(rows));
    for (const BlockEntry* entry : overlapping) {
      source.append_sorted(*entry, first, last, gathered);
      segments.push_back(gathered.size);
    }
  }

  void append_loose(std::size_t index) {
    const std::uint32_t begin = loose->begin[index];
    const std::uint32_t end = loose->begin[index + 1];
    gathered.reserve(gathered.size + end - begin);
    for (std::uint32_t k = begin; k < end; ++k) gathered.copy(gathered.size++, loose->rows, loose->order[k]);
    segments.push_back(gathered.size);
  }

  /// Puts every row behind the others of its unit. Blocks come by day, so most units are then in order of
  /// time already; the others are put in order one by one.
  void sort(UnitIndex first, UnitIndex last) {
    offsets.assign(static_cast<std::size_t>(last - first) + 1, 0);
    for (std::size_t i = 0; i < gathered.size; ++i) ++offsets[gathered.unit[i] - first + 1];
    std::partial_sum(offsets.begin(), offsets.end(), offsets.begin());
    next.assign(offsets.begin(), offsets.end());
    sorted.reserve(gathered.size);
    sorted.size = gathered.size;
    place.resize(gathered.size);
    disordered.clear();
    // A few units of all segments at a time, so that what is written stays in the cache.
    cursor.assign(segments.begin(), segments.end() - 1);
    for (UnitIndex until = first; until < last;) {
      until = std::min<UnitIndex>(last, until + kUnitsAtOnce);
      for (std::size_t s = 0; s < cursor.size(); ++s)
        cursor[s] = scatter(cursor[s], segments[s + 1], first, until);
    }
    if (sorted.recorded) spread(gathered.recorded_at, sorted.recorded_at);
    for (std::size_t p = 0; p < sorted.properties.size(); ++p)
      spread(gathered.properties[p], sorted.properties[p]);
    if (sorted.keys) spread(gathered.key, sorted.key);
    if (sorted.keys) spread(gathered.reference, sorted.reference);
    for (const UnitIndex unit : disordered) order_unit(offsets[unit], offsets[unit + 1]);
  }

  /// Copies rows from `i` on, of units before `until`, to their places; where it stopped.
  std::size_t scatter(std::size_t i, std::size_t end, UnitIndex first, UnitIndex until) {
    // Plain pointers: what is written could otherwise be the vectors' own.
    const UnitIndex* const unit = gathered.unit.data();
    const Micros* const from_at = gathered.at.data();
    const std::uint32_t* const from_type = gathered.type.data();
    const Millionths* const from_value = gathered.value.data();
    const std::uint8_t* const from_timing = gathered.timing.data();
    Micros* const at = sorted.at.data();
    std::uint32_t* const type = sorted.type.data();
    Millionths* const value = sorted.value.data();
    std::uint8_t* const timing = sorted.timing.data();
    std::uint32_t* const places = place.data();
    std::uint32_t* const nexts = next.data();
    const std::uint32_t* const begins = offsets.data();
    for (; i < end && unit[i] < until; ++i) {
      const UnitIndex u = unit[i] - first;
      const std::uint32_t to = nexts[u]++;
      places[i] = to;
      at[to] = from_at[i];
      type[to] = from_type[i];
      value[to] = from_value[i];
      timing[to] = from_timing[i];
      if (to != begins[u] && at[to] <= at[to - 1]) disordered.push_back(u);
    }
    return i;
  }

  template <class T>
  void spread(const std::vector<T>& from, std::vector<T>& to) const {
    for (std::size_t i = 0; i < gathered.size; ++i) to[place[i]] = from[i];
  }

  void order_unit(std::uint32_t begin, std::uint32_t end) {
    const auto compare = [this](std::uint32_t a, std::uint32_t b) {
      return precedes(sorted, a, b, sorted.keys);
    };
    order.resize(end - begin);
    std::iota(order.begin(), order.end(), begin);
    if (std::is_sorted(order.begin(), order.end(), compare)) return;
    std::stable_sort(order.begin(), order.end(), compare);
    gathered.reserve(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) gathered.copy(i, sorted, order[i]);
    for (std::size_t i = 0; i < order.size(); ++i) sorted.copy(begin + i, gathered, i);
  }

  const EventSlice& read(std::size_t index) {
    reader.check_age();
    const auto first = static_cast<UnitIndex>(index * width);
    const auto last = static_cast<UnitIndex>(
        std::min<std::uint64_t>(reader.units, static_cast<std::uint64_t>(first) + width));
    gathered.size = 0;
    segments.assign(1, 0);
    read_compacted(first, last);
    append_loose(index);
    sort(first, last);
    const auto view = [&](const auto& column) { return std::span(column.data(), sorted.size); };
    slice = {};
    slice.first_unit = first;
    slice.last_unit = last;
    slice.offsets = offsets;
    slice.at = view(sorted.at);
    slice.timing = view(sorted.timing);
    slice.type = view(sorted.type);
    slice.value = view(sorted.value);
    slice.prompt =
        std::all_of(slice.timing.begin(), slice.timing.end(), [](std::uint8_t t) { return t == 0; });
    if (sorted.recorded) slice.recorded_at = view(sorted.recorded_at);
    for (const auto& column : sorted.properties) slice.properties.push_back(view(column));
    if (sorted.keys) {
      slice.key = view(sorted.key);
      slice.reference = view(sorted.reference);
    }
    return slice;
  }

  const Reader::State& reader;
  ScanFilter filter;
  BlockSource source;
  std::vector<BlockEntry> blocks;  // compacted, by first unit
  std::vector<const BlockEntry*> overlapping;
  std::vector<UnitIndex> first_units;
  UnitIndex widest = 0;
  UnitIndex width = 1;
  std::size_t count = 0;
  std::shared_ptr<const Loose> loose;
  Gathered gathered, sorted;
  std::vector<std::size_t> segments,
      cursor;  // where in `gathered` each block's rows end; each is sorted by unit
  std::vector<std::uint32_t> offsets, next, place, order;
  std::vector<UnitIndex> disordered;  // may name a unit twice
  EventSlice slice;
};

EventScanner::EventScanner(const Reader& reader, const EventFilter& filter)
    : state_(std::make_unique<State>(*reader.state_, filter)) {}
EventScanner::~EventScanner() = default;
std::size_t EventScanner::slices() const noexcept {
  return state_->count;
}
const EventSlice& EventScanner::read(std::size_t index) {
  return state_->read(index);
}

}  // namespace liftmark
