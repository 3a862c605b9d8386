#include <array>
#include <cmath>
#include <map>

#include "engine/analyse/sections.hpp"
#include "stats/confidence_sequence.hpp"
#include "stats/distributions.hpp"

namespace liftmark {
namespace {

constexpr std::size_t kFactors = 4;  // bought, orders, gross, net per exposed unit
constexpr std::size_t kNone = kFactors;
constexpr std::array<const char*, kFactors> kParts{"conversion", "orders_per_buyer", "order_value",
                                                   "kept_after_refunds"};

/// One arm's means per exposed unit, epochs weighted by their share of both arms' units.
struct ArmFactors {
  struct Epoch {
    double weight = 0;
    const stats::CoMoments* units = nullptr;
  };
  std::vector<Epoch> epochs;
  std::array<double, kFactors> means{};
};

/// Control and treatment; empty with too few units in every epoch.
std::optional<std::array<ArmFactors, 2>> factors_of(const std::vector<Cell>& cells, ArmPair pair) {
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
  std::array<ArmFactors, 2> result;
  for (const auto& [epoch, arms] : epochs) {
    const double weight = static_cast<double>(arms[0]->n() + arms[1]->n()) / all;
    for (std::size_t side = 0; side < 2; ++side) {
      result[side].epochs.push_back({weight, arms[side]});
      for (std::size_t k = 0; k < kFactors; ++k) result[side].means[k] += weight * arms[side]->mean(k);
    }
  }
  return result;
}

/// The log of mean `above` over mean `below` (kNone: of the mean itself) and its delta-method variance
/// with the full covariance of the two.
struct LogPart {
  double value = 0, variance = 0;
};
LogPart log_part(const ArmFactors& arm, std::size_t above, std::size_t below) {
  std::vector<double> weights(kFactors, 0.0);
  weights[above] = 1 / arm.means[above];
  LogPart part{.value = std::log(arm.means[above]), .variance = 0};
  if (below != kNone) {
    weights[below] = -1 / arm.means[below];
    part.value -= std::log(arm.means[below]);
  }
  for (const auto& epoch : arm.epochs)
    part.variance += epoch.weight * epoch.weight * epoch.units->combine(weights).variance() /
                     static_cast<double>(epoch.units->n());
  return part;
}

/// What a standard error is multiplied with at this alpha: a sequence's under an always-valid plan.
double multiplier(const MetricTask& task, double units, double alpha) {
  if (!plan_method(task.plan.method).any_time) return stats::normal_upper_quantile(alpha / 2);
  const double precision = stats::tuned_rho_squared(planned_units(task.plan), alpha);
  return stats::sequence_critical_value(units * precision, alpha);
}

Figure log_figure(const std::array<LogPart, 2>& arms, double times, double alpha) {
  Figure figure{.estimate = arms[1].value - arms[0].value,
                .standard_error = std::sqrt(arms[0].variance + arms[1].variance)};
  figure.lower = *figure.estimate - times * *figure.standard_error;
  figure.upper = *figure.estimate + times * *figure.standard_error;
  figure.level = 1 - alpha;
  return figure;
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
  const auto arms = factors_of(task.data.factors, pair);
  if (!arms) return give_up(stats::Reason::too_few_units);
  double units = 0;
  for (const auto& arm : *arms) {
    for (const double mean : arm.means)
      if (!(mean > 0)) return give_up(stats::Reason::negative_baseline);
    for (const auto& epoch : arm.epochs) units += static_cast<double>(epoch.units->n());
  }
  const double alpha = task.role.alpha, each = alpha / static_cast<double>(kFactors);
  const double times = multiplier(task, units, each);
  for (std::size_t k = 0; k < kFactors; ++k) {
    const std::size_t below = k == 0 ? kNone : k - 1;
    result.parts.push_back(
        {kParts[k],
         log_figure({log_part((*arms)[0], k, below), log_part((*arms)[1], k, below)}, times, each)});
  }
  result.total =
      log_figure({log_part((*arms)[0], kFactors - 1, kNone), log_part((*arms)[1], kFactors - 1, kNone)},
                 multiplier(task, units, alpha), alpha);
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
