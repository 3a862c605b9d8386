#pragma once
// What each source delivered of each hour of event time: gaps, late arrivals and clocks that run ahead are
// seen here without reading the rows again. Counted at the door; holds no identity.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/record/event.hpp"

namespace liftmark {

class Database;

inline constexpr Micros kMicrosPerHour = 3600 * kMicrosPerSecond;

/// New rows, events and exposures, that happened in one hour.
struct Delivery {
  std::int64_t hour = 0;  ///< since 1970, UTC
  std::int64_t rows = 0;
  std::int64_t late_hour = 0, late_day = 0, late_week = 0;  ///< recorded more than that after it happened
  std::int64_t future = 0;                                  ///< dated after it was recorded
  Micros largest_lead = 0;                                  ///< of those, how far
};

struct SourceDeliveries {
  std::string source;
  std::vector<Delivery> hours;  ///< ascending; hours without rows are left out
};

/// By source in order of name, as counted by `as_of`. Throws Error(storage) when the store cannot be read.
std::vector<SourceDeliveries> read_deliveries(const std::filesystem::path& store, Micros as_of);

/// The hour of a moment, also before 1970.
inline std::int64_t hour_of(Micros at) noexcept {
  return at / kMicrosPerHour - (at % kMicrosPerHour < 0 ? 1 : 0);
}

/// Counts a row recorded `delay` after it happened.
inline void count_row(Delivery& delivery, Micros delay) noexcept {
  ++delivery.rows;
  delivery.late_hour += delay > kMicrosPerHour;
  delivery.late_day += delay > kMicrosPerDay;
  delivery.late_week += delay > 7 * kMicrosPerDay;
  delivery.future += delay < 0;
  if (-delay > delivery.largest_lead) delivery.largest_lead = -delay;
}

/// Deliveries not yet written, by code of the source. Internal to engine/record.
class DeliveryTally {
 public:
  DeliveryTally() = default;
  /// Stays where it is until clear().
  Delivery& of(std::uint32_t source, std::int64_t hour) { return hours_[{source, hour}]; }
  void clear();
  /// Adds them to the store's, counted from `stamp` on; inside a transaction.
  void write(Database& database, Micros stamp) const;

 private:
  using Place = std::pair<std::uint32_t, std::int64_t>;
  std::map<Place, Delivery> hours_;
};

/// The table; part of the schema since version 2.
inline constexpr const char* kDeliveryTable =
    "CREATE TABLE delivery(seq INTEGER PRIMARY KEY, recorded_at INTEGER NOT NULL, source INTEGER NOT NULL, "
    "hour INTEGER NOT NULL, rows INTEGER NOT NULL, late_hour INTEGER NOT NULL, late_day INTEGER NOT NULL, "
    "late_week INTEGER NOT NULL, future INTEGER NOT NULL, lead INTEGER NOT NULL);";
/// Makes the table and counts the rows that are there; inside a transaction.
void add_deliveries(Database& database);

}  // namespace liftmark
