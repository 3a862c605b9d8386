#include "stats/bayes.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <boost/math/special_functions/beta.hpp>

#include "stats/distributions.hpp"
#include "stats/stirling.hpp"

namespace liftmark::stats {
namespace {

void require(bool condition, const char* what) {
  if (!condition) throw std::domain_error(what);
}

/// s phi(t) - |mu| Phi(-t), t = |mu|/s: the expected loss on the unlikely side.
double unlikely_loss(double size, double deviation) {
  const double t = size / deviation;
  if (t < 5) return std::max(0.0, deviation * normal_pdf(t) - size * normal_sf(t));
  // s phi(t) (1 - t M(t)), M the Mills ratio; 1 - t M = 1/t^2 - 3/t^4 + 15/t^6 - .. cancels, so by its
  // continued fraction t M = t / (t + 1/(t + 2/(t + ..))), 1 - t M = r / (t + r) with r = 1/(t + 2/(t + 3/(t
  // + ..))).
  double r = 0;
  for (int k = 60; k >= 1; --k) r = k / (t + r);
  return deviation * normal_pdf(t) * (r / (t + r));
}

/// A beta law on the logit scale y = log(p / (1 - p)).
class LogitBeta {
 public:
  explicit LogitBeta(const BetaLaw& law) : law_(law), mode_(std::log(law.a / law.b)) {
    // Beyond 1e15 a count is no longer exact, and the incomplete beta function takes minutes.
    require(law.a > 0 && law.b > 0 && law.a <= 1e15 && law.b <= 1e15,
            "a beta law needs a and b above 0 and at most 1e15");
    // log of the density at the mode, p = a/(a+b): a log p + b log q - log B(a, b), by Stirling's formula.
    log_top_ = 0.5 * std::log(law.a) + 0.5 * std::log(law.b) - 0.5 * std::log(law.a + law.b) -
               0.918938533204672742 - stirling_remainder(law.a) - stirling_remainder(law.b) +
               stirling_remainder(law.a + law.b);
  }
  double deviation() const { return std::sqrt(1 / law_.a + 1 / law_.b); }
  double mode() const { return mode_; }
  /// log of density / density at the mode: a log(p/p0) + b log(q/q0), written so that it does not cancel near
  /// the mode.
  double log_drop(double y) const {
    const double u = y - mode_, p = 1 / (1 + std::exp(-mode_)), q = 1 / (1 + std::exp(mode_));
    // p/p0 = e^u / (q0 + p0 e^u), q/q0 = 1 / (q0 + p0 e^u): in terms of the rarer of the two, so that neither
    // product is as large as the count of the other.
    if (p > q) return -law_.b * u - (law_.a + law_.b) * std::log1p(q * std::expm1(-u));
    return law_.a * u - (law_.a + law_.b) * std::log1p(p * std::expm1(u));
  }
  double log_top() const { return log_top_; }

 private:
  BetaLaw law_;
  double mode_;
  double log_top_ = 0;
};

/// Integral of f(p, 1 - p) over a beta law, f bounded and no narrower than the law.
template <typename Function>
double expectation(const BetaLaw& law, Function f) {
  const LogitBeta density(law);
  const double step = std::min(0.2, density.deviation() / 2.5);
  double sum = 0;
  for (const double direction : {-1.0, 1.0}) {
    for (double i = direction > 0 ? 0 : 1; i < 1e6; ++i) {
      const double y = density.mode() + direction * i * step, drop = density.log_drop(y);
      if (drop < -700) break;
      sum += std::exp(drop) * f(1 / (1 + std::exp(-y)), 1 / (1 + std::exp(y)));
    }
  }
  return sum * step * std::exp(density.log_top());
}

bool narrower(const BetaLaw& x, const BetaLaw& y) {
  return LogitBeta(x).deviation() <= LogitBeta(y).deviation();
}

/// P(Beta(a, b) <= p), with the smaller of p and q = 1 - p given exactly.
double cdf(const BetaLaw& law, double p, double q) {
  return p <= q ? beta_cdf(p, law.a, law.b) : beta_sf(q, law.b, law.a);
}
double sf(const BetaLaw& law, double p, double q) {
  return cdf({.a = law.b, .b = law.a}, q, p);
}

double mean(const BetaLaw& law) {
  return law.a / (law.a + law.b);
}
BetaLaw size_biased(const BetaLaw& law) {
  return {.a = law.a + 1, .b = law.b};
}

/// E max(X - Y, 0) by conditioning on the narrower of the two.
double gain_integral(const BetaLaw& x, const BetaLaw& y) {
  if (narrower(x, y))  // E max(p - Y, 0) = p P(Y <= p) - E[Y; Y <= p]
    return expectation(x, [&](double p, double q) {
      return std::max(0.0, p * cdf(y, p, q) - mean(y) * cdf(size_biased(y), p, q));
    });
  return expectation(y, [&](double p, double q) {
    return std::max(0.0, mean(x) * sf(size_biased(x), p, q) - p * sf(x, p, q));
  });
}

}  // namespace

ExpectedLosses normal_expected_losses(double mean, double deviation) {
  require(deviation >= 0 && std::isfinite(mean) && std::isfinite(deviation),
          "a standard deviation must be at least 0");
  const double size = std::abs(mean);
  const double unlikely = deviation > 0 ? unlikely_loss(size, deviation) : 0.0;
  return mean >= 0 ? ExpectedLosses{.positive = size + unlikely, .negative = unlikely}
                   : ExpectedLosses{.positive = unlikely, .negative = size + unlikely};
}

EffectPosterior effect_posterior(const EffectLikelihood& likelihood, const std::optional<NormalPrior>& prior,
                                 double alpha) {
  require(likelihood.standard_error > 0 && std::isfinite(likelihood.standard_error) &&
              std::isfinite(likelihood.estimate),
          "a standard error must be above 0");
  require(alpha > 0 && alpha < 1, "alpha must be between 0 and 1");
  require(!prior || (prior->variance > 0 && std::isfinite(prior->mean)),
          "a prior's variance must be above 0");
  const double variance = likelihood.standard_error * likelihood.standard_error;
  EffectPosterior posterior;
  // Weight of the prior, v/(v + v0), rather than precisions: a wide prior then loses nothing.
  const double weight = prior ? variance / (variance + prior->variance) : 0.0;
  posterior.mean = likelihood.estimate + (prior ? weight * (prior->mean - likelihood.estimate) : 0.0);
  posterior.deviation = likelihood.standard_error * std::sqrt(1 - weight);
  posterior.chance_positive = normal_cdf(posterior.mean / posterior.deviation);
  posterior.loss = normal_expected_losses(posterior.mean, posterior.deviation);
  const double half = posterior.deviation * normal_upper_quantile(0.5 * alpha);
  posterior.interval = Interval{.lower = posterior.mean - half,
                                .upper = posterior.mean + half,
                                .level = 1 - alpha,
                                .kind = IntervalKind::credible};
  return posterior;
}

double probability_greater(const BetaLaw& x, const BetaLaw& y) {
  const double probability = narrower(x, y) ? expectation(x, [&](double p, double q) { return cdf(y, p, q); })
                                            : expectation(y, [&](double p, double q) { return sf(x, p, q); });
  return std::clamp(probability, 0.0, 1.0);
}

double expected_gain(const BetaLaw& x, const BetaLaw& y) {
  const double ahead = mean(x) - mean(y);
  // The unlikely side by integration, the likely one from E(X - Y), so that neither cancels.
  return ahead <= 0 ? gain_integral(x, y) : ahead + gain_integral(y, x);
}

}  // namespace liftmark::stats
