#include <cmath>

#include "engine/analyse/sections.hpp"

namespace liftmark {
namespace {

using Part = MetricStatistics::Part;

double successes(const Cell& cell) {
  return std::round(cell.history.sum(0));
}

/// Units that reached this step over those that reached the one before, as a ratio metric. Steps are nested,
/// so that the cross product of the two 0/1 values is the count of the later one.
stats::CoMoments ratio_of(const Cell& step, const Cell& before) {
  const auto n = static_cast<double>(step.history.n());
  const double x = successes(step), d = successes(before);
  const auto third = [&](double count) { return count * (1 - count / n) * (1 - 2 * count / n); };
  return stats::CoMoments::from_central(step.history.n(), {x / n, d / n},
                                        {x - x * x / n, x - x * d / n, d - d * d / n}, {third(x), third(d)});
}

Look look_at_step(const MetricTask& task, std::size_t step, ArmPair pair) {
  const auto& cells = task.data.steps[step].cells;
  ValueLayout layout{.ratio = step > 0, .covariates = 0, .binary = step == 0};
  std::vector<Cell> made;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].history.n() == 0) continue;
    Cell cell{.epoch = cells[i].epoch, .arm = cells[i].arm};
    cell.history = step == 0 ? cells[i].history : ratio_of(cells[i], task.data.steps[step - 1].cells[i]);
    made.push_back(std::move(cell));
  }
  auto look = look_at(made, pair, layout, unit_values(layout, task.slope));
  if (task.plan.method == Method::group_sequential) look.looks = looks_made(task, pair);
  return look;
}

std::vector<double> reached(const Part& step, std::size_t arms) {
  std::vector<double> counts(arms, 0);
  for (const auto& cell : step.cells)
    if (cell.history.n() > 0) counts[cell.arm] += successes(cell);
  return counts;
}

FunnelStep step_of(const MetricTask& task, const Statistics& statistics, std::size_t step,
                   const std::vector<ArmPair>& pairs) {
  const auto arms = statistics.arms.size();
  std::vector<double> exposed(arms, 0);
  for (const auto& cell : task.data.steps[step].cells)
    exposed[cell.arm] += static_cast<double>(cell.history.n());
  const auto here = reached(task.data.steps[step], arms);
  const auto before = step == 0 ? exposed : reached(task.data.steps[step - 1], arms);
  FunnelStep result{.step = task.data.steps[step].name};
  for (std::size_t arm = 0; arm < arms; ++arm) {
    FunnelStep::Arm row{.arm = statistics.arms[arm].key, .units = std::llround(here[arm])};
    if (exposed[arm] > 0) row.share = here[arm] / exposed[arm];
    if (before[arm] > 0) row.step_rate = here[arm] / before[arm];
    result.arms.push_back(std::move(row));
  }
  for (const auto pair : pairs) {
    const auto look = look_at_step(task, step, pair);
    result.changes.push_back({.arm = statistics.arms[pair.treatment].key,
                              .against = statistics.arms[pair.control].key,
                              .relative = relative_lift(task, look, method_for(task.plan, look))});
  }
  return result;
}

}  // namespace

std::vector<Funnel> funnels(const MetricTask& task, const Statistics& statistics,
                            const std::vector<ArmPair>& pairs) {
  if (task.data.steps.empty()) return {};
  Funnel funnel{.metric = task.metric.key, .name = task.metric.name};
  for (std::size_t step = 0; step < task.data.steps.size(); ++step)
    funnel.steps.push_back(step_of(task, statistics, step, pairs));
  return {std::move(funnel)};
}

}  // namespace liftmark
