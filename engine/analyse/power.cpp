#include "engine/analyse/cumulated.hpp"
#include "engine/analyse/log_parts.hpp"
#include "engine/analyse/sections.hpp"
#include "stats/detectable_lift.hpp"

namespace liftmark {
namespace {

PowerPoint point_of(const MetricTask& task, const std::vector<Cell>& cells, ArmPair pair, int day) {
  const auto contrast = contrast_of(cells, pair, task.data.layout, values_of(task));
  PowerPoint point{.day = day};
  if (contrast.reason != stats::Reason::none) return point;
  point.units = contrast.control.n + contrast.treatment.n;
  const auto error =
      plan_method(task.plan.method).any_time ? stats::ErrorRule::larger_of_both : stats::ErrorRule::own;
  const auto scaled = stats::on_scale(contrast, stats::Scale::log, error);
  if (!scaled.scaled) return point;
  point.mde = stats::detectable_lift(
      {.standard_error = scaled.scaled->standard_error,
       .critical_value = critical_value(task, static_cast<double>(point.units), task.role.alpha)},
      task.plan.power);
  return point;
}

}  // namespace

std::vector<PowerSummary> power_summaries(const MetricTask& task, const Statistics& statistics,
                                          const std::vector<ArmPair>& pairs) {
  std::vector<PowerSummary> summaries;
  if (task.role.role != Role::primary) return summaries;
  for (const auto pair : pairs) {
    PowerSummary summary{.metric = task.metric.key,
                         .arm = statistics.arms[pair.treatment].key,
                         .against = statistics.arms[pair.control].key,
                         .planned_mde = task.plan.mde,
                         .power = task.plan.power};
    each_day_so_far(task.data, [&](int day, const std::vector<Cell>& cells) {
      summary.points.push_back(point_of(task, cells, pair, day));
    });
    if (task.data.by_day.empty()) summary.points.push_back(point_of(task, task.data.cells, pair, 0));
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

}  // namespace liftmark
