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
  bool keeps(const BlockRows& rows, std::size_t i) const {
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
  std::string text = fmt::format("{} {} {} ", filter.from, filter.to, filter.keys);
  for (const auto& type : filter.types) text += fmt::format("{}:{} ", type.size(), type);
  text += "| ";
  for (const auto& key : filter.properties) text += fmt::format("{}:{} ", key.size(), key);
  return text;
}

/// Columns under construction: the kept rows of several blocks.
struct Gathered {
  std::vector<UnitIndex> unit;
  std::vector<std::uint32_t> type;
  std::vector<Micros> at, recorded_at;
  std::vector<Millionths> value;
  std::vector<std::vector<ValueCode>> properties;
  std::vector<Key> key, reference;

  void clear() {
    unit.clear();
    type.clear();
    at.clear();
    recorded_at.clear();
    value.clear();
    for (auto& column : properties) column.clear();
    key.clear();
    reference.clear();
  }
  std::size_t size() const noexcept { return unit.size(); }
};

/// Reads one block and appends the rows [first, last) of units that pass.
class BlockSource {
 public:
  BlockSource(const Reader::State& state, const Filter& filter, std::unique_ptr<Snapshot> snapshot)
      : state_(state), filter_(filter), snapshot_(std::move(snapshot)) {}

  void load(const BlockEntry& entry) {
    snapshot_->read_hot(entry.block, rows_);
    if (!filter_.known.empty()) {
      snapshot_->read_properties(entry.block, filter_.known, rows_);
      values_.resize(filter_.properties.size());
      for (std::size_t p = 0; p < values_.size(); ++p) {
        if (filter_.properties[p])
          resolve_property(state_, rows_, *filter_.properties[p], values_[p]);
        else
          values_[p].assign(rows_.size(), 0);
      }
    }
    if (filter_.keys) snapshot_->read_detail(entry.block, rows_);
  }

  ~BlockSource() { state_.give_back(std::move(snapshot_)); }
  BlockSource(const BlockSource&) = delete;
  BlockSource& operator=(const BlockSource&) = delete;

  const BlockRows& rows() const { return rows_; }

  void append_range(std::size_t first, std::size_t last, Gathered& to) const {
    const auto copy = [&](const auto& from, auto& into) {
      into.insert(into.end(), from.begin() + static_cast<std::ptrdiff_t>(first),
                  from.begin() + static_cast<std::ptrdiff_t>(last));
    };
    copy(rows_.unit, to.unit);
    copy(rows_.type, to.type);
    copy(rows_.at, to.at);
    copy(rows_.recorded_at, to.recorded_at);
    copy(rows_.value, to.value);
    append_extra(first, last, to);
  }

  void append(std::size_t i, UnitIndex unit, Gathered& to) const {
    to.unit.push_back(unit);
    to.type.push_back(rows_.type[i]);
    to.at.push_back(rows_.at[i]);
    to.recorded_at.push_back(rows_.recorded_at[i]);
    to.value.push_back(rows_.value[i]);
    append_extra(i, i + 1, to);
  }

 private:
  void append_extra(std::size_t first, std::size_t last, Gathered& to) const {
    to.properties.resize(filter_.properties.size());
    for (std::size_t p = 0; p < filter_.properties.size(); ++p)
      for (std::size_t i = first; i < last; ++i)
        to.properties[p].push_back(filter_.properties[p] ? values_[p][i] : 0);
    if (!filter_.keys) return;
    for (std::size_t i = first; i < last; ++i) {
      to.key.push_back(state_.secret.key(KeySpace::event, rows_.id[i]));
      const std::string_view reference = rows_.reference[i];
      to.reference.push_back(reference.empty() ? Key{} : state_.secret.key(KeySpace::event, reference));
    }
  }

