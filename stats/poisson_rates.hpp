#pragma once
// Counts over time at risk: one Poisson rate and two.

#include "stats/estimate.hpp"

namespace liftmark::stats {

/// `events` (a whole number) in `time` at risk, any unit.
struct Exposed {
  double events = 0.0;
  double time = 0.0;
};

// Intervals have level 1 - alpha. Rates are per unit of time; comparisons are first minus or over second.
// Reasons: invalid_input (negative or fractional events, time <= 0), zero_baseline, zero_variance (no event
// at all).

/// Exact (Garwood 1936): gamma quantiles of shape x and x + 1.
Estimate poisson_rate(const Exposed& x, double alpha);
/// Score interval of the difference of rates, restricted maximum likelihood, no N/(N - 1).
Estimate poisson_difference(const Exposed& first, const Exposed& second, double alpha);
/// Score interval of the ratio of rates: a quadratic, since the restricted variance is.
Estimate poisson_ratio_score(const Exposed& first, const Exposed& second, double alpha);
/// Exact, conditional on the total: Clopper-Pearson on the share of the first; p-value two-sided binomial.
Estimate poisson_ratio_exact(const Exposed& first, const Exposed& second, double alpha);

/// Tests of equal rates. `point` is the z statistic: score (variance under equality), Wald, square root (Gu
/// et al. 2008).
Estimate poisson_score_test(const Exposed& first, const Exposed& second);
Estimate poisson_wald_test(const Exposed& first, const Exposed& second);
Estimate poisson_sqrt_test(const Exposed& first, const Exposed& second);

}  // namespace liftmark::stats
