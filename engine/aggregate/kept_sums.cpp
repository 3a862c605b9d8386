#include "engine/aggregate/kept_sums.hpp"

namespace liftmark {

std::unique_ptr<KeptSums> kept_sums(const MetricNeeds& needs, const Population& population) {
  if (!needs.kept || !needs.reported) return nullptr;
  switch (needs.metric->kind) {
    case MetricKind::quantile:
      return quantile_sums(needs, population);
    case MetricKind::breadth:
      return item_sums(needs, population);
    case MetricKind::time_to_event:
      return follow_up_sums(needs, population);
    default:
      return refund_delay_sums(needs, population);
  }
}

void measure_days(const Population& population, const MeasureOf& measure, MetricStatistics& metric) {
  std::vector<Cell> units;  // first exposed up to the day
  for (MetricStatistics::Day& day : metric.by_day) {
    bool any = false;
    for (Cell& cell : day.cells) {
      any = any || cell.history.n() > 0;
      cell.history = stats::CoMoments::from_central(cell.history.n(), {0.0}, {0.0}, {0.0});
    }
    const bool first = units.empty();
    if (first) units = day.cells;
    for (std::size_t i = 0; i < units.size() && !first; ++i) units[i].history.merge(day.cells[i].history);
    const auto index = static_cast<std::uint16_t>(day.day - 1);
    const auto on = [&](std::uint32_t member) { return population.day[member] == index; };
    const auto until = [&](std::uint32_t member) { return population.day[member] <= index; };
    metric.measured_on.push_back({day.day, any ? measure(on, day.cells) : day.cells});
    metric.measured_until.push_back(
        {day.day, any || first ? measure(until, units) : metric.measured_until.back().cells});
  }
}

void append_integer(std::int64_t value, std::string& bytes) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace liftmark
