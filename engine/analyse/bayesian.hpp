#pragma once
// The method `bayesian`: what a posterior says of two arms.

#include <optional>

#include "engine/analyse/methods.hpp"

namespace liftmark {

/// Prior on the relative effect when the plan names none (MEASUREMENT "Readings, alpha and the verdict").
inline constexpr double kDefaultPriorMean = 0.0, kDefaultPriorDeviation = 0.3;

/// Credible interval at 1 - alpha of the lift or the difference. A plan that names a prior, or a metric that
/// is not 0/1: normal posterior of the relative effect, delta-method likelihood. Else Beta(1, 1) on each
/// rate, the interval by the normal limit of the two posteriors (of their logs for a lift). `point` is the
/// posterior mean (of the median for a log ratio); there is no p-value.
stats::Estimate bayesian(const Look& look, const Ask& ask);

/// Chance that the treatment is better and the loss expected of shipping it, under the same posterior.
std::optional<Posterior> posterior_of(const Look& look, const Plan& plan, Direction direction);

}  // namespace liftmark
