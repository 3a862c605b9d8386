#pragma once
// Resampling: intervals and tests from the data itself, for statistics with no formula. Seeded; the same
// numbers for any number of threads, because every replicate has a stream of random numbers of its own.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "stats/estimate.hpp"

namespace liftmark::stats {

struct ResamplingOptions {
  std::size_t replicates = 10'000;
  std::uint64_t seed = 1;
  unsigned threads = 0;  ///< 0: one per processor
};

/// A statistic of a sample in any order, e.g. the median. Must be safe to call from several threads.
using SampleStatistic = std::function<double(std::span<const double>)>;

/// Ordinary bootstrap: the statistic of `replicates` samples of equal size drawn with replacement. Efron
/// 1979.
std::vector<double> bootstrap_replicates(std::span<const double> sample, const SampleStatistic& statistic,
                                         const ResamplingOptions& options);

/// One unit's totals: a clustered bootstrap draws units, not events. A mean has denominator 1 throughout.
struct UnitTotals {
  std::span<const double> numerator;
  std::span<const double> denominator;  ///< empty: 1 for every unit
};

/// Poisson bootstrap of sum(numerator) / sum(denominator): every unit's weight is Poisson(1), one pass a
/// replicate. Units whose numerator is 0 and denominator 1 enter by their count alone, whose weight is one
/// Poisson number. Chamandy et al. 2012 (Google), section 3. A replicate whose denominator is 0 is drawn as 0
/// / 0 and left out.
std::vector<double> poisson_bootstrap_ratio(const UnitTotals& units, const ResamplingOptions& options);

enum class BootstrapInterval { percentile, basic, bca };

/// Interval from replicates. `observed` is the statistic of the sample; `acceleration` is used by bca only.
/// Order statistics are interpolated on the scale of normal quantiles (Davison and Hinkley 1997, eq. 5.8).
/// Reasons: too_few_units (fewer than 2 finite replicates), zero_variance (all equal), no_convergence (bca
/// with every replicate on one side of `observed`).
Estimate bootstrap_interval(std::span<const double> replicates, double observed, BootstrapInterval kind,
                            double alpha, double acceleration = 0.0);

/// Share of replicates below the observed value, as a normal quantile. Efron 1987, z0. Empty if all lie on
/// one side.
std::optional<double> bias_correction(std::span<const double> replicates, double observed);

/// Acceleration from empirical influence values l: sum l^3 / (6 (sum l^2)^1.5). Efron 1987, eq. 6.6. 0 when
/// all are 0. For several samples divide each sample's values by its size first (Davison and Hinkley 1997,
/// section 5.3.2).
double acceleration(std::span<const double> influence);
/// Jackknife influence of each unit: (n - 1) (mean of the leave-one-out values - its own).
std::vector<double> jackknife_influence(std::span<const double> sample, const SampleStatistic& statistic);

/// Two-sided permutation test of the difference in means: (1 + permutations at least as extreme) / (1 +
/// replicates). Phipson and Smyth 2010. Reason: too_few_units.
Estimate permutation_test(std::span<const double> first, std::span<const double> second,
                          const ResamplingOptions& options);

double sample_mean(std::span<const double> sample);
/// Middle value; the mean of the two middle ones for an even count. The sample must not be empty.
double sample_median(std::span<const double> sample);

}  // namespace liftmark::stats
