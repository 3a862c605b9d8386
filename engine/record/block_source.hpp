#pragma once
// Blocks to rows that pass a filter, as columns behind one another. Internal to the event scanner.

#include <algorithm>
#include <memory>
#include <optional>
#include <tuple>
#include <vector>

#include "engine/record/reader_state.hpp"

namespace liftmark {

/// An EventFilter in the store's codes.
struct ScanFilter {
  ScanFilter(const Reader::State& state, const EventFilter& asked)
      : reader(state),
        from(asked.from),
        to(std::min(asked.to, state.until + 1)),
        as_of(state.as_of),
        keys(asked.keys),
        units(asked.units == nullptr || state.links.empty() ? asked.units : with_linked(state, *asked.units)),
        since(asked.since),
        only_new(asked.only_new) {
    if (units) chosen_until = count_chosen(*units);
    all_types = asked.types.empty();
    wanted.assign(state.types.size(), all_types);
    for (const std::string& type : asked.types)
      if (const auto code = state.names.find({NameKind::type, 0, 0, type})) wanted[*code] = true;
    for (const std::string& key : asked.properties) {
      properties.push_back(state.names.find({NameKind::key, 0, 0, key}));
      if (properties.back()) known.push_back(*properties.back());
    }
  }
  /// Rows stand under the unit they were recorded of, so those linked to a chosen one are chosen as well.
  static std::shared_ptr<const UnitSelection> with_linked(const Reader::State& state,
                                                          const UnitSelection& chosen) {
    auto units = std::make_shared<UnitSelection>(chosen);
    for (const auto& link : state.links) (*units)[link.first] = chosen[state.canonical(link.first)];
    return units;
  }
  /// How many units are chosen before each multiple of kTogether.
  static std::vector<std::size_t> count_chosen(const UnitSelection& chosen) {
    std::vector<std::size_t> until{0};
    for (std::size_t first = 0; first < chosen.size(); first += kTogether) {
      const std::size_t last = std::min(first + kTogether, chosen.size());
      const auto begin = chosen.begin();
      until.push_back(until.back() +
                      static_cast<std::size_t>(std::count(begin + static_cast<std::ptrdiff_t>(first),
                                                          begin + static_cast<std::ptrdiff_t>(last), true)));
    }
    return until;
  }
  /// Where few units were chosen, most blocks hold none of them.
  bool may_hold_chosen(const BlockEntry& entry) const {
    if (!units) return true;
    const std::size_t most = chosen_until.size() - 1;
    return chosen_until[std::min(most, entry.last_unit / kTogether + 1)] >
           chosen_until[std::min(most, entry.first_unit / kTogether)];
  }
  bool overlaps(const BlockEntry& entry) const {
    return entry.last_at >= from && entry.first_at < to &&
           !(only_new && entry.last_at <= seen_until(entry)) && may_hold_chosen(entry);
  }
  /// Rows of the block dated later were not seen by the reader at `since`.
  Micros seen_until(const BlockEntry& entry) const {
    return since && entry.block <= since->last_block ? since->until : kNothingSeen;
  }
  bool keeps_all(const BlockEntry& entry) const {
    return all_types && !units && !since && entry.first_at >= from && entry.last_at < to &&
           entry.last_at <= as_of && entry.last_recorded <= as_of;
  }
  bool keeps(const auto& rows, std::size_t i) const {
    return rows.at[i] >= from && rows.at[i] < to && rows.at[i] <= as_of && rows.recorded_at[i] <= as_of &&
           wanted[rows.type[i]] && !reader.excluded(rows.unit[i]) && (!units || (*units)[rows.unit[i]]);
  }
  const Reader::State& reader;
  Micros from, to, as_of;
  bool keys;
  std::shared_ptr<const UnitSelection> units;
  std::optional<StorePosition> since;
  bool only_new;
  bool all_types = false;
  static constexpr std::size_t kTogether = 1'024;
  std::vector<std::size_t> chosen_until;  // by kTogether units
  std::vector<bool> wanted;
  std::vector<std::optional<std::uint32_t>> properties;
  std::vector<std::uint32_t> known;
};

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
};

