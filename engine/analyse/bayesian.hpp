#pragma once
// The method `bayesian`: what a posterior says of two arms.

#include <optional>

#include "engine/analyse/methods.hpp"
#include "stats/bayes.hpp"

namespace liftmark {

/// Prior on the relative effect when the plan names none (MEASUREMENT "Readings, alpha and the verdict").
inline constexpr double kDefaultPriorMean = 0.0, kDefaultPriorDeviation = 0.3;

/// Whether the look is read by its counts: a 0/1 metric in one epoch under a plan that names no prior.
bool by_rates(const Look& look, const Plan& plan);

/// Prior on the relative effect: the plan's, else the default.
stats::NormalPrior prior_of(const Plan& plan);
/// Relative effect (t - c) / |c| and its delta-method error, Var = v_t / c^2 + t^2 v_c / c^4. Empty for a
/// control value of 0 and without variance.
std::optional<stats::EffectLikelihood> relative_effect(const stats::Contrast& contrast);

/// Credible interval at 1 - alpha of the lift or the difference. A plan that names a prior, or a metric that
/// is not 0/1: normal posterior of the relative effect, delta-method likelihood. Else Beta(1, 1) on each
/// rate, the interval by the normal limit of the two posteriors (of their logs for a lift). `point` is the
/// posterior mean (of the median for a log ratio); there is no p-value.
stats::Estimate bayesian(const Look& look, const Ask& ask);

/// Chance that the treatment is better and the loss expected of shipping it, under the same posterior.
std::optional<Posterior> posterior_of(const Look& look, const Plan& plan, Direction direction);

}  // namespace liftmark
