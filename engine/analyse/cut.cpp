#include "engine/analyse/cut.hpp"

#include <algorithm>
#include <numeric>

#include "engine/analyse/comparison.hpp"
#include "engine/analyse/cumulated.hpp"

namespace liftmark {
namespace {

const Metric* definition_of(const Analysis& analysis, const std::string& key) {
  for (const auto& metric : analysis.metrics)
    if (metric.key == key) return &metric;
  return nullptr;
}

bool has_units(const MetricStatistics::Day& day) {
  return std::any_of(day.cells.begin(), day.cells.end(),
                     [](const Cell& cell) { return cell.history.n() + cell.no_history.n() > 0; });
}

/// True if units were left out.
bool cut(const Metric& metric, int days, MetricStatistics& data) {
  bool left_out = false;
  for (const auto& day : data.by_day)
    left_out = left_out || (!mature_by(metric, day.day, days) && has_units(day));
  if (!left_out) return false;
  std::vector<Cell> kept;
  each_day_so_far(data, [&](int day, const std::vector<Cell>& cells) {
    if (mature_by(metric, day, days)) kept = cells;
  });
  data.cells = kept;
  data.uncapped.clear();
  data.without_crossovers.clear();
  data.surfaces.clear();
  data.without_top.clear();
  data.terms.clear();
  return true;
}

}  // namespace

std::int64_t total_units(const Statistics& statistics) {
  return std::accumulate(statistics.arms.begin(), statistics.arms.end(), std::int64_t{0},
                         [](std::int64_t sum, const ArmCounts& arm) { return sum + arm.units; });
}

int days_run(const Statistics& statistics) {
  if (!statistics.first_exposure) return 0;
  return static_cast<int>(
      std::max<std::int64_t>(0, (statistics.as_of - *statistics.first_exposure) / kDayMicros));
}

std::optional<int> frozen_day(const Plan& plan, int days) {
  std::vector<int> dates;
  if (plan.method == Method::group_sequential) dates = plan.look_days;
  if (plan.method == Method::fixed && plan.horizon_days) dates.push_back(*plan.horizon_days);
  std::optional<int> last;
  for (const int day : dates)
    if (day <= days) last = day;
  return last;
}

std::optional<int> frozen_day(const Statistics& statistics, const Analysis& analysis) {
  if (analysis.seen_once || !statistics.first_exposure) return std::nullopt;
  return frozen_day(analysis.plan, days_run(statistics));
}

std::optional<Statistics> frozen_cut(const Statistics& statistics, const Analysis& analysis) {
  const auto days = frozen_day(statistics, analysis);
  if (!days || statistics.as_of == *statistics.first_exposure + *days * kDayMicros) return std::nullopt;
  Statistics at = statistics;
  bool left_out = false;
  for (auto& data : at.metrics)
    if (const auto* metric = definition_of(analysis, data.metric))
      left_out = cut(*metric, *days, data) || left_out;
  if (!left_out) return std::nullopt;
  return at;
}

}  // namespace liftmark
