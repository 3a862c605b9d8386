#include <array>
#include <cmath>

#include "engine/analyse/log_parts.hpp"
#include "engine/analyse/sections.hpp"
#include "stats/confidence_sequence.hpp"
#include "stats/distributions.hpp"

namespace liftmark {
namespace {

constexpr double kTrend = 0.05;
constexpr std::size_t kEarly = 0, kLate = 1;

/// The columns of a plain metric, or of a ratio's two parts, as cells of their own.
std::vector<Cell> weighted_cells(const MetricTask& task, std::size_t when) {
  if (!task.data.layout.ratio) return column_of(task.data.trend, when);
  const std::array<std::size_t, 2> columns{when, when + 2};
  std::vector<Cell> cells;
  for (const auto& cell : task.data.trend) {
    cells.push_back({.epoch = cell.epoch, .arm = cell.arm, .history = stats::CoMoments(2)});
    if (cell.history.n() > 0) cells.back().history = cell.history.select(columns);
  }
  return cells;
}

Look weighted_look(const MetricTask& task, std::size_t when, ArmPair pair) {
  const ValueLayout layout{.ratio = task.data.layout.ratio};
  auto look = look_at(weighted_cells(task, when), pair, layout, unit_values(layout, task.slope));
  if (task.plan.method == Method::group_sequential) look.looks = looks_made(task, pair);
  return look;
}

/// p of "the lift is the same with weight on the first days as on the last": both are of the same units, so
/// their covariance counts.
std::optional<double> p_value_of(const MetricTask& task, ArmPair pair) {
  const auto arms = arm_means(task.data.trend, pair);
  if (!arms || !all_positive(*arms)) return std::nullopt;
  const std::vector<double> powers =
      task.data.layout.ratio ? std::vector<double>{-1, 1, 1, -1} : std::vector<double>{-1, 1};
  const LogPart control = log_part((*arms)[0], powers), treatment = log_part((*arms)[1], powers);
  const double variance = control.variance + treatment.variance;
  if (!(variance > 0)) return std::nullopt;
  const double z = (treatment.value - control.value) / std::sqrt(variance);
  if (!plan_method(task.plan.method).any_time) return 2 * stats::normal_sf(std::fabs(z));
  const double precision = stats::tuned_rho_squared(planned_units(task.plan), kTrend);
  return std::exp(stats::sequence_log_p(z, units_of(*arms) * precision));
}

}  // namespace

void judge_trend(const MetricTask& task, ArmPair pair, Timeline& line) {
  if (task.data.trend.empty()) return;
  const auto early = weighted_look(task, kEarly, pair), late = weighted_look(task, kLate, pair);
  line.early = relative_lift(task, early, method_for(task.plan, early));
  line.late = relative_lift(task, late, method_for(task.plan, late));
  if (plan_method(task.plan.method).any_time && (before_burn_in(early) || before_burn_in(late))) return;
  line.trend_p_value = p_value_of(task, pair);
  if (!line.trend_p_value || *line.trend_p_value >= kTrend || !line.early.estimate || !line.late.estimate)
    return;
  line.trend = std::fabs(*line.late.estimate) < std::fabs(*line.early.estimate) ? "novelty" : "primacy";
}

}  // namespace liftmark
