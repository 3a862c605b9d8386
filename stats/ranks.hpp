#pragma once
// Rank tests and order statistics.

#include <cstdint>
#include <span>

#include "stats/estimate.hpp"

namespace liftmark::stats {

/// Mann and Whitney 1947: does x tend to be larger than y?
struct MannWhitney {
  double u = 0.0;    ///< pairs with x > y, ties counted half
  double auc = 0.0;  ///< u / (n1 n2): P(X > Y) + P(X = Y)/2
  double p_two_sided = 1.0;
  double p_greater = 1.0;  ///< x tends to be larger
  double p_less = 1.0;
  Reason reason = Reason::none;
};
/// Normal approximation with midranks, tie-corrected variance and continuity correction. All values equal:
/// zero_variance.
MannWhitney mann_whitney(std::span<const double> x, std::span<const double> y);
/// The permutation distribution of U. Reasons: invalid_input (ties), not_applicable (more than 40,000 pairs).
MannWhitney mann_whitney_exact(std::span<const double> x, std::span<const double> y);

/// Ranks (1-based) of the order statistics that enclose the `q` quantile of a sample of n with probability at
/// least about 1 - alpha: the alpha/2 and 1 - alpha/2 quantiles of Binomial(n, q), the upper one plus 1. Rank
/// 0 is -infinity, n + 1 is +infinity. Throws std::domain_error unless n >= 1, 0 < q < 1.
struct QuantileRanks {
  std::int64_t lower = 0;
  std::int64_t upper = 0;
  double coverage = 0.0;  ///< exact, for a continuous distribution
};
QuantileRanks quantile_ranks(std::int64_t n, double q, double alpha);

/// A quantile with its 95% order-statistic limits, found in a sample of `n_star` of the `n` values.
struct QuantileSummary {
  double quantile = 0.5;  ///< nu
  double value = 0.0, lower = 0.0, upper = 0.0;
  std::int64_t n_star = 0;
  std::int64_t n = 0;
};
/// Variance per value that makes the limits a Wald interval: (n_star/n)(n - 1)((upper - lower)/(2 z))^2, at
/// least 1e-5 from 100 values on (gbstats; Deng, Knoblich, Lu 2018, section 4). 0 when the limits say
/// nothing.
double quantile_variance(const QuantileSummary& summary);

/// Values clustered in units: sums over units of S (values below the quantile) and N (values).
struct QuantileClusters {
  std::int64_t units = 0;
  double below_sum = 0.0, below_squares = 0.0;
  double values_sum = 0.0, values_squares = 0.0;
  double products = 0.0;
};
/// The factor by which clustering changes that variance: the delta-method variance of S/N over nu(1 - nu)/n.
double clustering_factor(const QuantileSummary& summary, const QuantileClusters& clusters);

}  // namespace liftmark::stats
