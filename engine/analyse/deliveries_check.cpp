#include "engine/analyse/deliveries_check.hpp"

#include <algorithm>

namespace liftmark {
namespace {

constexpr double kUsualRows = 20;
constexpr std::int64_t kDay = 24, kWeek = 7 * kDay;
constexpr std::int64_t kAround = 8;  // weeks, or days, to each side
constexpr std::int64_t kTrailing = 24;

std::int64_t rows_at(const SourceDeliveries& source, std::int64_t hour) {
  const auto found = std::lower_bound(source.hours.begin(), source.hours.end(), hour,
                                      [](const Delivery& d, std::int64_t h) { return d.hour < h; });
  return found == source.hours.end() || found->hour != hour ? 0 : found->rows;
}

/// Mean rows of the source at the same hour of other weeks, else days, of its life; 0 when it has none.
double usual_rows(const SourceDeliveries& source, std::int64_t hour) {
  const std::int64_t first = source.hours.front().hour, last = source.hours.back().hour;
  for (const std::int64_t step : {kWeek, kDay}) {
    std::int64_t rows = 0, hours = 0;
    for (std::int64_t k = -kAround; k <= kAround; ++k) {
      const std::int64_t other = hour + k * step;
      if (k == 0 || other < first || other > last) continue;
      rows += rows_at(source, other);
      ++hours;
    }
    if (hours > 0) return static_cast<double>(rows) / static_cast<double>(hours);
  }
  return 0.0;
}

/// Whether rows come as things happen, rather than from a file of the past.
bool delivers_promptly(const SourceDeliveries& source) {
  std::int64_t rows = 0, late = 0;
  for (const Delivery& delivery : source.hours) {
    rows += delivery.rows;
    late += delivery.late_hour;
  }
  return 2 * late <= rows;
}

void add_gaps(const SourceDeliveries& source, HourRange range, std::vector<SourceGap>& gaps) {
  if (source.hours.empty()) return;
  const std::int64_t end = source.hours.back().hour + (delivers_promptly(source) ? kTrailing : 0);
  const std::int64_t first = std::max(range.first, source.hours.front().hour);
  const std::int64_t last = std::min(range.last, end);
  for (std::int64_t hour = first; hour <= last; ++hour) {
    if (rows_at(source, hour) > 0 || usual_rows(source, hour) < kUsualRows) continue;
    const bool joins = !gaps.empty() && gaps.back().source == source.source &&
                       gaps.back().first_hour + gaps.back().hours == hour;
    if (joins)
      ++gaps.back().hours;
    else
      gaps.push_back({source.source, hour, 1});
  }
}

template <class Use>
void each_delivery(const SourceDeliveries& source, HourRange range, Use use) {
  for (const Delivery& delivery : source.hours)
    if (delivery.hour >= range.first && delivery.hour <= range.last) use(delivery);
}

}  // namespace

std::vector<SourceGap> source_gaps(const std::vector<SourceDeliveries>& sources, HourRange range) {
  std::vector<SourceGap> gaps;
  for (const SourceDeliveries& source : sources) add_gaps(source, range, gaps);
  return gaps;
}

std::vector<SourceClock> clocks_ahead(const std::vector<SourceDeliveries>& sources, HourRange range) {
  std::vector<SourceClock> clocks;
  for (const SourceDeliveries& source : sources) {
    SourceClock clock{source.source, 0, 0, 0.0};
    each_delivery(source, range, [&](const Delivery& delivery) {
      clock.rows += delivery.rows;
      clock.future += delivery.future;
      clock.largest_lead_seconds =
          std::max(clock.largest_lead_seconds,
                   static_cast<double>(delivery.largest_lead) / static_cast<double>(kMicrosPerSecond));
    });
    if (clock.future > 0) clocks.push_back(std::move(clock));
  }
  std::stable_sort(clocks.begin(), clocks.end(), [](const SourceClock& a, const SourceClock& b) {
    return a.future * b.rows > b.future * a.rows;
  });
  return clocks;
}

Lateness lateness(const std::vector<SourceDeliveries>& sources, HourRange range) {
  Lateness all;
  for (const SourceDeliveries& source : sources)
    each_delivery(source, range, [&](const Delivery& delivery) {
      all.rows += delivery.rows;
      all.hour += delivery.late_hour;
      all.day += delivery.late_day;
      all.week += delivery.late_week;
    });
  return all;
}

}  // namespace liftmark
