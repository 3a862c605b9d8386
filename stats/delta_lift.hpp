#pragma once
// Lift by the delta method as other packages define it: reachable through `calc`, for comparison with them.
// The product's own choice is lift.hpp; docs/methods.md says where they differ and why.

#include <cstdint>
#include <optional>

#include "stats/co_moments.hpp"
#include "stats/estimate.hpp"
#include "stats/lift.hpp"

namespace liftmark::stats {

/// One arm as a value with a variance per unit: a mean, a proportion, a ratio, covariate-adjusted or not.
struct DeltaArm {
  std::int64_t n = 0;
  double value = 0.0;
  double variance = 0.0;
  double baseline = 0.0;  ///< the value without adjustment: what a relative effect is divided by
  /// Control only: per-unit variance of the control's part in a relative effect, times baseline^2.
  /// Unadjusted: variance (value_t / value_c)^2.
  double relative_variance = 0.0;
};

struct DeltaQuestion {
  bool relative = false;
  double alpha = 0.05;
  Side side = Side::two;
  double scale = 1.0;        ///< multiplies effect and standard error, e.g. to the whole population per day
  std::optional<double> df;  ///< instead of Welch-Satterthwaite on the absolute variances
};

/// Estimate with its t interval; df as used.
struct DeltaLift {
  Estimate estimate;
  double df = 0.0;
};
/// Absolute: value_t - value_c. Relative: the same over |baseline of control|, variance by the delta method;
/// t with Welch df of the absolute variances (gbstats). Reasons: zero_variance (a variance <= 0),
/// zero_baseline.
DeltaLift delta_lift(const DeltaArm& control, const DeltaArm& treatment, const DeltaQuestion& question);

/// The same for an effect and a standard error made elsewhere (post-stratification).
DeltaLift delta_interval(double effect, double standard_error, double df, const DeltaQuestion& question);

/// mean(numerator) / mean(denominator) and the linearised unit variance, from columns of `moments`.
/// Deng, Knoblich, Lu 2018, eq. (6).
struct RatioColumns {
  std::size_t numerator = 0;
  std::size_t denominator = 1;
};
double ratio_value(const CoMoments& moments, const RatioColumns& columns);
double ratio_covariance(const CoMoments& moments, const RatioColumns& a, const RatioColumns& b);

/// Relative interval on the log scale with the p-value of the absolute test (tea-tasting): the two may
/// disagree.
struct LogDeltaQuestion {
  double alpha = 0.05;
  Side side = Side::two;
  bool student = true;  ///< t; else normal
  bool equal_variances = false;
};
struct LogDeltaLift {
  Estimate absolute;
  Estimate relative;
  double statistic = 0.0;
};
LogDeltaLift log_delta_lift(const DeltaArm& control, const DeltaArm& treatment,
                            const LogDeltaQuestion& question);

}  // namespace liftmark::stats
