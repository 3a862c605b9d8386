#include <array>
#include <cmath>
#include <map>

#include "engine/analyse/sections.hpp"
#include "stats/confidence_sequence.hpp"
#include "stats/distributions.hpp"
#include "stats/log_decomposition.hpp"

namespace liftmark {
namespace {

constexpr std::size_t kFactors = 4;  // bought, orders, gross, net per exposed unit
constexpr std::array<const char*, kFactors> kParts{"conversion", "orders_per_buyer", "order_value",
                                                   "kept_after_refunds"};

/// Two arms' means per exposed unit, epochs weighted by their share of both arms' units.
struct Factors {
  std::array<stats::MeanChain, 2> arms;  ///< control, treatment
  double units = 0;
};

void add_epoch(stats::MeanChain& chain, const stats::CoMoments& units, double weight) {
  const double times = weight * weight / static_cast<double>(units.n());
  for (std::size_t i = 0; i < kFactors; ++i) {
    chain.means[i] += weight * units.mean(i);
    for (std::size_t j = 0; j < kFactors; ++j) chain.covariance[i][j] += times * units.covariance(i, j);
  }
}

/// Empty with too few units in every epoch.
std::optional<Factors> factors_of(const std::vector<Cell>& cells, ArmPair pair) {
  std::map<int, std::array<const stats::CoMoments*, 2>> epochs;
  for (const auto& cell : cells) {
    if (cell.history.n() < 2) continue;
    if (cell.arm == pair.control) epochs[cell.epoch][0] = &cell.history;
    if (cell.arm == pair.treatment) epochs[cell.epoch][1] = &cell.history;
  }
  std::erase_if(epochs, [](const auto& row) { return !row.second[0] || !row.second[1]; });
  const stats::MeanChain empty{std::vector<double>(kFactors, 0.0),
                               {kFactors, std::vector<double>(kFactors, 0.0)}};
  Factors result{.arms = {empty, empty}};
  for (const auto& [epoch, arms] : epochs) result.units += static_cast<double>(arms[0]->n() + arms[1]->n());
  if (result.units == 0) return std::nullopt;
  for (const auto& [epoch, arms] : epochs) {
    const double weight = static_cast<double>(arms[0]->n() + arms[1]->n()) / result.units;
    for (std::size_t side = 0; side < 2; ++side) add_epoch(result.arms[side], *arms[side], weight);
  }
  return result;
}

/// What a standard error is multiplied with at this alpha: a sequence's under an always-valid plan.
double multiplier(const MetricTask& task, double units, double alpha) {
  if (!plan_method(task.plan.method).any_time) return stats::normal_upper_quantile(alpha / 2);
  const double precision = stats::tuned_rho_squared(planned_units(task.plan), alpha);
  return stats::sequence_critical_value(units * precision, alpha);
}

Figure log_figure(const stats::LogEffect& effect, double times, double alpha) {
  return {.estimate = effect.value,
          .standard_error = effect.standard_error,
          .lower = effect.value - times * effect.standard_error,
          .upper = effect.value + times * effect.standard_error,
          .level = 1 - alpha};
}

Decomposition empty_of(const MetricTask& task, const Statistics& statistics, ArmPair pair, const char* kind) {
  return {.metric = task.metric.key,
          .arm = statistics.arms[pair.treatment].key,
          .against = statistics.arms[pair.control].key,
          .kind = kind};
}

Decomposition by_factors(const MetricTask& task, const Statistics& statistics, ArmPair pair) {
  auto result = empty_of(task, statistics, pair, "factors");
  const auto give_up = [&](stats::Reason reason) {
    for (const char* part : kParts) result.parts.push_back({part, no_figure(reason)});
    result.total = no_figure(reason);
    return result;
  };
  const auto factors = factors_of(task.data.factors, pair);
  if (!factors) return give_up(stats::Reason::too_few_units);
  const auto effects = stats::log_decomposition(factors->arms[0], factors->arms[1]);
  if (effects.reason != stats::Reason::none) return give_up(effects.reason);
  const double alpha = task.role.alpha, each = alpha / static_cast<double>(kFactors);
  const double times = multiplier(task, factors->units, each);
  for (std::size_t k = 0; k < kFactors; ++k)
    result.parts.push_back({kParts[k], log_figure(effects.parts[k], times, each)});
  result.total = log_figure(effects.total, multiplier(task, factors->units, alpha), alpha);
  return result;
}

Figure difference(const MetricTask& task, const std::vector<Cell>& cells, ArmPair pair, double alpha) {
  auto look = look_at(cells, pair, {}, {});
  if (look.contrast.reason != stats::Reason::none) return no_figure(look.contrast.reason);
  if (task.plan.method == Method::group_sequential) look.looks = looks_made(task, pair);
  return figure(method_for(task.plan, look)
                    .estimate(look, {.scale = stats::Scale::absolute, .alpha = alpha, .plan = &task.plan}));
}

/// The raw metric without its covariates.
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

Decomposition by_surfaces(const MetricTask& task, const Statistics& statistics, ArmPair pair) {
  auto result = empty_of(task, statistics, pair, "surfaces");
  const double each = task.role.alpha / static_cast<double>(task.data.surfaces.size());
  for (const auto& surface : task.data.surfaces)
    result.parts.push_back({surface.name, difference(task, surface.cells, pair, each)});
  result.total = difference(task, raw_cells(task), pair, task.role.alpha);
  return result;
}

}  // namespace

std::vector<Decomposition> decompositions(const MetricTask& task, const Statistics& statistics,
                                          const std::vector<ArmPair>& pairs) {
  std::vector<Decomposition> all;
  for (const auto pair : pairs) {
    if (!task.data.factors.empty()) all.push_back(by_factors(task, statistics, pair));
    if (!task.data.surfaces.empty() && !task.data.layout.ratio)
      all.push_back(by_surfaces(task, statistics, pair));
  }
  return all;
}

}  // namespace liftmark
