#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "engine/analyse/log_parts.hpp"
#include "engine/analyse/sections.hpp"
#include "stats/log_decomposition.hpp"

namespace liftmark {
namespace {

constexpr std::size_t kFactors = 4;  // bought, orders, gross, net per exposed unit
constexpr std::array<const char*, kFactors> kParts{"conversion", "orders_per_buyer", "order_value",
                                                   "kept_after_refunds"};

/// Two arms' means per exposed unit, epochs weighted by their share of both arms' units.
struct Factors {
  std::array<stats::MeanChain, 2> arms;    ///< control, treatment
  std::array<stats::MeanChain, 2> pooled;  ///< the same sizes, if the units of both were one population
  double units = 0;
};

/// Means and covariances of `units` for an arm of `n` of them.
void add_epoch(stats::MeanChain& chain, const stats::CoMoments& units, double weight, std::int64_t n) {
  const double times = weight * weight / static_cast<double>(n);
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
  Factors result{.arms = {empty, empty}, .pooled = {empty, empty}};
  for (const auto& [epoch, arms] : epochs) result.units += static_cast<double>(arms[0]->n() + arms[1]->n());
  if (result.units == 0) return std::nullopt;
  for (const auto& [epoch, arms] : epochs) {
    const double weight = static_cast<double>(arms[0]->n() + arms[1]->n()) / result.units;
    auto both = *arms[0];
    both.merge(*arms[1]);
    for (std::size_t side = 0; side < 2; ++side) {
      add_epoch(result.arms[side], *arms[side], weight, arms[side]->n());
      add_epoch(result.pooled[side], both, weight, arms[side]->n());
    }
  }
  return result;
}

/// The larger of the arms' own error and that of one population, as a sequence needs it (MEASUREMENT
/// "Standard error"); else the own one.
Figure log_figure(const stats::LogEffect& own, const stats::LogEffect& pooled, bool any_time) {
  const double error = any_time ? std::max(own.standard_error, pooled.standard_error) : own.standard_error;
  return {.estimate = own.value, .standard_error = error};
}

void add_interval(Figure& figure, double times, double alpha) {
  figure.lower = *figure.estimate - times * *figure.standard_error;
  figure.upper = *figure.estimate + times * *figure.standard_error;
  figure.level = 1 - alpha;
}

Decomposition empty_of(const MetricTask& task, const Statistics& statistics, ArmPair pair, const char* kind) {
  return {.metric = task.metric.key,
          .arm = statistics.arms[pair.treatment].key,
          .against = statistics.arms[pair.control].key,
          .kind = kind};
}

/// The net value per unit as the plan's method sees it: its burn-in and its looks hold for every part.
Look look_at_net(const MetricTask& task, ArmPair pair) {
  return plain_look(task, column_of(task.data.factors, kFactors - 1), pair);
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
  const auto pooled = stats::log_decomposition(factors->pooled[0], factors->pooled[1]);
  const bool any_time = plan_method(task.plan.method).any_time;
  const auto look = look_at_net(task, pair);
  if (any_time && before_burn_in(look)) return give_up(stats::Reason::burn_in);
  const double alpha = task.role.alpha, each = alpha / static_cast<double>(kFactors);
  const auto times = two_sided_multiplier(task.plan, look, each);
  if (!times) return give_up(stats::Reason::before_horizon);
  for (std::size_t k = 0; k < kFactors; ++k) {
    auto part = log_figure(effects.parts[k], pooled.parts[k], any_time);
    add_interval(part, *times, each);
    result.parts.push_back({kParts[k], part});
  }
  result.total = log_figure(effects.total, pooled.total, any_time);
  add_interval(result.total, *two_sided_multiplier(task.plan, look, alpha), alpha);
  return result;
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
