#pragma once
// How many events a log-rank test needs.

#include "stats/power.hpp"

namespace liftmark::stats {

/// Two arms with proportional hazards; the design, share, alpha and power of `design` (its baseline is not
/// read, a margin is refused: `null_ratio` is the margin).
struct HazardQuestion {
  double hazard_ratio = 1;  ///< treatment / control as expected, > 0
  double null_ratio = 1;    ///< under the null; other than 1: a one-sided margin, > 0
  PlanQuestion design;
};

/// Events of both arms together: (z_a + z_b)^2 / (p (1 - p) log(HR / HR0)^2), Schoenfeld 1981, Biometrika 68,
/// 316-319; sequential designs by the inflation of lift_sample_size. Each event tells as much of the log
/// hazard as a unit whose value has a coefficient of variation of 1, so that it is the plan of such a mean.
/// Throws std::domain_error where there is nothing to find.
double schoenfeld_events(const HazardQuestion& question);
/// Power with that many events.
double schoenfeld_power(const HazardQuestion& question, double events);

/// Freedman 1982, Statist. Med. 1, 121-129: (z_a + z_b)^2 (1 + f HR)^2 / (f (1 - HR)^2), f the treatment's
/// units over the control's. No margin.
double freedman_events(const HazardQuestion& question);

/// Share of all units that have the event when it is `control_share` of the control's, in (0, 1): the
/// treatment's is 1 - (1 - share)^HR. Units needed are events over this.
double event_probability(const HazardQuestion& question, double control_share);

}  // namespace liftmark::stats
