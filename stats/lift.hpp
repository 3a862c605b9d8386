#pragma once
// The product's own two-arm estimators: one path for proportions, means, ratios and covariate adjustment.
//
// A mean is a ratio whose denominator is 1; a covariate is one more column; strata are epochs, and units with
// and without history within them. Two steps: `contrast` turns sufficient statistics into one value and its
// variance per arm; `estimate_lift` makes the interval and p-value on one scale from that.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "stats/co_moments.hpp"
#include "stats/estimate.hpp"
#include "stats/proportions.hpp"

namespace liftmark::stats {

/// How the covariate's slope is found. Both leave the difference unbiased; they differ by O(1/n).
enum class SlopeRule {
  within_arms,  ///< (sum over arms of Cov(Y, X)/n)^T (sum over arms of Var(X)/n)^-1: least variance of the
                ///< difference
  pooled,  ///< slope in the two arms taken as one sample, arm means not removed (Deng et al. 2013, as most
           ///< packages)
};

/// What the columns of the unit values are: [numerator][denominator if `ratio`][covariates ..].
struct UnitValues {
  bool ratio = false;
  bool binary = false;  ///< one 0/1 value: its unadjusted variance is p(1 - p), as in Katz and Wald intervals
  std::size_t covariates = 0;
  SlopeRule slope = SlopeRule::within_arms;
};

/// The units of both arms in one stratum: an epoch, or the units with (or without) history in an epoch.
struct Stratum {
  CoMoments control;
  CoMoments treatment;
  bool history = true;    ///< false: covariates say nothing here (units without history)
  std::size_t epoch = 0;  ///< strata of one epoch are one group of units where covariates are left aside
};

/// One arm, over all strata.
struct ArmEstimate {
  std::int64_t n = 0;  ///< units used
  double value = 0.0;  ///< mean or ratio, covariate-adjusted, strata weighted by their share of all units
  double unadjusted = 0.0;       ///< the same without covariates and without the strata they make: by epoch
  double variance = 0.0;         ///< of `value`: sum over strata of w^2 v / n
  double pooled_variance = 0.0;  ///< of `value` if units of both arms had one variance (no effect at all)
  double unadjusted_variance = 0.0;  ///< of `unadjusted`
  double satterthwaite = 0.0;        ///< sum over strata of (w^2 v / n)^2 / (n - 1)
};

/// Two arms ready to compare. If `reason` is not none, no other field means anything.
struct Contrast {
  ArmEstimate control;
  ArmEstimate treatment;
  double difference = 0.0;  ///< treatment.value - control.value, with the digits that subtraction would lose
  double pooled_value = 0.0;  ///< of both arms together
  double skewness = 0.0;      ///< of the pooled unit values; of a ratio: the larger of its two parts
  std::vector<double> slope;  ///< theta, one per covariate
  std::optional<double> variance_reduction;  ///< 1 - adjusted/unadjusted variance of the difference;
                                             ///< counts slopes and history strata alike
  std::size_t strata_left_out = 0;           ///< fewer than two units in an arm
  std::int64_t units_left_out = 0;
  Reason reason = Reason::none;
};

/// MEASUREMENT "Estimates" and "Epochs". Arm value: sum over strata s of w_s mean_s, w_s = n_s / n over both
/// arms; adjusted by - theta (mean(X in arm) - mean(X pooled)) within each stratum, one theta for all strata.
/// Ratio: numerator and denominator means are weighted first; unit variance of the linearised value
/// (M - r D) / mean(D) (Deng, Knoblich, Lu 2018, eq. 6). Covariance-adjusted ratio: the same on the
/// linearised value.
Contrast contrast(std::span<const Stratum> strata, const UnitValues& values);

/// The scale on which the interval and the p-value are made.
enum class Scale {
  absolute,  ///< treatment - control
  log,       ///< lift from log(treatment / control); both must be positive
  fieller,   ///< lift (treatment - control) / |control|, Fieller 1954; may be unbounded
};

/// Which standard error: MEASUREMENT "Standard error". Own: each arm's variance. Larger of both: at least
/// that of a common variance (log scale: common coefficient of variation), for sequences on skewed values.
enum class ErrorRule { own, larger_of_both };

enum class Side {
  two,
  greater,  ///< a lower bound at 1 - alpha; p-value against "not greater"
  less,     ///< an upper bound at 1 - alpha; p-value against "not less"
};

/// Normal critical values, or Student's t with Welch-Satterthwaite degrees of freedom on the same scale.
enum class Reference { normal, student };

struct Inference {
  double alpha = 0.05;  ///< total error: both sides for `two`, else of the one bound
  Side side = Side::two;
  Reference reference = Reference::normal;
  ErrorRule error = ErrorRule::own;
};

/// The contrast on the working scale: 0 under no effect. Fieller's is the absolute difference.
struct ScaledContrast {
  double value = 0.0;
  double standard_error = 0.0;
  double df = 0.0;  ///< Welch-Satterthwaite
};
/// Empty with a reason: zero_baseline, negative_baseline (a mean <= 0 on the log scale), zero_variance.
struct ScaledResult {
  std::optional<ScaledContrast> scaled;
  Reason reason = Reason::none;
};
ScaledResult on_scale(const Contrast& contrast, Scale scale, ErrorRule error);

/// Point, standard error (on the working scale), interval and p-value, all from one scale. `point` is the
/// absolute difference, or the lift as a fraction. Fieller's set that is not an interval: point and p-value
/// stay, reason unbounded.
Estimate estimate_lift(const Contrast& contrast, Scale scale, const Inference& inference = {});

/// A multiplier of the standard error made elsewhere, e.g. that of a confidence sequence at this n.
struct Critical {
  double multiplier = 1.96;
  double level = 0.95;
  Side side = Side::two;
  ErrorRule error = ErrorRule::own;
  IntervalKind kind = IntervalKind::confidence;
};
/// The same with that multiplier: point, standard error and interval; no p-value.
Estimate estimate_lift(const Contrast& contrast, Scale scale, const Critical& critical);

/// A lift of proportions when a count is small: interval by Miettinen and Nurminen's score for the difference
/// (Scale::absolute) or the ratio (else), p-value from the score statistic at no effect. Valid at any count.
Estimate score_lift(const Successes& control, const Successes& treatment, Scale scale, double alpha);
/// True if one of the four cells is below 20: the plan's rule for `score_lift` (MEASUREMENT "Estimates").
bool small_counts(const Successes& control, const Successes& treatment);

}  // namespace liftmark::stats
