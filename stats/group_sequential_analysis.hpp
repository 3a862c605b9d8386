#pragma once
// Reading a group-sequential experiment at one of its looks.

#include <optional>
#include <span>

#include "stats/estimate.hpp"
#include "stats/group_sequential.hpp"

namespace liftmark::stats {

/// The statistic at the current (last) look. On any scale on which the estimate is about normal.
struct LookResult {
  double estimate = 0;
  double standard_error = 0;
  double level = 0.95;  ///< of the stage-wise interval; the repeated interval's level is that of the design
};

/// What one may say at a look.
struct GroupSequentialReading {
  /// Point, standard error, repeated confidence interval (valid whether or not one stops) and repeated
  /// p-value: the smallest alpha at which the same rule would have crossed at this look.
  Estimate repeated;
  double z = 0;
  double upper = 0;             ///< boundary at this look, z
  std::optional<double> lower;  ///< the other boundary, if any
  bool stops_above = false;
  bool stops_below = false;
  /// After stopping at this look, by stage-wise ordering: p-value (sides as in the rule), median-unbiased
  /// estimate and interval. Given at every look, meaningful when the experiment ends there.
  Estimate stage_wise;
};

/// `boundaries` are those of the looks made so far (efficacy_boundaries or boundaries_with_futility), `looks`
/// and `rule` what they were made from. Sources: Jennison and Turnbull 1989 (repeated intervals); Fairbanks
/// and Madsen 1982, Tsiatis, Rosner and Mehta 1984 (stage-wise ordering).
GroupSequentialReading read_look(const GroupSequentialRule& rule, const Looks& looks,
                                 const Boundaries& boundaries, const LookResult& result);

/// Probability, when E[Z] at the last look is `drift`, of an outcome at least as far up as stopping at the
/// last look of `boundaries` with this z. Stage-wise ordering: any earlier crossing above is further up.
double stage_wise_probability(const Boundaries& boundaries, double z, double drift);

/// Smallest alpha at which `rule` crosses at the last of `looks` with this z (sign ignored when two-sided).
double repeated_p_value(const GroupSequentialRule& rule, const Looks& looks, double z);

/// Where an experiment stands at information fraction t in (0, 1) of its only remaining, final look.
struct InterimState {
  double fraction = 0;
  double z = 0;
  double final_critical_z = 0;
};
/// Probability of crossing at the end given the data so far, if E[Z] at fraction 1 is `drift`.
/// 1 - Phi((c - z sqrt t - drift (1 - t)) / sqrt(1 - t)). The current trend is drift = z / sqrt t.
double conditional_power(const InterimState& state, double drift);
/// The same averaged over the posterior of the drift under a flat prior: Phi((z / sqrt t - c) sqrt(t / (1 -
/// t))).
double predictive_power(const InterimState& state);

/// Probability of crossing above at some look after look `k` (0-based) of the planned boundaries, given z
/// there. `mean_increments`: expected increments of B for each remaining look (drift times the fraction
/// gained). Cumulative over the remaining looks. With zero increments the total is the conditional rejection
/// probability.
std::vector<double> remaining_crossing(const Boundaries& planned, std::size_t k, double z,
                                       std::span<const double> mean_increments);

}  // namespace liftmark::stats
