#include "engine/analyse/log_parts.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "stats/confidence_sequence.hpp"
#include "stats/distributions.hpp"

namespace liftmark {

std::optional<std::array<ArmMeans, 2>> arm_means(const std::vector<Cell>& cells, ArmPair pair) {
  std::map<int, std::array<const stats::CoMoments*, 2>> epochs;
  for (const auto& cell : cells) {
    if (cell.history.n() < 2) continue;
    if (cell.arm == pair.control) epochs[cell.epoch][0] = &cell.history;
    if (cell.arm == pair.treatment) epochs[cell.epoch][1] = &cell.history;
  }
  std::erase_if(epochs, [](const auto& row) { return !row.second[0] || !row.second[1]; });
  double all = 0;
  for (const auto& [epoch, arms] : epochs) all += static_cast<double>(arms[0]->n() + arms[1]->n());
  if (all == 0) return std::nullopt;
  const std::size_t dimension = epochs.begin()->second[0]->dimension();
  std::array<ArmMeans, 2> result;
  for (auto& arm : result) arm.means.assign(dimension, 0.0);
  for (const auto& [epoch, arms] : epochs) {
    const double weight = static_cast<double>(arms[0]->n() + arms[1]->n()) / all;
    for (std::size_t side = 0; side < 2; ++side) {
      result[side].epochs.push_back({weight, arms[side]});
      for (std::size_t k = 0; k < dimension; ++k) result[side].means[k] += weight * arms[side]->mean(k);
    }
  }
  return result;
}

double units_of(const std::array<ArmMeans, 2>& arms) {
  double units = 0;
  for (const auto& arm : arms)
    for (const auto& epoch : arm.epochs) units += static_cast<double>(epoch.units->n());
  return units;
}

bool all_positive(const std::array<ArmMeans, 2>& arms) {
  return std::all_of(arms.begin(), arms.end(), [](const ArmMeans& arm) {
    return std::all_of(arm.means.begin(), arm.means.end(), [](double mean) { return mean > 0; });
  });
}

LogPart log_part(const ArmMeans& arm, std::span<const double> powers) {
  std::vector<double> weights(powers.size(), 0.0);
  LogPart part;
  for (std::size_t k = 0; k < powers.size(); ++k) {
    if (powers[k] == 0) continue;
    weights[k] = powers[k] / arm.means[k];
    part.value += powers[k] * std::log(arm.means[k]);
  }
  for (const auto& epoch : arm.epochs)
    part.variance += epoch.weight * epoch.weight * epoch.units->combine(weights).variance() /
                     static_cast<double>(epoch.units->n());
  return part;
}

double critical_value(const MetricTask& task, double units, double alpha) {
  if (!plan_method(task.plan.method).any_time) return stats::normal_upper_quantile(alpha / 2);
  const double precision = stats::tuned_rho_squared(planned_units(task.plan), alpha);
  return stats::sequence_critical_value(units * precision, alpha);
}

std::vector<Cell> raw_cells(const MetricTask& task) {
  constexpr std::array<std::size_t, 1> kNumerator{0};
  std::vector<Cell> cells;
  for (const auto& cell : task.data.uncapped.empty() ? task.data.cells : task.data.uncapped) {
    Cell plain{.epoch = cell.epoch, .arm = cell.arm};
    for (const auto* units : {&cell.history, &cell.no_history})
      if (units->n() > 0) plain.history.merge(units->select(kNumerator));
    cells.push_back(std::move(plain));
  }
  return cells;
}

Look plain_look(const MetricTask& task, const std::vector<Cell>& cells, ArmPair pair) {
  auto look = look_at(cells, pair, {}, {});
  if (task.plan.method == Method::group_sequential) look.looks = looks_made(task, pair);
  return look;
}

Figure difference(const MetricTask& task, const std::vector<Cell>& cells, ArmPair pair, double alpha) {
  const auto look = plain_look(task, cells, pair);
  if (look.contrast.reason != stats::Reason::none) return no_figure(look.contrast.reason);
  return figure(method_for(task.plan, look)
                    .estimate(look, {.scale = stats::Scale::absolute, .alpha = alpha, .plan = &task.plan}));
}

Figure lift_of(const MetricTask& task, const std::vector<Cell>& cells, ArmPair pair) {
  const auto look = plain_look(task, cells, pair);
  return relative_lift(task, look, method_for(task.plan, look));
}

std::vector<Cell> column_of(const std::vector<Cell>& cells, std::size_t column) {
  const std::array<std::size_t, 1> columns{column};
  std::vector<Cell> result;
  for (const auto& cell : cells) {
    result.push_back({.epoch = cell.epoch, .arm = cell.arm});
    if (cell.history.n() > 0) result.back().history = cell.history.select(columns);
  }
  return result;
}

}  // namespace liftmark
