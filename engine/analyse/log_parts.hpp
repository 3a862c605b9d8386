#pragma once
// Logs of products and quotients of an arm's means, with the delta method's variance and full covariance: the
// factors of a lift, and lifts that share their units.

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "engine/aggregate/statistics.hpp"
#include "engine/analyse/comparison.hpp"
#include "engine/analyse/contrast.hpp"

namespace liftmark {

/// One arm's means per unit, epochs weighted by their share of both arms' units.
struct ArmMeans {
  struct Epoch {
    double weight = 0;
    const stats::CoMoments* units = nullptr;
  };
  std::vector<Epoch> epochs;
  std::vector<double> means;
};

/// Control and treatment, in the epochs that have at least two units of each; empty without such an epoch.
/// Only `history` is looked at. The cells must outlive the result.
std::optional<std::array<ArmMeans, 2>> arm_means(const std::vector<Cell>& cells, ArmPair pair);
/// Units of both arms.
double units_of(const std::array<ArmMeans, 2>& arms);
/// Whether a log can be taken of every mean.
bool all_positive(const std::array<ArmMeans, 2>& arms);

/// log of the product of mean[k]^power[k], and its variance.
struct LogPart {
  double value = 0, variance = 0;
};
LogPart log_part(const ArmMeans& arm, std::span<const double> powers);

/// What a standard error is multiplied with at this alpha, two-sided: a sequence's under an always-valid
/// plan.
double critical_value(const MetricTask& task, double units, double alpha);

/// The metric's raw unit values, uncapped and without covariates.
std::vector<Cell> raw_cells(const MetricTask& task);
/// One-dimensional cells as the plan's method looks at them.
Look plain_look(const MetricTask& task, const std::vector<Cell>& cells, ArmPair pair);
/// Treatment minus control of one-dimensional cells, by the plan's method.
Figure difference(const MetricTask& task, const std::vector<Cell>& cells, ArmPair pair, double alpha);
/// The relative lift of one-dimensional cells, by the plan's method and the metric's scale.
Figure lift_of(const MetricTask& task, const std::vector<Cell>& cells, ArmPair pair);
/// One column of every cell's `history`.
std::vector<Cell> column_of(const std::vector<Cell>& cells, std::size_t column);

}  // namespace liftmark
