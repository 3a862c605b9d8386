#include "engine/record/dictionary.hpp"

#include <xxhash.h>

#include <stdexcept>

namespace liftmark {

std::size_t Dictionary::Hash::operator()(const Name& name) const noexcept {
  const std::uint64_t seed = (static_cast<std::uint64_t>(name.kind) << 56) ^
                             (static_cast<std::uint64_t>(name.parent) << 20) ^
                             static_cast<std::uint32_t>(name.number);
  return XXH3_64bits_withSeed(name.text.data(), name.text.size(), seed);
}

void Dictionary::load(Database& database) {
  *this = Dictionary();
  Statement names(database, "SELECT kind, code, parent, number, text FROM name ORDER BY kind, code");
  while (names.step()) {
    const auto code =
        add({static_cast<NameKind>(names.integer(0)), static_cast<std::uint32_t>(names.integer(2)),
             static_cast<std::int32_t>(names.integer(3)), names.text(4)});
    if (code != static_cast<std::uint32_t>(names.integer(1))) database.fail(11);  // SQLITE_CORRUPT
  }
  new_.clear();
}

std::uint32_t Dictionary::add(const Name& name) {
  auto& names = names_[static_cast<std::size_t>(name.kind)];
  if (name.kind == NameKind::value && names.empty()) names.emplace_back();  // code 0 says "absent"
  const auto code = static_cast<std::uint32_t>(names.size());
  Name kept = name;
  kept.text = texts_.emplace_back(name.text);
  names.push_back(kept);
  codes_.emplace(kept, code);
  if (name.kind == NameKind::value) {
    if (values_of_key_.size() <= name.parent) values_of_key_.resize(name.parent + 1, 0);
    ++values_of_key_[name.parent];
  }
  new_.emplace_back(name.kind, code);
  return code;
}

std::uint32_t Dictionary::intern(const Name& name) {
  const auto found = codes_.find(name);
  return found == codes_.end() ? add(name) : found->second;
}

std::optional<std::uint32_t> Dictionary::find(const Name& name) const {
  const auto found = codes_.find(name);
  if (found == codes_.end()) return std::nullopt;
  return found->second;
}

std::optional<std::uint32_t> Dictionary::intern_value(std::uint32_t key, std::string_view text) {
  const Name name{NameKind::value, key, 0, text};
  if (const auto found = codes_.find(name); found != codes_.end()) return found->second;
  if (key < values_of_key_.size() && values_of_key_[key] >= kMaxInternedValues) return std::nullopt;
  return add(name);
}

const Name& Dictionary::name(NameKind kind, std::uint32_t code) const {
  const auto& names = names_[static_cast<std::size_t>(kind)];
  if (code >= names.size()) throw std::logic_error("a name code that was never given");
  return names[code];
}

std::size_t Dictionary::size(NameKind kind) const {
  return names_[static_cast<std::size_t>(kind)].size();
}

void Dictionary::write_new(Database& database) {
  if (new_.empty()) return;
  Statement insert(database, "INSERT INTO name VALUES(?1, ?2, ?3, ?4, ?5)");
  for (const auto& [kind, code] : new_) {
    const Name& added = name(kind, code);
    insert.bind(1, static_cast<int>(kind)).bind(2, code).bind(3, added.parent).bind(4, added.number);
    insert.bind_text(5, added.text).run();
  }
  new_.clear();
}

UnitIndex UnitMap::find(const Key& key) const noexcept {
  const auto high = static_cast<std::uint32_t>(key.high);
  for (std::size_t i = place(key.low);; i = (i + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[i];
    if (slot.unit == kNone) return kNone;
    if (slot.low == key.low && slot.high == high) return slot.unit;
  }
}

void UnitMap::insert(const Key& key, UnitIndex unit) {
  if ((size_ + 1) * 10 > slots_.size() * 7) grow();
  std::size_t i = place(key.low);
  while (slots_[i].unit != kNone) i = (i + 1) & (slots_.size() - 1);
  slots_[i] = {key.low, static_cast<std::uint32_t>(key.high), unit};
  ++size_;
}

void UnitMap::remove(const Key& key) noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = place(key.low);
  while (slots_[i].unit != kNone &&
         !(slots_[i].low == key.low && slots_[i].high == static_cast<std::uint32_t>(key.high)))
    i = (i + 1) & mask;
  if (slots_[i].unit == kNone) return;
  --size_;
  // Close the gap: move back every later slot of the chain that may stand here.
  for (std::size_t j = (i + 1) & mask; slots_[j].unit != kNone; j = (j + 1) & mask) {
    const std::size_t home = place(slots_[j].low);
    if (((j - home) & mask) >= ((j - i) & mask)) {
      slots_[i] = slots_[j];
      i = j;
    }
  }
  slots_[i] = Slot{};
}

void UnitMap::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.unit == kNone) continue;
    std::size_t i = place(slot.low);
    while (slots_[i].unit != kNone) i = (i + 1) & (slots_.size() - 1);
    slots_[i] = slot;
  }
}

}  // namespace liftmark
