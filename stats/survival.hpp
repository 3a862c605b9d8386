#pragma once
// Time to event with censoring: how long until a second order, how many are still active.

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "stats/estimate.hpp"

namespace liftmark::stats {

/// One unit: followed for `time` (> 0 or 0, any unit of time), which ended in the event or in censoring.
struct FollowUp {
  double time = 0;
  bool event = false;
};

/// One step of the survival curve: at `time`, `events` of the `at_risk` units followed at least that long.
struct SurvivalStep {
  double time = 0;
  double at_risk = 0;
  double events = 0;
  double survival = 1;  ///< just after `time`
  double greenwood =
      0;  ///< sum of d / (n (n - d)) so far; variance of log S. Meaningless once survival is 0.
};

/// The product-limit curve at each distinct event time, ascending. Kaplan and Meier 1958; Greenwood 1926.
std::vector<SurvivalStep> kaplan_meier(std::span<const FollowUp> units);

enum class SurvivalInterval { plain, log, log_log };

/// S(t), right-continuous, with Greenwood's standard error and an interval clipped to [0, 1] at level 1 -
/// alpha. Where S is 0 there is no standard error and no interval (`zero_variance`); where S is 1 both are
/// [1, 1]. `at_risk` counts units followed at least until t. log-log is the default: it stays inside (0, 1)
/// by itself.
struct SurvivalAt {
  double survival = 1;
  double at_risk = 0;
  std::optional<double> standard_error, lower, upper;
};
SurvivalAt survival_at(std::span<const FollowUp> units, std::span<const SurvivalStep> curve, double t,
                       double alpha, SurvivalInterval kind = SurvivalInterval::log_log);

/// Mean time without the event within [0, horizon], with its standard error: the area under the curve.
/// Klein and Moeschberger 2003, eqs. (4.5.1) and (4.5.2).
Estimate restricted_mean(std::span<const FollowUp> units, double horizon, double alpha);

/// Two groups: do their hazards differ? `weight_rho` 0: log-rank; 1: Peto-Peto (weights S just before each
/// time). Mantel 1966; Harrington and Fleming 1982. Empty chi_square: no information (no event with both
/// groups at risk).
struct LogRank {
  double observed[2] = {0, 0};
  double expected[2] = {0, 0};
  std::optional<double> chi_square, p_value;
};
LogRank log_rank(std::span<const FollowUp> first, std::span<const FollowUp> second, double weight_rho = 0.0);

/// Hazard of `treated` over `control`, proportional hazards, ties by Efron's method; interval and p by Wald
/// on the log. `point` is the hazard ratio, `standard_error` that of its logarithm. Cox 1972; Efron 1977.
Estimate hazard_ratio(std::span<const FollowUp> treated, std::span<const FollowUp> control, double alpha);

}  // namespace liftmark::stats
