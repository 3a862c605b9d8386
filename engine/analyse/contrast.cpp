#include "engine/analyse/contrast.hpp"

#include <array>
#include <cmath>
#include <map>
#include <numeric>

namespace liftmark {
namespace {

/// Merges unless there is nothing: an empty side may not even know its dimension.
void add_units(const stats::CoMoments& units, stats::CoMoments& sum) {
  if (units.n() > 0) sum.merge(units);
}

/// The numerator (and denominator) without the covariates.
stats::CoMoments without_covariates(const stats::CoMoments& units, const ValueLayout& layout) {
  constexpr std::array<std::size_t, 2> kColumns{0, 1};
  return units.select(std::span(kColumns).first(layout.ratio ? 2 : 1));
}

void describe_ratio(const stats::CoMoments& units, MetricArm& arm) {
  const double numerator = units.mean(0), denominator = units.mean(1);
  arm.denominator = units.sum(1);
  if (denominator == 0) {
    arm.reason = stats::name(stats::Reason::zero_denominator);
    return;
  }
  arm.value = numerator / denominator;
  if (units.n() < 2) {
    arm.reason = stats::name(stats::Reason::too_few_units);
    return;
  }
  std::vector<double> weights(units.dimension(), 0.0);  // covariates weigh nothing
  weights[0] = 1 / denominator;
  weights[1] = -*arm.value / denominator;
  arm.variance = units.combine(weights).variance();
}

}  // namespace

std::vector<stats::Stratum> strata_of(const std::vector<Cell>& cells, ArmPair pair, std::size_t dimension) {
  struct Epoch {
    stats::Stratum history, no_history;
  };
  std::map<int, Epoch> epochs;
  const stats::CoMoments none(dimension);
  for (const auto& cell : cells) {
    if (cell.arm != pair.control && cell.arm != pair.treatment) continue;
    auto& epoch =
        epochs.try_emplace(cell.epoch, Epoch{{none, none, true}, {none, none, false}}).first->second;
    if (cell.arm == pair.control) {
      add_units(cell.history, epoch.history.control);
      add_units(cell.no_history, epoch.no_history.control);
    }
    if (cell.arm == pair.treatment) {
      add_units(cell.history, epoch.history.treatment);
      add_units(cell.no_history, epoch.no_history.treatment);
    }
  }
  std::vector<stats::Stratum> strata;
  for (auto& [number, epoch] : epochs) {
    epoch.history.epoch = epoch.no_history.epoch = static_cast<std::size_t>(number);
    if (epoch.history.control.n() + epoch.history.treatment.n() > 0)
      strata.push_back(std::move(epoch.history));
    if (epoch.no_history.control.n() + epoch.no_history.treatment.n() > 0)
      strata.push_back(std::move(epoch.no_history));
  }
  return strata;
}

stats::UnitValues unit_values(const ValueLayout& layout, stats::SlopeRule slope, bool adjust) {
  return {.ratio = layout.ratio,
          .binary = layout.binary,
          .covariates = adjust ? static_cast<std::size_t>(layout.covariates) : 0,
          .slope = slope};
}

stats::Contrast contrast_of(const std::vector<Cell>& cells, ArmPair pair, const ValueLayout& layout,
                            const stats::UnitValues& values) {
  auto strata = strata_of(cells, pair, layout.dimension());
  if (values.covariates == 0 && layout.covariates > 0) {
    // Units with and without history differ only in what a covariate says: without one they are one stratum.
    std::vector<Cell> plain;
    for (const auto& cell : cells) {
      Cell joined{.epoch = cell.epoch, .arm = cell.arm, .history = stats::CoMoments(layout.ratio ? 2 : 1)};
      for (const auto* units : {&cell.history, &cell.no_history})
        if (units->n() > 0) joined.history.merge(without_covariates(*units, layout));
      plain.push_back(std::move(joined));
    }
    strata = strata_of(plain, pair, layout.ratio ? 2 : 1);
  }
  return stats::contrast(strata, values);
}

stats::CoMoments pooled(const std::vector<Cell>& cells, std::size_t arm, std::size_t dimension) {
  stats::CoMoments all(dimension);
  for (const auto& cell : cells) {
    if (cell.arm != arm) continue;
    add_units(cell.history, all);
    add_units(cell.no_history, all);
  }
  return all;
}

std::int64_t compared_units(const std::vector<Cell>& cells, ArmPair pair) {
  std::map<int, std::array<std::int64_t, 2>> epochs;
  for (const auto& cell : cells) {
    if (cell.arm != pair.control && cell.arm != pair.treatment) continue;
    epochs[cell.epoch][cell.arm == pair.control ? 0 : 1] += cell.history.n() + cell.no_history.n();
  }
  std::int64_t units = 0;
  for (const auto& [epoch, arms] : epochs)
    if (arms[0] > 0 && arms[1] > 0) units += arms[0] + arms[1];
  return units;
}

CountPair counts_of(const std::vector<Cell>& cells, ArmPair pair, std::size_t dimension) {
  const auto counts = [&](std::size_t arm) {
    const auto units = pooled(cells, arm, dimension);
    return stats::Successes{.successes = std::llround(units.sum(0)), .n = units.n()};
  };
  return {.control = counts(pair.control), .treatment = counts(pair.treatment)};
}

MetricArm describe_arm(const std::string& key, const stats::CoMoments& units, const ValueLayout& layout) {
  MetricArm arm{.arm = key, .units = units.n()};
  if (units.n() == 0) {
    arm.reason = stats::name(stats::Reason::too_few_units);
    return arm;
  }
  arm.numerator = units.sum(0);
  if (layout.third) arm.distribution.skewness = units.skewness(0);
  if (layout.ratio) {
    describe_ratio(units, arm);
    return arm;
  }
  arm.value = units.mean(0);
  if (units.n() >= 2)
    arm.variance = units.variance(0);
  else
    arm.reason = stats::name(stats::Reason::too_few_units);
  return arm;
}

Figure figure(const stats::Estimate& estimate) {
  Figure result{.estimate = estimate.point, .standard_error = estimate.standard_error};
  if (estimate.interval) {
    result.lower = estimate.interval->lower;
    result.upper = estimate.interval->upper;
    result.level = estimate.interval->level;
  }
  if (estimate.reason != stats::Reason::none) result.reason = stats::name(estimate.reason);
  return result;
}

Figure no_figure(stats::Reason reason) {
  return {.reason = std::string(stats::name(reason))};
}

}  // namespace liftmark
