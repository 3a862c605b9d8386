#pragma once
// What a producer hands to the recorder: many events and exposures in one arena, checked and hashed by the
// producer's own thread so that the one writer has little left to do.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/record/event.hpp"
#include "engine/record/unit_key.hpp"

namespace liftmark {

/// Why a row was not recorded. Names (docs/store.md) are part of the interface.
enum class Rejection : std::uint8_t {
  none,
  missing_unit,
  missing_type,
  missing_experiment,
  missing_arm,
  too_long,  ///< a text over kMaxTextBytes, or over 64 properties
  invalid_utf8,
  time_out_of_range,  ///< outside [now - 400 days, now + 10 minutes] unless widened
  past_retention,
  invalid_propensity,
  invalid_epoch,
  no_consent,
  erased,  ///< the unit was erased; kept as a keyed hash only to say so
};
std::string_view name(Rejection reason) noexcept;

inline constexpr std::size_t kMaxTextBytes = 1024;
inline constexpr std::size_t kMaxProperties = 64;

/// One outcome per row, in the order of adding.
enum class Outcome : std::uint8_t { accepted, duplicate, conflict, repeat, rejected };

/// What became of a batch once it is on disk.
struct Ack {
  std::int64_t accepted = 0;   ///< new
  std::int64_t duplicate = 0;  ///< id known, same content
  std::int64_t conflict = 0;   ///< id known, other content; the first is kept
  std::int64_t repeat =
      0;  ///< exposures that do not lower the earliest of their (experiment, epoch, unit, arm)
  std::int64_t rejected = 0;
  std::vector<Outcome> outcomes;      ///< per row
  std::vector<Rejection> rejections;  ///< per row; `none` unless rejected
  Micros recorded_at = 0;
  bool durable = true;  ///< false when the store runs with synchronous NORMAL
};

/// What hashes the ids of units before anything else sees them, and what stays of the raw ones.
struct HashingDoor {
  UnitKey key;
  /// Of experiments that use liftmark-1: the key of their salt, under which an id's bucket is drawn.
  std::map<std::string, std::uint64_t, std::less<>> arm_keys;
};

/// Rows to record together. Not thread-safe; reuse after clear() to keep its memory.
class Batch {
 public:
  /// `source` names who sends (a service, a file); ids made for rows without one depend on it.
  explicit Batch(std::string_view source = "api") : source_(source) {}

  /// Copies the row. `distinction` tells rows of equal content without id apart: the n-th such row of a
  /// request, or a hash of a file's row as it stands there and of its occurrence.
  void add(const Event& event, std::uint64_t distinction = 0);
  void add(const Exposure& exposure, std::uint64_t distinction = 0);
  /// Makes of the rows what is recorded of them; once, when all are added. With a door their units' ids
  /// become keyed hashes, and whatever is derived from an id (content hashes, ids made for rows without one)
  /// is derived from the hash. An exposure keeps its bucket as its reference; see bucket_reference().
  void seal(const HashingDoor* door = nullptr);
  void clear();
  std::size_t size() const noexcept { return rows_.size(); }
  bool empty() const noexcept { return rows_.empty(); }
  std::size_t bytes() const noexcept { return text_.size() + rows_.size() * sizeof(Row); }
  const std::string& source() const noexcept { return source_; }

  /// Events older than this before the commit are rejected; unset: the recorder's own rule. Survives clear().
  void set_oldest(std::optional<Micros> age) noexcept { oldest_ = age; }
  std::optional<Micros> oldest() const noexcept { return oldest_; }

  struct Text {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
  };
  struct Row {
    bool exposure = false;
    bool fallback = false;
    bool arrival_time = false;  ///< `at` is no part of the content
    Rejection rejection = Rejection::none;
    std::uint16_t properties = 0;  ///< pairs of Text from `first_property`
    std::uint32_t first_property = 0;
    std::int32_t epoch = 1;
    Text id, unit, type_or_arm, experiment, reference;
    Micros at = 0;
    Micros recorded_at = 0;  ///< kUnset: the commit's
    Millionths value = 0;    ///< exposures: the bits of the propensity, 0 when unset
    std::uint64_t distinction = 0;
    std::uint64_t content = 0;  ///< known once sealed
  };
  static constexpr Micros kUnset = INT64_MIN;
  const std::vector<Row>& rows() const noexcept { return rows_; }
  std::string_view text(Text text) const noexcept { return {text_.data() + text.offset, text.size}; }
  std::string_view property(std::uint32_t index) const noexcept { return text(properties_[index]); }

 private:
  Text copy(std::string_view text);
  void add_properties(std::span<const Property> properties, Row& row);
  void hash_unit(const HashingDoor& door, Row& row);
  std::uint64_t content_of(const Row& row) const;
  std::string made_id(const Row& row, const HashingDoor* door) const;
  std::string source_;
  std::optional<Micros> oldest_;
  std::string text_;
  std::vector<Row> rows_;
  std::vector<Text> properties_;
};

/// The bucket of an exposed unit under the key of a salt, as 32 hexadecimal digits: the bucket, then the key,
/// so that a bucket is never read under another salt.
std::string bucket_reference(std::string_view unit, std::uint64_t arm_key);

}  // namespace liftmark
