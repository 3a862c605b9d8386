#pragma once
// Mixture sequential probability ratio test for a difference of means, with a mixing variance fixed
// beforehand. It is the asymptotic confidence sequence with n rho^2 = n tau^2 / V
// (stats/confidence_sequence.hpp).

#include "stats/estimate.hpp"

namespace liftmark::stats {

/// After n pairs: difference of means against `null_value`, V the variance of one pair's difference, tau^2
/// the variance of the normal mixture over effects. V, n and tau above 0.
struct MixtureLook {
  double n = 0;
  double difference = 0;
  double pair_variance = 0;
  double tau = 0;
  double null_value = 0;
};

/// Natural log of Lambda_n = sqrt(V/(V + n tau^2)) exp(n^2 tau^2 (d - null)^2 / (2 V (V + n tau^2))).
/// Source: Johari, Koomen, Pekelis and Walsh 2022, Oper. Res. 70(3), 1806-1821. Throws std::domain_error.
double mixture_log_ratio(const MixtureLook& look);

/// Difference with its sequence at level 1 - alpha and p = min(1, 1/Lambda); `zero_variance`,
/// `invalid_input`.
Estimate mixture_sprt(const MixtureLook& look, double alpha);

/// Mixing variance for effects ~ N(0, effect_variance), data of unit variance and a test cut off at n:
/// tau_0^2 Phi(-b) / (phi(b)/b - Phi(-b)), b = sqrt(2 log(1/alpha) / (n tau_0^2)). Same source, section on
/// the mixture.
double optimal_mixing_variance(double effect_variance, double n, double alpha);

}  // namespace liftmark::stats
