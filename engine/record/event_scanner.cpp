// Events by ranges of units: compacted blocks that overlap the range, plus what lies loose, put in one order.

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <optional>

#include "engine/record/reader_state.hpp"

namespace liftmark {
namespace {

/// A slice aims at this many events: small enough for the second-level cache, large enough to be worth a
/// turn.
constexpr std::int64_t kSliceEvents = 1 << 17;

/// Units whose rows are put in order together: what is written meanwhile fits in the second-level cache.
constexpr UnitIndex kUnitsAtOnce = 2'048;

struct Filter {
  Filter(const Reader::State& state, const EventFilter& asked)
      : reader(state), from(asked.from), to(asked.to), as_of(state.as_of), keys(asked.keys) {
    all_types = asked.types.empty();
    wanted.assign(state.types.size(), all_types);
    for (const std::string& type : asked.types)
      if (const auto code = state.names.find({NameKind::type, 0, 0, type})) wanted[*code] = true;
    for (const std::string& key : asked.properties) {
      properties.push_back(state.names.find({NameKind::key, 0, 0, key}));
      if (properties.back()) known.push_back(*properties.back());
    }
  }
  bool overlaps(const BlockEntry& entry) const { return entry.last_at >= from && entry.first_at < to; }
  bool keeps_all(const BlockEntry& entry) const {
    return all_types && entry.first_at >= from && entry.last_at < to && entry.last_at <= as_of &&
           entry.last_recorded <= as_of;
  }
  bool keeps(const auto& rows, std::size_t i) const {
    return rows.at[i] >= from && rows.at[i] < to && rows.at[i] <= as_of && rows.recorded_at[i] <= as_of &&
           wanted[rows.type[i]] && !reader.hidden(rows.unit[i]);
  }
  const Reader::State& reader;
  Micros from, to, as_of;
  bool keys;
  bool all_types = false;
  std::vector<bool> wanted;
  std::vector<std::optional<std::uint32_t>> properties;
  std::vector<std::uint32_t> known;
};

std::string signature(const EventFilter& filter) {
  std::string text = fmt::format("{} {} {} {} ", filter.from, filter.to, filter.keys, filter.recorded_at);
  for (const auto& type : filter.types) text += fmt::format("{}:{} ", type.size(), type);
  text += "| ";
  for (const auto& key : filter.properties) text += fmt::format("{}:{} ", key.size(), key);
  return text;
}

template <class... Columns>
void grow(std::size_t size, Columns&... columns) {
  const auto one = [size](auto& column) {
    if (column.size() < size) column.resize(std::max(size, 2 * column.size()));
  };
  (one(columns), ...);
}

/// Rows of several blocks as columns. Columns that were not asked for stay empty; those there may be longer
/// than `size`, so that decoding need not clear them first.
struct Gathered {
  std::size_t size = 0;
  bool recorded = false, keys = false;
  std::vector<UnitIndex> unit;
  std::vector<std::uint32_t> type;
  std::vector<Micros> at, recorded_at;
  std::vector<Millionths> value;
  std::vector<std::uint8_t> timing;
  std::vector<std::vector<ValueCode>> properties;
  std::vector<Key> key, reference;

  void shape(const EventFilter& filter) {
    recorded = filter.recorded_at;
    keys = filter.keys;
    properties.resize(filter.properties.size());
  }
  void reserve(std::size_t rows) {
    grow(rows, unit, type, at, recorded_at, value, timing);
    for (auto& column : properties) grow(rows, column);
    if (keys) grow(rows, key, reference);
  }
  /// Row `to` becomes a copy of row `from` of `source`.
  void copy(std::size_t to, const Gathered& source, std::size_t from) {
    unit[to] = source.unit[from];
    type[to] = source.type[from];
    at[to] = source.at[from];
    value[to] = source.value[from];
    timing[to] = source.timing[from];
    if (recorded) recorded_at[to] = source.recorded_at[from];
    for (std::size_t p = 0; p < properties.size(); ++p) properties[p][to] = source.properties[p][from];
    if (!keys) return;
    key[to] = source.key[from];
    reference[to] = source.reference[from];
  }
  /// The order of rows of one unit.
  bool before(std::size_t a, std::size_t b) const {
    const auto tuple = [&](std::size_t i) { return std::tie(at[i], type[i], value[i]); };
    if (tuple(a) != tuple(b)) return tuple(a) < tuple(b);
    if (recorded && recorded_at[a] != recorded_at[b]) return recorded_at[a] < recorded_at[b];
    return keys && key[a] < key[b];
  }
};

/// Reads blocks and appends the rows that pass.
class BlockSource {
 public:
  BlockSource(const Reader::State& state, const Filter& filter, std::unique_ptr<Snapshot> snapshot)
      : state_(state), filter_(filter), snapshot_(std::move(snapshot)) {}
  ~BlockSource() { state_.give_back(std::move(snapshot_)); }
  BlockSource(const BlockSource&) = delete;
  BlockSource& operator=(const BlockSource&) = delete;

