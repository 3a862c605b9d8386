#pragma once
// Two proportions: difference, ratio, odds ratio and tests, always the first group minus (or over) the
// second.

#include "stats/estimate.hpp"
#include "stats/proportions.hpp"

namespace liftmark::stats {

// Intervals are two-sided with level 1 - alpha. An end that does not exist (an infinite ratio) is empty.
// Reasons: too_few_units (an empty group), invalid_input, and as said.

/// d -+ z sqrt(p1 q1/n1 + p2 q2/n2). Covers badly for small counts.
Estimate wald_difference(const Successes& first, const Successes& second, double alpha);
/// Wald after one success and one failure more in each group (Agresti and Caffo 2000). Not clipped to [-1,
/// 1].
Estimate agresti_caffo_difference(const Successes& first, const Successes& second, double alpha);
/// Wilson limits combined (Newcombe 1998b, method 10).
Estimate newcombe_difference(const Successes& first, const Successes& second, double alpha);
/// Score intervals: all differences that the score test does not reject. Mee 1984; Miettinen and Nurminen
/// 1985 multiply the variance by N/(N - 1). Ours for small counts. The p-value is the score test's at no
/// difference.
Estimate mee_difference(const Successes& first, const Successes& second, double alpha);
Estimate miettinen_nurminen_difference(const Successes& first, const Successes& second, double alpha);

/// Katz et al. 1978: log ratio -+ z sqrt(1/x1 - 1/n1 + 1/x2 - 1/n2). Without a success in a group:
/// zero_baseline.
Estimate katz_ratio(const Successes& first, const Successes& second, double alpha);
/// The same with 1/2 added to every x and n (Walter 1975).
Estimate walter_ratio(const Successes& first, const Successes& second, double alpha);
/// Score intervals for the ratio: Koopman 1984, and with N/(N - 1) Miettinen and Nurminen 1985.
Estimate koopman_ratio(const Successes& first, const Successes& second, double alpha);
Estimate miettinen_nurminen_ratio(const Successes& first, const Successes& second, double alpha);

/// Woolf 1955. An empty cell: zero_baseline.
Estimate woolf_odds_ratio(const Successes& first, const Successes& second, double alpha);
/// The same with 1/2 added to each cell (Gart 1966).
Estimate gart_odds_ratio(const Successes& first, const Successes& second, double alpha);
/// Score interval for the odds ratio (Miettinen and Nurminen 1985). No point where it is infinite or
/// undefined.
Estimate miettinen_nurminen_odds_ratio(const Successes& first, const Successes& second, double alpha);
/// Conditional on both margins (Fisher): conditional maximum likelihood, exact limits, two-sided p-value
/// summing the tables no likelier than the one seen. No point where it is infinite.
Estimate fisher_odds_ratio(const Successes& first, const Successes& second, double alpha);

/// z = d / sqrt(p(1 - p)(1/n1 + 1/n2)) with p pooled. Zero pooled variance: zero_variance.
Estimate pooled_z_test(const Successes& first, const Successes& second);
/// z = d / Wald standard error.
Estimate unpooled_z_test(const Successes& first, const Successes& second);
/// Pearson's chi-square on the 2x2 table, and with Yates' correction min(1/2, |O - E|). `point` is the
/// statistic.
Estimate chi2_test(const Successes& first, const Successes& second);
Estimate chi2_yates_test(const Successes& first, const Successes& second);

/// Fisher's exact test. `slack`: relative allowance when probabilities are compared (1e-7 in R, 1e-14 in
/// SciPy).
struct FisherTest {
  double two_sided = 1.0;
  double greater = 1.0;  ///< the first group has more
  double less = 1.0;
};
/// Throws std::domain_error on impossible counts.
FisherTest fisher_test(const Successes& first, const Successes& second, double slack = 1e-14);

/// Standard error of p1 - p2 at the maximum likelihood subject to p1 - p2 = margin, with N/(N - 1).
double miettinen_nurminen_standard_error(const Successes& first, const Successes& second, double margin);

/// How the standard error at the margin is made.
enum class MarginError { wald, agresti_caffo, miettinen_nurminen };
/// Test of p1 - p2 > margin (`larger`) or < margin. `standard_error`, and p-value of the one-sided z test.
struct MarginTest {
  double margin = 0.0;
  bool larger = true;
  MarginError error = MarginError::miettinen_nurminen;
};
/// `point` is the difference (shrunken for Agresti-Caffo); z is (point - margin) / standard_error.
Estimate noninferiority_test(const Successes& first, const Successes& second, const MarginTest& test);

}  // namespace liftmark::stats