/// Reads blocks and appends the rows that pass.
class BlockSource {
 public:
  BlockSource(const Reader::State& state, const ScanFilter& filter, std::unique_ptr<Snapshot> snapshot)
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
    mark_new(entry, start, rows, to);
    const std::size_t begin = entry.first_unit >= first ? start : position(first);
    const std::size_t end = entry.last_unit < last ? start + rows : position(last);
    if (begin == start && all) {
      to.size = end;
      return;
    }
    for (std::size_t i = begin; i < end; ++i)
      if (all || (keeps(to, i) && state_.canonical(to.unit[i]) == to.unit[i])) to.copy(to.size++, to, i);
  }

  /// Rows in order of arrival, each under the unit it is linked to; of a compacted block only linked ones.
  void append_loose(const BlockEntry& entry, Gathered& to) {
    const std::size_t start = to.size;
    const std::size_t rows = decode(entry, true, to);
    mark_new(entry, start, rows, to);
    for (std::size_t i = start; i < start + rows; ++i) {
      if (!keeps(to, i)) continue;
      const UnitIndex canonical = state_.canonical(to.unit[i]);
      if (!entry.open() && canonical == to.unit[i]) continue;
      to.unit[i] = canonical;
      to.copy(to.size++, to, i);
    }
  }

 private:
  /// Decodes the block's rows behind the last row, only those of chosen units where some were chosen; their
  /// number.
  std::size_t decode(const BlockEntry& entry, bool recorded_at, Gathered& to) {
    std::size_t rows = 0;
    const std::size_t start = to.size;
    snapshot_->read_hot(entry.block, [&](std::string_view blob) {
      rows = rows_of(blob);
      cold_.unit.resize(rows);  // its number of rows, for the check of lengths
      to.reserve(start + rows);
      const EventColumnsOut out{.unit = to.unit.data() + start,
                                .type = to.type.data() + start,
                                .at = to.at.data() + start,
                                .recorded_at = to.recorded_at.data() + start,
                                .value = to.value.data() + start,
                                .timing = to.timing.data() + start,
                                .recorded_at_wanted = recorded_at || to.recorded};
      if (filter_.units == nullptr) return decode_events(blob, out);
      decode_some_events(blob, *filter_.units, chosen_, out);
      rows = chosen_.size();
    });
    if (!filter_.properties.empty() && rows > 0) decode_properties_of(entry, start, rows, to);
    if (filter_.keys && rows > 0) decode_keys_of(entry, start, rows, to);
    return rows;
  }

  /// The place in the block of the i-th decoded row.
  std::size_t row(std::size_t i) const { return filter_.units == nullptr ? i : chosen_[i]; }

  void mark_new(const BlockEntry& entry, std::size_t start, std::size_t rows, Gathered& to) const {
    if (!filter_.since) return;
    const Micros seen_until = filter_.seen_until(entry);
    for (std::size_t i = start; i < start + rows; ++i)
      if (to.at[i] > seen_until) to.timing[i] |= kNew;
  }

  bool keeps(const Gathered& rows, std::size_t i) const {
    return filter_.keeps(rows, i) && !(filter_.only_new && (rows.timing[i] & kNew) == 0);
  }

  void decode_properties_of(const BlockEntry& entry, std::size_t start, std::size_t rows, Gathered& to) {
    if (!filter_.known.empty()) snapshot_->read_properties(entry.block, filter_.known, cold_);
    for (std::size_t p = 0; p < filter_.properties.size(); ++p) {
      const auto begin = to.properties[p].begin() + static_cast<std::ptrdiff_t>(start);
      if (filter_.properties[p]) {
        resolve_property(state_, cold_, *filter_.properties[p], codes_);
        for (std::size_t i = 0; i < rows; ++i) begin[static_cast<std::ptrdiff_t>(i)] = codes_[row(i)];
      } else {
        std::fill_n(begin, rows, 0);
      }
    }
  }

  void decode_keys_of(const BlockEntry& entry, std::size_t start, std::size_t rows, Gathered& to) {
    snapshot_->read_detail(entry.block, cold_);
    for (std::size_t i = 0; i < rows; ++i) {
      to.key[start + i] = state_.secret.key(KeySpace::event, cold_.id[row(i)]);
      const std::string_view reference = cold_.reference[row(i)];
      to.reference[start + i] = reference.empty() ? Key{} : state_.secret.key(KeySpace::event, reference);
    }
  }

  const Reader::State& state_;
  const ScanFilter& filter_;
  std::unique_ptr<Snapshot> snapshot_;
  BlockRows cold_;
  std::vector<ValueCode> codes_;
  std::vector<std::uint32_t> chosen_;  // rows of the block last decoded
};

}  // namespace liftmark
