#pragma once
// One proportion: intervals for successes of n, and the exact binomial test.

#include <cstdint>

#include "stats/estimate.hpp"

namespace liftmark::stats {

/// `successes` of `n` units.
struct Successes {
  std::int64_t successes = 0;
  std::int64_t n = 0;
};

// Each returns the point successes / n and the two-sided interval of level 1 - alpha, within [0, 1].
// Reasons: too_few_units (n = 0), invalid_input (counts that cannot be, alpha outside (0, 1)).

/// Wald: p -+ z sqrt(p(1 - p)/n). Covers badly for small counts; for comparison only.
Estimate wald_proportion(const Successes& x, double alpha);
/// Wilson 1927, the score interval: our default for one proportion.
Estimate wilson(const Successes& x, double alpha);
/// Wilson's with continuity correction min(1/2, |x - n/2|) (Newcombe 1998a, method 4, in R's form).
Estimate wilson_continuity(const Successes& x, double alpha);
/// Clopper and Pearson 1934: exact, coverage at least 1 - alpha, wide.
Estimate clopper_pearson(const Successes& x, double alpha);
/// Agresti and Coull 1998.
Estimate agresti_coull(const Successes& x, double alpha);
/// Equal-tailed Beta(x + 1/2, n - x + 1/2); the ends are not moved to 0 or 1 at x = 0 or n.
Estimate jeffreys(const Successes& x, double alpha);

/// Exact two-sided test of probability `p0`: the total probability of outcomes no likelier than the one seen
/// (relative slack 1e-7, as R's binom.test). Point and p-value.
Estimate binomial_test(const Successes& x, double p0);

/// none, or why these counts are no proportion.
Reason problem_with(const Successes& x);

}  // namespace liftmark::stats
