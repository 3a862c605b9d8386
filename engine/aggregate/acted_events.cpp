#include "engine/aggregate/acted_events.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <numeric>

#include "engine/record/unit_order.hpp"

namespace liftmark {
namespace {

// An event: a head, then what its bits say. Times are distances from the event before, the first one's from
// the first exposure. A piece begins with kPiece, which no head is.
constexpr char kPiece = 0;
enum Head : std::uint8_t {
  kEvent = 1,
  kTimed = 2,    ///< a byte of timing follows
  kScaleAt = 2,  ///< two bits: the time's unit
  kValueAt = 4,  ///< two bits: 0 none, 1 hundredths, 2 millionths
  kTypeAt = 6,   ///< the rest, as many bytes as it takes
};
constexpr std::array<Micros, 3> kTimeUnits{1, 1'000, 1'000'000};
constexpr Millionths kHundredth = 10'000;

void put_number(std::uint64_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

std::uint64_t take_number(const char*& from) {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(*from++);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
}

std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ (0 - (value & 1)));
}

void put_key(const Key& key, std::string& out) {
  out.append(reinterpret_cast<const char*>(&key), sizeof key);
}
Key take_key(const char*& from) {
  Key key;
  std::memcpy(&key, from, sizeof key);
  from += sizeof key;
  return key;
}

/// Layers that lie above one another before they become one, and their share of all bytes.
constexpr std::size_t kMostLayers = 16, kLargestShare = 8;

}  // namespace

void EventColumns::clear() {
  at.clear();
  timing.clear();
  type.clear();
  value.clear();
  for (auto& column : properties) column.clear();
  key.clear();
  reference.clear();
}

void EventColumns::append(const EventSlice& slice, std::uint32_t row) {
  at.push_back(slice.at[row]);
  timing.push_back(slice.timing[row]);
  type.push_back(slice.type[row]);
  value.push_back(slice.value[row]);
  for (std::size_t p = 0; p < properties.size(); ++p) properties[p].push_back(slice.properties[p][row]);
  if (!keys) return;
  key.push_back(slice.key[row]);
  reference.push_back(slice.reference[row]);
}

void EventColumns::sort_from(std::size_t begin) {
  const auto before = [this](std::size_t a, std::size_t b) { return precedes(*this, a, b, keys); };
  bool sorted = true;
  for (std::size_t i = begin + 1; i < size() && sorted; ++i) sorted = !before(i, i - 1);
  if (sorted) return;
  std::vector<std::size_t> order(size() - begin);
  std::iota(order.begin(), order.end(), begin);
  std::stable_sort(order.begin(), order.end(), before);
  const auto arrange = [&](auto& column) {
    if (column.empty()) return;
    const auto from = column.begin() + static_cast<std::ptrdiff_t>(begin);
    const std::vector moved(from, column.end());
    for (std::size_t i = 0; i < order.size(); ++i) column[begin + i] = moved[order[i] - begin];
  };
  arrange(at);
  arrange(timing);
  arrange(type);
  arrange(value);
  for (auto& column : properties) arrange(column);
  arrange(key);
  arrange(reference);
}

EventSlice EventColumns::slice(UnitIndex first, UnitIndex last,
                               std::span<const std::uint32_t> offsets) const {
  EventSlice slice;
  slice.first_unit = first;
  slice.last_unit = last;
  slice.offsets = offsets;
  slice.at = at;
  slice.timing = timing;
  slice.type = type;
  slice.value = value;
  slice.properties.assign(properties.begin(), properties.end());
  slice.key = key;
  slice.reference = reference;
  return slice;
}

void EventLayer::begin_unit(UnitIndex unit, Micros first_at, bool replaces) {
  units_.push_back(unit);
  replaces_.push_back(replaces ? 1 : 0);
  bytes_.push_back(kPiece);
  before_ = first_at;
  whole_ = true;
}

void EventLayer::add(const EventSlice& slice, std::uint32_t row) {
  const std::int64_t distance = slice.at[row] - before_;
  before_ = slice.at[row];
  const unsigned scale = distance % kTimeUnits[2] == 0 ? 2 : distance % kTimeUnits[1] == 0 ? 1 : 0;
  const Millionths amount = slice.value[row];
  const unsigned kind = amount == 0 ? 0 : amount % kHundredth == 0 ? 1 : 2;
  const std::uint8_t timing = slice.timing[row] & ~kNew;
  put_number(std::uint64_t{slice.type[row]} << kTypeAt | kind << kValueAt | scale << kScaleAt |
                 (timing != 0 ? unsigned{kTimed} : 0u) | kEvent,
             bytes_);
  if (timing != 0) bytes_.push_back(static_cast<char>(timing));
  put_number(zigzag(distance / kTimeUnits[scale]), bytes_);
  if (kind != 0) put_number(zigzag(kind == 1 ? amount / kHundredth : amount), bytes_);
  for (const auto& column : slice.properties) {
    whole_ = whole_ && column[row] < kFirstInlineCode;
    put_number(column[row], bytes_);
  }
  if (slice.key.empty()) return;
  put_key(slice.key[row], bytes_);
  const bool refers = slice.reference[row] != Key{};
  bytes_.push_back(refers ? 1 : 0);
  if (refers) put_key(slice.reference[row], bytes_);
}

void EventLayer::end_unit() {
  if (!whole_) {  // an empty piece, which says that the unit is not known
    bytes_.resize(begin_of(units_.size() - 1));
    replaces_.back() = 1;
  }
  end_.push_back(static_cast<std::uint32_t>(bytes_.size()));
}

std::size_t EventLayer::bytes() const noexcept {
  return bytes_.capacity() + units_.size() * (sizeof(UnitIndex) + sizeof(std::uint32_t) + sizeof(char));
}

void EventLayer::append(const EventLayer& other) {
  units_.insert(units_.end(), other.units_.begin(), other.units_.end());
  replaces_.insert(replaces_.end(), other.replaces_.begin(), other.replaces_.end());
  for (const std::uint32_t end : other.end_) end_.push_back(static_cast<std::uint32_t>(bytes_.size()) + end);
  bytes_ += other.bytes_;
}

void EventLayer::take(const EventLayer& other, std::size_t place, bool replaces) {
  const UnitIndex unit = other.units_[place];
  if (units_.empty() || units_.back() != unit) {
    units_.push_back(unit);
    end_.push_back(static_cast<std::uint32_t>(bytes_.size()));
    replaces_.push_back(1);
  }
  if (replaces) bytes_.resize(begin_of(units_.size() - 1));
  bytes_.append(other.bytes_, other.begin_of(place), other.end_[place] - other.begin_of(place));
  end_.back() = static_cast<std::uint32_t>(bytes_.size());
}

ActedEvents::ActedEvents(std::vector<EventLayer> bottom) : bottom_(std::move(bottom)) {
  std::erase_if(bottom_, [](const EventLayer& layer) { return layer.empty(); });
  for (EventLayer& layer : bottom_) layer.bytes_.shrink_to_fit();
}

void ActedEvents::add(const std::vector<EventLayer>& parts) {
  EventLayer layer;
  for (const EventLayer& part : parts) layer.append(part);
  if (layer.empty()) return;
  later_.push_back(std::move(layer));
  std::size_t later = 0, all = bytes();
  for (const EventLayer& one : later_) later += one.bytes();
  if (later_.size() > kMostLayers || later > all / kLargestShare) settle();
}

std::size_t ActedEvents::bytes() const noexcept {
  std::size_t bytes = 0;
  for (const EventLayer& layer : bottom_) bytes += layer.bytes();
  for (const EventLayer& layer : later_) bytes += layer.bytes();
  return bytes;
}

/// Part by part, so that little is held twice.
void ActedEvents::settle() {
  if (bottom_.empty()) bottom_.emplace_back();
  std::vector<std::size_t> next(later_.size(), 0);
  for (std::size_t part = 0; part < bottom_.size(); ++part) {
    const EventLayer& old = bottom_[part];
    const std::uint64_t until = part + 1 < bottom_.size() ? std::uint64_t{bottom_[part + 1].units_.front()}
                                                          : std::numeric_limits<std::uint64_t>::max();
    EventLayer merged;
    std::size_t place = 0;
    for (;;) {
      std::uint64_t unit = place < old.units_.size() ? std::uint64_t{old.units_[place]} : until;
      for (std::size_t i = 0; i < later_.size(); ++i)
        if (next[i] < later_[i].units_.size())
          unit = std::min<std::uint64_t>(unit, later_[i].units_[next[i]]);
      if (unit >= until) break;
      if (place < old.units_.size() && old.units_[place] == unit) merged.take(old, place++, true);
      for (std::size_t i = 0; i < later_.size(); ++i)
        if (next[i] < later_[i].units_.size() && later_[i].units_[next[i]] == unit) {
          merged.take(later_[i], next[i], later_[i].replaces_[next[i]] != 0);
          ++next[i];
        }
    }
    merged.bytes_.shrink_to_fit();
    bottom_[part] = std::move(merged);
  }
  later_.clear();
}

ActedEvents::Search::Search(const ActedEvents& events) : events_(events) {
  for (const EventLayer& layer : events.later_) later_.push_back({&layer, 0});
}

bool ActedEvents::Search::seek(Place& place, UnitIndex unit) {
  const std::vector<UnitIndex>& units = place.layer->units_;
  const auto from = units.begin() + static_cast<std::ptrdiff_t>(place.next);
  if (from == units.end()) return false;
  if (*from < unit) {
    // Units are ascending without repetition: it lies at most as many places ahead as its index is larger.
    const auto ahead = std::min<std::ptrdiff_t>(units.end() - from, std::ptrdiff_t{unit} - *from + 1);
    place.next = static_cast<std::size_t>(std::lower_bound(from, from + ahead, unit) - units.begin());
  }
  return place.next < units.size() && units[place.next] == unit;
}

bool ActedEvents::Search::find(UnitIndex unit) {
  found_.clear();
  const auto& parts = events_.bottom_;
  while (part_ < parts.size() && parts[part_].units_.back() < unit) ++part_;
  if (part_ < parts.size()) {
    if (bottom_.layer != &parts[part_]) bottom_ = {&parts[part_], 0};
    if (seek(bottom_, unit)) found_.push_back({bottom_.layer, bottom_.next});
  }
  for (Place& place : later_) {
    if (!seek(place, unit)) continue;
    if (place.layer->replaces_[place.next] != 0) found_.clear();
    found_.push_back({place.layer, place.next});
  }
  return !found_.empty() && std::all_of(found_.begin(), found_.end(), [](const auto& piece) {
    return piece.first->end_[piece.second] > piece.first->begin_of(piece.second);
  });
}

void ActedEvents::Search::unpack(Micros first_at, EventColumns& to) const {
  for (const auto& [layer, place] : found_) {
    const char* from = layer->bytes_.data() + layer->begin_of(place);
    const char* const end = layer->bytes_.data() + layer->end_[place];
    for (Micros at = first_at; from < end;) {
      if (*from == kPiece) {
        ++from;
        at = first_at;
        continue;
      }
      const std::uint64_t head = take_number(from);
      to.timing.push_back((head & kTimed) != 0 ? static_cast<std::uint8_t>(*from++) : 0);
      at += unzigzag(take_number(from)) * kTimeUnits[head >> kScaleAt & 3];
      to.at.push_back(at);
      to.type.push_back(static_cast<std::uint32_t>(head >> kTypeAt));
      const std::uint64_t kind = head >> kValueAt & 3;
      to.value.push_back(kind == 0 ? 0 : unzigzag(take_number(from)) * (kind == 1 ? kHundredth : 1));
      for (auto& column : to.properties) column.push_back(static_cast<ValueCode>(take_number(from)));
      if (!to.keys) continue;
      to.key.push_back(take_key(from));
      to.reference.push_back(*from++ != 0 ? take_key(from) : Key{});
    }
  }
}

}  // namespace liftmark
