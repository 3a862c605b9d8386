#include "engine/analyse/bayesian.hpp"

#include <algorithm>
#include <cmath>

#include "stats/distributions.hpp"

namespace liftmark {
namespace {

using stats::Estimate;
using stats::Reason;

/// Uniform prior: Beta(1, 1).
stats::BetaLaw rate(const stats::Successes& arm) {
  return {.a = 1 + static_cast<double>(arm.successes), .b = 1 + static_cast<double>(arm.n - arm.successes)};
}

double mean(const stats::BetaLaw& law) {
  return law.a / (law.a + law.b);
}

/// Central interval, or the asked bound at 1 - alpha.
stats::Interval credible(double centre, double deviation, const Ask& ask) {
  const double z = stats::normal_upper_quantile(ask.side == stats::Side::two ? ask.alpha / 2 : ask.alpha);
  stats::Interval interval{.lower = centre - z * deviation,
                           .upper = centre + z * deviation,
                           .level = 1 - ask.alpha,
                           .kind = stats::IntervalKind::credible};
  if (ask.side == stats::Side::greater) interval.upper.reset();
  if (ask.side == stats::Side::less) interval.lower.reset();
  return interval;
}

Estimate rates_estimate(const CountPair& counts, const Ask& ask) {
  const auto c = rate(counts.control), t = rate(counts.treatment);
  Estimate result;
  if (ask.scale == stats::Scale::absolute) {
    const auto variance = [](const stats::BetaLaw& law) {
      return mean(law) * (1 - mean(law)) / (law.a + law.b + 1);
    };
    result.point = mean(t) - mean(c);
    result.standard_error = std::sqrt(variance(c) + variance(t));
    result.interval = credible(*result.point, *result.standard_error, ask);
    return result;
  }
  const auto log_variance = [](const stats::BetaLaw& law) { return 1 / law.a - 1 / (law.a + law.b); };
  const double centre = std::log(mean(t) / mean(c));
  result.point = std::expm1(centre);
  result.standard_error = std::sqrt(log_variance(c) + log_variance(t));
  result.interval = credible(centre, *result.standard_error, ask);
  for (auto* end : {&result.interval->lower, &result.interval->upper})
    if (*end) *end = std::expm1(**end);
  return result;
}

}  // namespace

bool by_rates(const Look& look, const Plan& plan) {
  return look.counts && !plan.prior_mean && !plan.prior_standard_deviation;
}

stats::NormalPrior prior_of(const Plan& plan) {
  const double deviation = plan.prior_standard_deviation.value_or(kDefaultPriorDeviation);
  return {.mean = plan.prior_mean.value_or(kDefaultPriorMean), .variance = deviation * deviation};
}

std::optional<stats::EffectLikelihood> relative_effect(const stats::Contrast& contrast) {
  const double c = contrast.control.value, t = contrast.treatment.value;
  if (c == 0) return std::nullopt;
  const double variance = contrast.treatment.variance + t * t / (c * c) * contrast.control.variance;
  if (!(variance > 0)) return std::nullopt;
  return stats::EffectLikelihood{.estimate = contrast.difference / std::fabs(c),
                                 .standard_error = std::sqrt(variance) / std::fabs(c)};
}

Estimate bayesian(const Look& look, const Ask& ask) {
  if (by_rates(look, *ask.plan)) return rates_estimate(*look.counts, ask);
  const auto effect = relative_effect(look.contrast);
  if (!effect)
    return stats::cannot_say(look.contrast.control.value == 0 ? Reason::zero_baseline : Reason::zero_variance,
                             "");
  auto prior = prior_of(*ask.plan);
  auto likelihood = *effect;
  if (ask.scale == stats::Scale::absolute) {  // the prior is on the relative effect: scaled by the control
    const double scale = std::fabs(look.contrast.control.value);
    prior = {.mean = prior.mean * scale, .variance = prior.variance * scale * scale};
    const double variance = look.contrast.control.variance + look.contrast.treatment.variance;
    likelihood = {.estimate = look.contrast.difference, .standard_error = std::sqrt(variance)};
  }
  const auto posterior = stats::effect_posterior(likelihood, prior, ask.alpha);
  Estimate result;
  result.point = posterior.mean;
  result.standard_error = posterior.deviation;
  result.interval = credible(posterior.mean, posterior.deviation, ask);
  return result;
}

std::optional<Posterior> posterior_of(const Look& look, const Plan& plan, Direction direction) {
  const bool up = direction == Direction::increase;
  if (by_rates(look, plan)) {
    const auto c = rate(look.counts->control), t = rate(look.counts->treatment);
    return Posterior{
        .chance_better = up ? stats::probability_greater(t, c) : stats::probability_greater(c, t),
        .expected_loss = (up ? stats::expected_gain(c, t) : stats::expected_gain(t, c)) / mean(c)};
  }
  const auto effect = relative_effect(look.contrast);
  if (!effect) return std::nullopt;
  const auto posterior = stats::effect_posterior(*effect, prior_of(plan), plan.alpha);
  return Posterior{.chance_better = up ? posterior.chance_positive
                                       : stats::normal_sf(posterior.mean / posterior.deviation),
                   .expected_loss = up ? posterior.loss.negative : posterior.loss.positive};
}

}  // namespace liftmark