  /// Rows of a block sorted by unit with unit in [first, last); those of linked units are left to the loose
  /// ones.
  void append_sorted(const BlockEntry& entry, UnitIndex first, UnitIndex last, Gathered& to) {
    const bool all = state_.plain_units() && filter_.keeps_all(entry);
    const std::size_t start = to.size;
    const std::size_t rows = decode(entry, !all, to);
    const auto* units = to.unit.data() + start;
    const auto position = [&](UnitIndex unit) {
      return start + static_cast<std::size_t>(std::lower_bound(units, units + rows, unit) - units);
    };
    const std::size_t begin = entry.first_unit >= first ? start : position(first);
    const std::size_t end = entry.last_unit < last ? start + rows : position(last);
    if (begin == start && all) {
      to.size = end;
      return;
    }
    for (std::size_t i = begin; i < end; ++i)
      if (all || (filter_.keeps(to, i) && state_.canonical(to.unit[i]) == to.unit[i]))
        to.copy(to.size++, to, i);
  }

  /// Rows in order of arrival, each under the unit it is linked to; of a compacted block only linked ones.
  void append_loose(const BlockEntry& entry, Gathered& to) {
    const std::size_t start = to.size;
    const std::size_t rows = decode(entry, true, to);
    for (std::size_t i = start; i < start + rows; ++i) {
      if (!filter_.keeps(to, i)) continue;
      const UnitIndex canonical = state_.canonical(to.unit[i]);
      if (!entry.open() && canonical == to.unit[i]) continue;
      to.unit[i] = canonical;
      to.copy(to.size++, to, i);
    }
  }

 private:
  /// Decodes the block's rows behind the last row; their number.
  std::size_t decode(const BlockEntry& entry, bool recorded_at, Gathered& to) {
    std::size_t rows = 0;
    const std::size_t start = to.size;
    snapshot_->read_hot(entry.block, [&](std::string_view blob) {
      rows = rows_of(blob);
      to.reserve(start + rows);
      decode_events(blob, {.unit = to.unit.data() + start,
                           .type = to.type.data() + start,
                           .at = to.at.data() + start,
                           .recorded_at = to.recorded_at.data() + start,
                           .value = to.value.data() + start,
                           .timing = to.timing.data() + start,
                           .recorded_at_wanted = recorded_at || to.recorded});
    });
    if (!filter_.properties.empty()) decode_properties_of(entry, start, rows, to);
    if (filter_.keys) decode_keys_of(entry, start, rows, to);
    return rows;
  }

  void decode_properties_of(const BlockEntry& entry, std::size_t start, std::size_t rows, Gathered& to) {
    cold_.unit.resize(rows);  // its number of rows, for the check of lengths
    if (!filter_.known.empty()) snapshot_->read_properties(entry.block, filter_.known, cold_);
    for (std::size_t p = 0; p < filter_.properties.size(); ++p) {
      const auto begin = to.properties[p].begin() + static_cast<std::ptrdiff_t>(start);
      if (filter_.properties[p]) {
        resolve_property(state_, cold_, *filter_.properties[p], codes_);
        std::copy(codes_.begin(), codes_.end(), begin);
      } else {
        std::fill_n(begin, rows, 0);
      }
    }
  }

  void decode_keys_of(const BlockEntry& entry, std::size_t start, std::size_t rows, Gathered& to) {
    snapshot_->read_detail(entry.block, cold_);
    for (std::size_t i = 0; i < rows; ++i) {
      to.key[start + i] = state_.secret.key(KeySpace::event, cold_.id[i]);
      const std::string_view reference = cold_.reference[i];
      to.reference[start + i] = reference.empty() ? Key{} : state_.secret.key(KeySpace::event, reference);
    }
  }

  const Reader::State& state_;
  const Filter& filter_;
  std::unique_ptr<Snapshot> snapshot_;
  BlockRows cold_;
  std::vector<ValueCode> codes_;
};

struct Loose : LooseEvents {
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
    count = reader.units == 0 ? 0 : (units + width - 1) / width;
  }

  std::shared_ptr<const Loose> load_loose(const EventFilter& asked) {
    const std::lock_guard guard(reader.loose_mutex);
    auto& kept = reader.loose[signature(asked)];
    if (kept == nullptr) {
      auto made = std::make_shared<Loose>();
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
    std::vector<std::uint32_t> to(static_cast<std::size_t>(reader.units) + 1, 0);
    for (std::size_t i = 0; i < rows.size; ++i) ++to[rows.unit[i] + 1];
    std::partial_sum(to.begin(), to.end(), to.begin());
    into.order.resize(rows.size);
    for (std::uint32_t i = 0; i < rows.size; ++i) into.order[to[rows.unit[i]]++] = i;
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
    const UnitIndex* const unit = gathered.unit.data();
    Micros* const at = sorted.at.data();
    for (; i < end && unit[i] < until; ++i) {
      const UnitIndex u = unit[i] - first;
      const std::uint32_t to = next[u]++;
      place[i] = to;
      at[to] = gathered.at[i];
      sorted.type[to] = gathered.type[i];
      sorted.value[to] = gathered.value[i];
      sorted.timing[to] = gathered.timing[i];
      if (to != offsets[u] && at[to] <= at[to - 1]) disordered.push_back(u);
    }
    return i;
  }

  template <class T>
  void spread(const std::vector<T>& from, std::vector<T>& to) const {
    for (std::size_t i = 0; i < gathered.size; ++i) to[place[i]] = from[i];
  }

  void order_unit(std::uint32_t begin, std::uint32_t end) {
    const auto compare = [this](std::uint32_t a, std::uint32_t b) { return sorted.before(a, b); };
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
  Filter filter;
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
