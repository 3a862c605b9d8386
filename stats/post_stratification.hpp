#pragma once
// Post-stratification: strata weighted by their observed shares, the shares counted as random (multinomial).
// Miratrix, Sekhon, Yu 2013; Xie and Aurisset 2016. The form of gbstats, reachable through `calc`; the
// product weights its strata as fixed (lift.hpp), which is the variance given how many units each stratum
// has.

#include <cstdint>
#include <span>
#include <vector>

#include "stats/co_moments.hpp"

namespace liftmark::stats {

/// One stratum's means, control's parts first and then treatment's ((control, treatment) for a mean;
/// numerator and denominator of each for a ratio), with their covariance matrix, row by row.
struct StratumMeans {
  std::int64_t n = 0;  ///< units of both arms
  std::vector<double> value;
  std::vector<double> covariance;
};

/// Means of independent arms: columns of the moments, variance / n.
StratumMeans stratum_means(const CoMoments& control, const CoMoments& treatment);
/// The same after least squares of the first half of the columns on (1, arm, second half of the columns), at
/// the stratum's pooled covariate mean, whose own variance is added. Residual covariance over n - 3 (a mean)
/// or n - 6 (a ratio), as gbstats counts; needs more units than that.
StratumMeans regressed_stratum_means(const CoMoments& control, const CoMoments& treatment);

/// sum of shares x means; covariance (shares' multinomial part) + sum of shares^2 x covariances.
StratumMeans combine_strata(std::span<const StratumMeans> strata);

/// The effect and its standard error by the delta method: value of treatment less that of control, where the
/// value of two parts is their ratio; `relative`: over |value of control|.
struct StratifiedEffect {
  double effect = 0.0;
  double standard_error = 0.0;
  double control = 0.0;
};
StratifiedEffect stratified_effect(const StratumMeans& means, bool relative);

}  // namespace liftmark::stats
