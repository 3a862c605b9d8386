#pragma once
// What the sources of a store delivered hour by hour, read for trouble: silence, late arrivals, clocks ahead.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/record/deliveries.hpp"

namespace liftmark {

/// Hours since 1970, UTC, both inclusive.
struct HourRange {
  std::int64_t first = 0, last = -1;
};

/// Hours in a row without anything from a source that usually has something then.
struct SourceGap {
  std::string source;
  std::int64_t first_hour = 0, hours = 0;
};
/// An empty hour is a gap when the source had at least 20 rows on average at that hour of the week in the
/// eight weeks before and after, or, in its first week, at that hour of the day: at 20 a silent hour by
/// chance has a probability of e^-20. Only from its first to its last row, and for 24 hours after that when
/// it delivers as things happen; a file that was imported has its end.
std::vector<SourceGap> source_gaps(const std::vector<SourceDeliveries>& sources, HourRange range);

struct SourceClock {
  std::string source;
  std::int64_t rows = 0, future = 0;
  double largest_lead_seconds = 0.0;
};
/// Sources with rows dated after they were recorded, the largest share of them first.
std::vector<SourceClock> clocks_ahead(const std::vector<SourceDeliveries>& sources, HourRange range);

/// All sources together, by how much later than they happened rows were recorded.
struct Lateness {
  std::int64_t rows = 0, hour = 0, day = 0, week = 0;
};
Lateness lateness(const std::vector<SourceDeliveries>& sources, HourRange range);

}  // namespace liftmark
