#pragma once
// What is recorded: exposures and events, as views of the caller's bytes, and the types both sides of the
// store share.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace liftmark {

/// Microseconds since the Unix epoch, UTC.
using Micros = std::int64_t;
/// A decimal with 6 places as an integer: 12.34 is 12'340'000. See engine/record/decimal.hpp.
using Millionths = std::int64_t;
/// A unit inside one store, in order of first sight, dense from 0. Never reused, not even after an erasure.
using UnitIndex = std::uint32_t;

inline constexpr Micros kMicrosPerSecond = 1'000'000;
inline constexpr Micros kMicrosPerDay = 86'400 * kMicrosPerSecond;

/// How an event's recording lies to its own time: bits, 0 when prompt.
enum Timing : std::uint8_t {
  kLate = 1,    ///< recorded more than kLateAfter after it happened
  kFuture = 2,  ///< dated after it was recorded
};
inline constexpr Micros kLateAfter = kMicrosPerDay;

/// One attribute or property: both texts are UTF-8. Numbers and booleans are kept as written.
struct Property {
  std::string_view key;
  std::string_view value;
};

/// A unit was given an arm of an experiment. Views must outlive the call they are passed to.
struct Exposure {
  std::string_view id;  ///< empty: made from the source and the content
  std::string_view experiment;
  int epoch = 1;
  std::string_view unit;
  std::string_view arm;
  Micros at = 0;
  std::optional<Micros> recorded_at;  ///< unset: the moment of the commit
  std::span<const Property> attributes;
  std::optional<double> propensity;  ///< in (0, 1]
  bool fallback = false;             ///< the default arm was given because assignment failed
  bool arrival_time = false;         ///< `at` was set by the server on arrival and is no part of the content
};

/// Something a unit did. A refund is an event with a negative value that references its order's id.
/// Views must outlive the call they are passed to.
struct Event {
  std::string_view id;  ///< empty: made from the source and the content
  std::string_view unit;
  std::string_view type;
  Micros at = 0;
  std::optional<Micros> recorded_at;  ///< unset: the moment of the commit
  Millionths value = 0;
  std::string_view reference;  ///< the id of another event, or empty
  std::span<const Property> properties;
  bool arrival_time = false;  ///< `at` was set by the server on arrival and is no part of the content
};

/// XXH3-128 of an id under the store's secret: the identity of an event or exposure.
struct Key {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(const Key&, const Key&) = default;
  friend auto operator<=>(const Key&, const Key&) = default;
};

}  // namespace liftmark
