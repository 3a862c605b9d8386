#include "engine/analyse/cumulated.hpp"
#include "engine/analyse/sections.hpp"

namespace liftmark {
namespace {

constexpr std::int64_t kDayMicros = 86'400'000'000;

Timeline empty_line(const Statistics& statistics, ArmPair pair, const char* kind) {
  return {
      .arm = statistics.arms[pair.treatment].key, .against = statistics.arms[pair.control].key, .kind = kind};
}

TimePoint point_of(const MetricTask& task, const Statistics& statistics, const std::vector<Cell>& cells,
                   ArmPair pair, const PlanMethod& method, int day) {
  const auto look = look_at(cells, pair, task.data.layout, unit_values(task.data.layout, task.slope));
  TimePoint point{.day = day, .relative = relative_lift(task, look, method)};
  if (look.contrast.reason == stats::Reason::none)
    point.units = look.contrast.control.n + look.contrast.treatment.n;
  if (statistics.first_exposure) point.at = *statistics.first_exposure + (day - 1) * kDayMicros;
  return point;
}

Timeline cumulative(const MetricTask& task, const Statistics& statistics, ArmPair pair) {
  Timeline line = empty_line(statistics, pair, "cumulative");
  const auto& method = plan_method(Method::always_valid);
  Cumulated sum(task.data.layout.dimension());
  for (const auto& day : task.data.by_day) {
    sum.add(day.cells);
    line.points.push_back(point_of(task, statistics, sum.cells(), pair, method, day.day));
    const auto& relative = line.points.back().relative;
    const bool clear = (relative.lower && *relative.lower > 0) || (relative.upper && *relative.upper < 0);
    if (clear && !line.first_clear_day) line.first_clear_day = day.day;
  }
  return line;
}

Timeline separate(const MetricTask& task, const Statistics& statistics, ArmPair pair,
                  const std::vector<MetricStatistics::Day>& days, const char* kind) {
  Timeline line = empty_line(statistics, pair, kind);
  const auto& method = plan_method(Method::fixed);
  for (const auto& day : days)
    line.points.push_back(point_of(task, statistics, day.cells, pair, method, day.day));
  return line;
}

}  // namespace

std::vector<Timeline> timelines(const MetricTask& task, const Statistics& statistics,
                                const std::vector<ArmPair>& pairs) {
  std::vector<Timeline> lines;
  for (const auto pair : pairs) {
    if (!task.data.by_day.empty()) {
      lines.push_back(cumulative(task, statistics, pair));
      lines.push_back(separate(task, statistics, pair, task.data.by_day, "daily"));
    }
    if (!task.data.since_exposure.empty())
      lines.push_back(separate(task, statistics, pair, task.data.since_exposure, "since_exposure"));
  }
  return lines;
}

}  // namespace liftmark