  const Reader::State& state_;
  const Filter& filter_;
  std::unique_ptr<Snapshot> snapshot_;
  BlockRows rows_;
  std::vector<std::vector<ValueCode>> values_;
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
      gather_loose(*made);
      kept = made;
    }
    return std::static_pointer_cast<const Loose>(kept);
  }

  void gather_loose(Loose& into) {
    for (const BlockEntry& entry : reader.events) {
      if (!filter.overlaps(entry)) continue;
      if (entry.open()) {
        source.load(entry);
        for (std::size_t i = 0; i < source.rows().size(); ++i)
          if (filter.keeps(source.rows(), i))
            source.append(i, reader.canonical(source.rows().unit[i]), into.rows);
      } else if (has_linked_unit(entry)) {
        source.load(entry);
        for (std::size_t i = 0; i < source.rows().size(); ++i) {
          const UnitIndex unit = source.rows().unit[i];
          const UnitIndex canonical = reader.canonical(unit);
          if (canonical != unit && filter.keeps(source.rows(), i)) source.append(i, canonical, into.rows);
        }
      }
    }
    into.begin.assign(count + 1, 0);
    for (const UnitIndex unit : into.rows.unit) ++into.begin[unit / width + 1];
    std::partial_sum(into.begin.begin(), into.begin.end(), into.begin.begin());
    into.order.resize(into.rows.size());
    std::vector<std::uint32_t> place = into.begin;
    for (std::uint32_t i = 0; i < into.order.size(); ++i) into.order[place[into.rows.unit[i] / width]++] = i;
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
      source.load(*entry);
      append_kept(*entry, first, last);
    }
  }

  void append_kept(const BlockEntry& entry, UnitIndex first, UnitIndex last) {
    const BlockRows& rows = source.rows();
    const auto position = [&](UnitIndex unit) {
      return static_cast<std::size_t>(std::lower_bound(rows.unit.begin(), rows.unit.end(), unit) -
                                      rows.unit.begin());
    };
    const std::size_t begin = entry.first_unit >= first ? 0 : position(first);
    const std::size_t end = entry.last_unit < last ? rows.size() : position(last);
    if (reader.plain_units() && filter.keeps_all(entry)) return source.append_range(begin, end, gathered);
    for (std::size_t i = begin; i < end; ++i)
      if (filter.keeps(rows, i) && reader.canonical(rows.unit[i]) == rows.unit[i])
        source.append(i, rows.unit[i], gathered);
  }

  void append_loose(std::size_t index) {
    const Gathered& from = loose->rows;
    for (std::uint32_t k = loose->begin[index]; k < loose->begin[index + 1]; ++k) {
      const std::uint32_t i = loose->order[k];
      gathered.unit.push_back(from.unit[i]);
      gathered.type.push_back(from.type[i]);
      gathered.at.push_back(from.at[i]);
      gathered.recorded_at.push_back(from.recorded_at[i]);
      gathered.value.push_back(from.value[i]);
      gathered.properties.resize(filter.properties.size());
      for (std::size_t p = 0; p < filter.properties.size(); ++p)
        gathered.properties[p].push_back(from.properties[p][i]);
      if (!filter.keys) continue;
      gathered.key.push_back(from.key[i]);
      gathered.reference.push_back(from.reference[i]);
    }
  }

  bool before(std::uint32_t a, std::uint32_t b) const {
    const Gathered& g = gathered;
    const auto tuple = [&](std::uint32_t i) {
      return std::tie(g.at[i], g.type[i], g.value[i], g.recorded_at[i]);
    };
    if (tuple(a) != tuple(b)) return tuple(a) < tuple(b);
    return filter.keys && g.key[a] < g.key[b];
  }

  /// Counting sort by unit; blocks come by day, so most units are then in order of time already.
  void sort(UnitIndex first, UnitIndex last) {
    offsets.assign(static_cast<std::size_t>(last - first) + 1, 0);
    for (const UnitIndex unit : gathered.unit) ++offsets[unit - first + 1];
    std::partial_sum(offsets.begin(), offsets.end(), offsets.begin());
    next.assign(offsets.begin(), offsets.end());
    order.resize(gathered.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[next[gathered.unit[i] - first]++] = i;
    for (std::size_t unit = 0; unit + 1 < offsets.size(); ++unit) {
      const auto begin = order.begin() + offsets[unit];
      const auto end = order.begin() + offsets[unit + 1];
      const auto compare = [this](std::uint32_t a, std::uint32_t b) { return before(a, b); };
      if (end - begin > 1 && !std::is_sorted(begin, end, compare)) std::sort(begin, end, compare);
    }
  }

  template <class T>
  std::span<const T> ordered(const std::vector<T>& from, std::vector<T>& to) const {
    to.resize(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) to[i] = from[order[i]];
    return to;
  }

  const EventSlice& read(std::size_t index) {
    reader.check_age();
    const auto first = static_cast<UnitIndex>(index * width);
    const auto last = static_cast<UnitIndex>(
        std::min<std::uint64_t>(reader.units, static_cast<std::uint64_t>(first) + width));
    gathered.clear();
    read_compacted(first, last);
    append_loose(index);
    sort(first, last);
    sorted.properties.resize(filter.properties.size());
    gathered.properties.resize(filter.properties.size());
    slice.first_unit = first;
    slice.last_unit = last;
    slice.offsets = offsets;
    slice.at = ordered(gathered.at, sorted.at);
    slice.recorded_at = ordered(gathered.recorded_at, sorted.recorded_at);
    slice.type = ordered(gathered.type, sorted.type);
    slice.value = ordered(gathered.value, sorted.value);
    slice.properties.clear();
    for (std::size_t p = 0; p < filter.properties.size(); ++p)
      slice.properties.push_back(ordered(gathered.properties[p], sorted.properties[p]));
    if (filter.keys) {
      slice.key = ordered(gathered.key, sorted.key);
      slice.reference = ordered(gathered.reference, sorted.reference);
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
  std::vector<std::uint32_t> offsets, next, order;
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
