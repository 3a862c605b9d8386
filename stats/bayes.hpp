#pragma once
// Bayesian two-arm comparison: normal posterior of an effect, and beta posteriors of two rates.
// Posterior probabilities of 95 % are not error rates: docs/error-rates.md has what they do when watched.

#include <optional>

#include "stats/estimate.hpp"

namespace liftmark::stats {

/// N(mean, variance) on the effect, variance > 0.
struct NormalPrior {
  double mean = 0;
  double variance = 0;
};

/// E max(X, 0) and E max(-X, 0) for X ~ N(mean, deviation^2), deviation >= 0: the loss of wrongly keeping the
/// control, and of wrongly shipping the treatment. mu Phi(mu/s) + s phi(mu/s), without cancellation in the
/// tail.
struct ExpectedLosses {
  double positive = 0;
  double negative = 0;
};
ExpectedLosses normal_expected_losses(double mean, double deviation);

struct EffectPosterior {
  double mean = 0;
  double deviation = 0;
  double chance_positive = 0;  ///< P(effect > 0)
  ExpectedLosses loss;
  Interval interval;  ///< central, credible
};
/// Posterior of an effect with a normal likelihood; without a prior it is flat. Throws std::domain_error
/// unless standard_error > 0, 0 < alpha < 1 and the prior's variance > 0. One chapter in any textbook: Gelman
/// et al. 2013, 2.5.
struct EffectLikelihood {
  double estimate = 0;
  double standard_error = 0;
};
EffectPosterior effect_posterior(const EffectLikelihood& likelihood, const std::optional<NormalPrior>& prior,
                                 double alpha);

/// A Beta(a, b) law, a and b > 0.
struct BetaLaw {
  double a = 1;
  double b = 1;
};
/// P(X > Y), independent. Miller 2015's sum for whole a, here by the trapezoidal rule on the logit scale of
/// the narrower law: any a and b, 1e-12 absolute, the same cost at 1e10 as at 10.
double probability_greater(const BetaLaw& x, const BetaLaw& y);
/// E max(X - Y, 0): the expected loss of choosing Y.
double expected_gain(const BetaLaw& x, const BetaLaw& y);

}  // namespace liftmark::stats
