#pragma once
// Uniform boundaries for martingales and the confidence sequences made from them.
//
// A boundary u(v) bounds a sum S with variance process V: P(some time: S >= u(V)) <= alpha. Every mixture has
// a variance `v_opt` at which it is tightest, at error `alpha_opt`. Sources: Robbins 1970; Howard, Ramdas,
// McAuliffe and Sekhon 2021, Ann. Statist. 49(2), 1055-1080 (propositions 4 to 9 and theorem 1).

#include "stats/estimate.hpp"

namespace liftmark::stats {

/// Where a mixture is tightest. All positive; alpha_opt < 1 (below 1/2 one-sided).
struct MixtureTuning {
  double v_opt = 1;
  double alpha_opt = 0.05;
  bool one_sided = false;
};

/// The mixture's precision: v_opt / (2 log(1/a) + log(1 + 2 log(1/a))), a = alpha_opt, or 2 alpha_opt
/// one-sided.
double mixture_precision(const MixtureTuning& tuning);

/// Normal mixture, for sums with sub-Gaussian increments. `v` >= 0.
double normal_log_mixture(double s, double v, const MixtureTuning& tuning);
double normal_mixture_bound(double v, double alpha, const MixtureTuning& tuning);

/// Increments in [-g, h], g and h > 0.
struct BoundedIncrements {
  double g = 0;
  double h = 0;
};
/// Beta-binomial mixture. `s` in [-v/h, v/g], v > 0.
double beta_binomial_log_mixture(double s, double v, const BoundedIncrements& range,
                                 const MixtureTuning& tuning);
/// At most v / g, which is returned when no smaller sum reaches the bound.
double beta_binomial_mixture_bound(double v, double alpha, const BoundedIncrements& range,
                                   const MixtureTuning& tuning);

/// Gamma-exponential mixture, for sub-exponential increments with scale c > 0. One-sided: `tuning.one_sided`
/// is ignored.
double gamma_exponential_log_mixture(double s, double v, double c, const MixtureTuning& tuning);
double gamma_exponential_mixture_bound(double v, double alpha, double c, const MixtureTuning& tuning);

/// Polynomial stitched boundary: tight at all scales of v above v_min; c >= 0 is the sub-gamma scale.
struct Stitching {
  double v_min = 1;
  double c = 0;
  double s = 1.4;  ///< > 1
  double eta = 2;  ///< > 1
};
double poly_stitching_bound(double v, double alpha, const Stitching& stitching);

/// Confidence sequence for a probability from `successes` of `n` (0 <= successes <= n, n > 0): every p that
/// the two-sided beta-binomial mixture tuned at p(1-p) t_opt has not excluded.
struct BernoulliLook {
  double successes = 0;
  double n = 0;
};
Estimate bernoulli_sequence(const BernoulliLook& look, double alpha, double t_opt, double alpha_opt = 0.05);

}  // namespace liftmark::stats
