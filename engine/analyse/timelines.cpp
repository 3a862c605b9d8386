#include "engine/analyse/cumulated.hpp"
#include "engine/analyse/cut.hpp"
#include "engine/analyse/sections.hpp"

namespace liftmark {
namespace {

Timeline empty_line(const Statistics& statistics, ArmPair pair, const char* kind) {
  return {
      .arm = statistics.arms[pair.treatment].key, .against = statistics.arms[pair.control].key, .kind = kind};
}

TimePoint point_of(const MetricTask& task, const Look& look, const PlanMethod& method) {
  TimePoint point{.relative = relative_lift(task, look, method)};
  if (look.contrast.reason == stats::Reason::none)
    point.units = look.contrast.control.n + look.contrast.treatment.n;
  return point;
}

void set_day(const Statistics& statistics, int day, TimePoint& point) {
  point.day = day;
  if (statistics.first_exposure) point.at = *statistics.first_exposure + (day - 1) * kDayMicros;
}

/// The plan's own method where it may be looked at any time, so that the line ends in the headline; else the
/// default one.
const PlanMethod& any_time_method(const MetricTask& task, const Look& look) {
  const auto& planned = method_for(task.plan, look);
  return planned.any_time ? planned : plan_method(Method::always_valid);
}

/// Adds what is known on `day`.
void add_known(const MetricTask& task, const Statistics& statistics, ArmPair pair,
               const std::vector<Cell>& cells, int day, Timeline& line) {
  const auto look = look_of(task, cells, pair);
  auto point = point_of(task, look, any_time_method(task, look));
  set_day(statistics, day, point);
  const auto& relative = point.relative;
  const bool clear = (relative.lower && *relative.lower > 0) || (relative.upper && *relative.upper < 0);
  if (clear && !line.first_clear_day) line.first_clear_day = point.day;
  line.points.push_back(std::move(point));
}

/// By the day on which the units' windows were over: what the line shows for a day was known on it.
Timeline cumulative(const MetricTask& task, const Statistics& statistics, ArmPair pair) {
  Timeline line = empty_line(statistics, pair, "cumulative");
  for (const auto& day : task.data.running) add_known(task, statistics, pair, day.cells, day.day, line);
  each_day_so_far(task.data, [&](int day, const std::vector<Cell>& cells) {
    add_known(task, statistics, pair, cells, known_on(task.metric, day), line);
  });
  return line;
}

Timeline separate(const MetricTask& task, const Statistics& statistics, ArmPair pair,
                  const std::vector<MetricStatistics::Day>& days, const char* kind) {
  Timeline line = empty_line(statistics, pair, kind);
  const auto& method = plan_method(Method::fixed);
  for (const auto& day : days) {
    line.points.push_back(point_of(task, look_of(task, day.cells, pair), method));
    set_day(statistics, day.day, line.points.back());
  }
  return line;
}

}  // namespace

std::vector<Timeline> timelines(const MetricTask& task, const Statistics& statistics,
                                const std::vector<ArmPair>& pairs) {
  std::vector<Timeline> lines;
  for (const auto pair : pairs) {
    if (!task.data.running.empty()) lines.push_back(cumulative(task, statistics, pair));
    if (!task.data.by_day.empty()) {
      lines.push_back(cumulative(task, statistics, pair));
      const auto& measured = task.data.measured_on;
      lines.push_back(
          separate(task, statistics, pair, measured.empty() ? task.data.by_day : measured, "daily"));
    }
    if (!task.data.since_exposure.empty()) {
      lines.push_back(separate(task, statistics, pair, task.data.since_exposure, "since_exposure"));
      judge_trend(task, pair, lines.back());
    }
  }
  return lines;
}

}  // namespace liftmark
