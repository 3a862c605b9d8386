#pragma once
// Interned texts and units of one store, held in memory by the writer and written with the rows that need
// them.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/record/database.hpp"
#include "engine/record/event.hpp"
#include "engine/record/hashing.hpp"

namespace liftmark {

enum class NameKind : std::uint8_t { type = 1, source = 2, key = 3, value = 4, experiment = 5, arm = 6 };

/// A text that has a code. `parent`: the key of a value, the experiment of an arm. `number`: the epoch of an
/// arm.
struct Name {
  NameKind kind = NameKind::type;
  std::uint32_t parent = 0;
  std::int32_t number = 0;
  std::string_view text;
};

/// A key has at most this many interned values; further ones stand inline.
inline constexpr std::size_t kMaxInternedValues = 10'000;

class Dictionary {
 public:
  void load(Database& database);
  /// The code of the name, dense per kind from 0 (values from 1), made when new.
  std::uint32_t intern(const Name& name);
  std::optional<std::uint32_t> find(const Name& name) const;
  /// As intern for a value; nothing when its key has too many values already.
  std::optional<std::uint32_t> intern_value(std::uint32_t key, std::string_view text);
  const Name& name(NameKind kind, std::uint32_t code) const;
  std::size_t size(NameKind kind) const;
  /// Inserts what is new since the last call; to be called inside the transaction of the rows.
  void write_new(Database& database);
  bool has_new() const noexcept { return !new_.empty(); }

 private:
  struct Hash {
    std::size_t operator()(const Name& name) const noexcept;
  };
  struct Equal {
    bool operator()(const Name& a, const Name& b) const noexcept {
      return a.kind == b.kind && a.parent == b.parent && a.number == b.number && a.text == b.text;
    }
  };
  std::uint32_t add(const Name& name);
  std::deque<std::string> texts_;
  std::vector<Name> names_[7];
  std::vector<std::uint32_t> values_of_key_;
  std::unordered_map<Name, std::uint32_t, Hash, Equal> codes_;
  std::vector<std::pair<NameKind, std::uint32_t>> new_;
};

/// Unit keys to dense indices: 16 bytes a slot, open addressing. Holds no unit text.
class UnitMap {
 public:
  static constexpr UnitIndex kNone = 0xFFFF'FFFF;
  UnitMap() : slots_(1024) {}
  UnitIndex find(const Key& key) const noexcept;
  /// `key` must be new.
  void insert(const Key& key, UnitIndex unit);
  void remove(const Key& key) noexcept;
  std::size_t size() const noexcept { return size_; }

 private:
  struct Slot {
    std::uint64_t low = 0;
    std::uint32_t high = 0;
    UnitIndex unit = kNone;
  };
  std::size_t place(std::uint64_t low) const noexcept { return low & (slots_.size() - 1); }
  void grow();
  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace liftmark
