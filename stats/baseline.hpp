#pragma once
// What planning knows of a metric before an experiment: its value, how it varies, and how that would change
// with a lift.

namespace liftmark::stats {

/// One arm's unit values as expected: what an analysis would find without an effect. For a measure that is
/// not a mean (a ratio, a quantile) the unit values are the linearised ones, as in the analysis.
struct Baseline {
  double mean = 0;             ///< of a ratio metric, the ratio; of a quantile metric, the quantile
  double variance = 0;         ///< per unit; of a proportion, mean (1 - mean)
  bool proportion = false;     ///< of 0/1 values
  double variance_kept = 1.0;  ///< after covariate adjustment: 1 - variance reduction, in (0, 1]
  double window = 0;  ///< above 0: the mean of min(time to an event, window), in the window's unit of time
};

/// Variance per unit of the treated arm when its mean is `mean` + `change`, before covariates:
/// - proportion: p (1 - p) at the new rate;
/// - restricted mean: the baseline's times the ratio of two exponential times' variances, at the new mean and
///   at the old one: nobody can stay longer than the window;
/// - else the same coefficient of variation if `multiplies`, the same variance if not.
/// Throws std::domain_error where a proportion would leave (0, 1) or a restricted mean (0, window).
double treated_variance(const Baseline& baseline, double change, bool multiplies);

/// Event values as a quantile metric reads them: units with several values, one density at the quantile.
struct QuantileValues {
  double probability = 0.5;    ///< of the quantile, in (0, 1)
  double quantile = 0;         ///< the value there
  double density = 0;          ///< share of values per unit of value at the quantile, > 0
  double values_per_unit = 1;  ///< of all exposed units, > 0
  double design_effect = 1;    ///< variance of the share below the quantile over that of independent values
};
/// Unit variance p (1 - p) design_effect / (density^2 values_per_unit): the variance of the sample quantile
/// times its units. Serfling 1980, 2.3.3; clustering as Deng, Knoblich, Lu 2018, section 4. Throws
/// std::domain_error for values outside the domain.
Baseline quantile_baseline(const QuantileValues& values);

/// Mean and variance of min(time, window) of an exponential time of which a share `event_share` in (0, 1) is
/// over within `window` > 0. Throws std::domain_error outside that.
Baseline restricted_mean_baseline(double event_share, double window);

/// The exponential hazard times the window at which a restricted mean is `share` of the window, in (0, 1).
double hazard_of_restricted_mean(double share);

}  // namespace liftmark::stats
