#include "stats/baseline.hpp"

#include <cmath>
#include <cstdint>
#include <stdexcept>

#include <boost/math/tools/toms748_solve.hpp>

namespace liftmark::stats {
namespace {

/// Of an exponential time T with hazard x and a window of 1: the mean of 1 - min(T, 1) and the variance of
/// min(T, 1). Small hazards by their series: the closed forms would lose every digit.
struct Restricted {
  double left = 0, variance = 0;
};

Restricted restricted(double x) {
  if (x >= 1) {
    const double over = std::exp(-x);
    return {.left = 1 + std::expm1(-x) / x, .variance = (1 - 2 * x * over - over * over) / x / x};
  }
  // E(1 - min) = sum (-1)^(k+1) x^k / (k+1)!; E(1 - min)^2 = 2 sum (-1)^(k+1) x^k / (k+2)!
  double mean = 0, square = 0, term = x / 2;
  for (int k = 1; k < 40 && std::abs(term) > 1e-18 * x; ++k) {
    mean += term;
    square += 2 * term / (k + 2);
    term *= -x / (k + 2);
  }
  return {.left = mean, .variance = square - mean * mean};
}

}  // namespace

double hazard_of_restricted_mean(double share) {
  if (!(share > 1e-300 && share < 1.0)) throw std::domain_error("a restricted mean lies inside its window");
  // The share of the window is below 1/x and above 1 - x/2: the hazard lies between 2 (1 - share) and
  // 1/share, here a little wider for roundings. Whichever of the share and its rest is small is compared.
  const auto excess = [&](double x) {
    return share < 0.5 ? -std::expm1(-x) / x - share : (1 - share) - restricted(x).left;
  };
  std::uintmax_t iterations = 300;
  const auto found = boost::math::tools::toms748_solve(
      excess, 1.9 * (1 - share), 2 / share + 4, boost::math::tools::eps_tolerance<double>(50), iterations);
  return 0.5 * (found.first + found.second);
}

double treated_variance(const Baseline& baseline, double change, bool multiplies) {
  const double treated = baseline.mean + change;
  if (baseline.proportion) {
    if (!(treated > 0.0)) throw std::domain_error("the lifted proportion would not be above 0%");
    if (treated >= 1.0) throw std::domain_error("the lifted proportion would exceed 100%");
    return treated * (1.0 - treated);
  }
  if (baseline.window > 0.0) {
    if (!(treated > 0.0 && treated < baseline.window))
      throw std::domain_error("the lifted restricted mean would leave its window");
    const double before = restricted(hazard_of_restricted_mean(baseline.mean / baseline.window)).variance;
    const double after = restricted(hazard_of_restricted_mean(treated / baseline.window)).variance;
    return baseline.variance * (after / before);
  }
  if (!multiplies) return baseline.variance;
  const double factor = treated / baseline.mean;
  return baseline.variance * factor * factor;
}

Baseline quantile_baseline(const QuantileValues& values) {
  if (!(values.probability > 0.0 && values.probability < 1.0))
    throw std::domain_error("a quantile's probability lies in (0, 1)");
  if (!std::isfinite(values.quantile)) throw std::domain_error("the quantile must be a number");
  if (!(values.density > 0.0) || !std::isfinite(values.density))
    throw std::domain_error("the density at the quantile must be positive");
  if (!(values.values_per_unit > 0.0) || !std::isfinite(values.values_per_unit))
    throw std::domain_error("values per unit must be positive");
  if (!(values.design_effect > 0.0) || !std::isfinite(values.design_effect))
    throw std::domain_error("the design effect must be positive");
  const double variance = values.probability * (1 - values.probability) * values.design_effect /
                          values.density / values.density / values.values_per_unit;
  if (!(variance > 0.0) || !std::isfinite(variance))
    throw std::domain_error("the density is too extreme for a variance");
  return {.mean = values.quantile, .variance = variance};
}

Baseline restricted_mean_baseline(double event_share, double window) {
  if (!(event_share > 0.0 && event_share < 1.0))
    throw std::domain_error("the share of units with the event lies in (0, 1)");
  if (!(window > 0.0) || !std::isfinite(window)) throw std::domain_error("the window must be positive");
  const Restricted time = restricted(-std::log1p(-event_share));
  const double mean = window * (1 - time.left), variance = window * window * time.variance;
  if (!(variance > 0.0) || !std::isfinite(variance) || !(mean < window))
    throw std::domain_error("the share of units with the event is too extreme for a variance");
  return {.mean = mean, .variance = variance, .window = window};
}

}  // namespace liftmark::stats
