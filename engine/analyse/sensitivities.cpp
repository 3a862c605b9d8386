#include <cmath>
#include <iterator>

#include "engine/analyse/sections.hpp"

namespace liftmark {
namespace {

/// A denominator settled within this relative change can carry a ratio.
constexpr double kDenominatorSettled = 0.01;
constexpr double kDenominatorMoved = 0.01;

Sensitivity row(const MetricTask& task, const Statistics& statistics, const std::vector<Cell>& cells,
                ArmPair pair, const char* kind) {
  const bool adjust = std::string_view(kind) != "unadjusted";
  const auto look = look_of(task, cells, pair, adjust);
  return {.arm = statistics.arms[pair.treatment].key,
          .against = statistics.arms[pair.control].key,
          .kind = kind,
          .parameter = std::nullopt,
          .relative = relative_lift(task, look, method_for(task.plan, look))};
}

/// What a stopped group-sequential plan estimates, corrected for having stopped.
void add_stopped(const MetricTask& task, const Statistics& statistics, ArmPair pair,
                 std::vector<Sensitivity>& rows) {
  if (task.plan.method != Method::group_sequential) return;
  const auto look = look_of(task, task.data.cells, pair, true);
  if (look.contrast.reason != stats::Reason::none) return;
  const auto lift = after_stopping(
      look, {.scale = scale_of(task.metric.scale), .alpha = task.role.alpha, .plan = &task.plan});
  if (!lift) return;
  rows.push_back({.arm = statistics.arms[pair.treatment].key,
                  .against = statistics.arms[pair.control].key,
                  .kind = "stage_wise",
                  .parameter = std::nullopt,
                  .relative = figure(*lift)});
}

/// The denominator's test needs a p-value: where the plan's method has none, the default of its kind stands
/// in.
const PlanMethod& denominator_method(const Plan& plan, const Look& look) {
  if (plan.method == Method::bayesian) return plan_method(Method::fixed);
  if (plan.method == Method::betting) return plan_method(Method::always_valid);
  return method_for(plan, look);
}

}  // namespace

std::vector<Sensitivity> sensitivities(const MetricTask& task, const Statistics& statistics,
                                       const std::vector<ArmPair>& pairs) {
  std::vector<Sensitivity> rows;
  for (const auto pair : pairs) {
    if (!task.data.uncapped.empty())
      rows.push_back(row(task, statistics, task.data.uncapped, pair, "uncapped"));
    if (!task.data.without_crossovers.empty())
      rows.push_back(row(task, statistics, task.data.without_crossovers, pair, "without_crossovers"));
    if (!task.data.without_bots.empty())
      rows.push_back(row(task, statistics, task.data.without_bots, pair, "without_bots"));
    if (is_adjusted(task, look_of(task, task.data.cells, pair)))
      rows.push_back(row(task, statistics, task.data.cells, pair, "unadjusted"));
    add_stopped(task, statistics, pair, rows);
    for (const auto& trimmed : task.data.without_top) {
      rows.push_back(row(task, statistics, trimmed.cells, pair, "without_top"));
      rows.back().parameter = static_cast<double>(trimmed.units);
    }
    auto weights = weight_sensitivities(task, statistics, pair);
    std::move(weights.begin(), weights.end(), std::back_inserter(rows));
  }
  return rows;
}

std::string grade_denominator(const MetricTask& task, const std::vector<ArmPair>& pairs) {
  const std::size_t column[] = {1};
  std::vector<Cell> cells;
  for (const auto& cell : task.data.cells) {
    Cell only{.epoch = cell.epoch, .arm = cell.arm, .history = cell.history.select(column)};
    if (cell.no_history.n() > 0) only.history.merge(cell.no_history.select(column));
    cells.push_back(std::move(only));
  }
  bool settled = true;
  for (const auto pair : pairs) {
    auto look = look_at(cells, pair, {}, {});
    if (task.plan.method == Method::group_sequential) look.looks = looks_made(task, pair);
    const auto& method = denominator_method(task.plan, look);
    if (look.contrast.reason != stats::Reason::none) {
      settled = false;
      continue;
    }
    const auto lift = method.estimate(look, {.scale = stats::Scale::log, .alpha = 0.05, .plan = &task.plan});
    if (lift.p_value && *lift.p_value < kDenominatorMoved) return "denominator_moved";
    const bool inside = lift.interval && lift.interval->lower && lift.interval->upper &&
                        *lift.interval->lower > -kDenominatorSettled &&
                        *lift.interval->upper < kDenominatorSettled;
    const bool constant = lift.reason == stats::Reason::zero_variance && lift.point == 0.0;
    settled = settled && (inside || constant);
  }
  return settled ? "" : "denominator_unsettled";
}

}  // namespace liftmark
