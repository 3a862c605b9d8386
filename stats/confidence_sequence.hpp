#pragma once
// Asymptotic confidence sequences: intervals and p-values that stay valid however often one looks.
//
// Everything is written in x = n rho^2, the number of units times the mixing precision, and z = estimate /
// standard error; sigma^2 = n Var(estimate) never has to be formed. Source: Waudby-Smith, Arbour, Sinha,
// Kennedy, Ramdas 2024, Ann. Statist. 52(6), 2613-2640 (arXiv 2103.06476), theorem 2.2 (two-sided),
// proposition B.1 (one-sided) and appendix B.2 (tuning).

#include <optional>

#include "stats/estimate.hpp"

namespace liftmark::stats {

/// Which side of the estimate is bounded. `lower` is the one-sided sequence whose interval is [lower, no
/// end).
enum class SequenceSide { two_sided, lower, upper };

/// Mixing precision rho^2 that makes the sequence tightest at `planned_n` units (> 0), by the exact condition
/// w - log w = 1 - 2 log a, w = n rho^2 + 1 (the Lambert W_{-1} branch). a = alpha, or 2 alpha for a
/// one-sided sequence; a in (0, 1). Throws std::logic_error outside: callers check what people type.
double tuned_rho_squared(double planned_n, double alpha, SequenceSide side = SequenceSide::two_sided);

/// The closed-form approximation gbstats uses, rho (not squared): sqrt((-2 log a + log(1 - 2 log a)) /
/// planned_n). Within 1 % of the exact width; kept for comparison.
double approximate_rho(double planned_n, double alpha, SequenceSide side = SequenceSide::two_sided);

/// Half-width divided by the standard error: c_n, which takes the place of a normal quantile. `x` = n rho^2 >
/// 0.
double sequence_critical_value(double x, double alpha, SequenceSide side = SequenceSide::two_sided);

/// Natural logarithm of the always-valid p-value of z, at most 0; finite for any finite z. For a one-sided
/// sequence z is signed so that positive speaks against the null value (`upper` negates it).
double sequence_log_p(double z, double x, SequenceSide side = SequenceSide::two_sided);

/// An estimate of two arms on the plan's scale at one look (stats/lift.hpp gives both errors: ErrorRule), and
/// what the burn-in needs.
struct SequenceLook {
  double estimate = 0;
  double own_standard_error = 0;     ///< from each arm's own variance
  double pooled_standard_error = 0;  ///< from both arms together, as under no effect; 0 if not known
  double n = 0;                      ///< mature units of the two compared arms
  double smallest_arm_n = 0;
  double skewness = 0;  ///< of the pooled unit values
  /// 0/1 metrics: the smallest of successes and failures over both arms.
  std::optional<double> smallest_cell = {};
};

/// What the plan fixed beforehand.
struct SequenceRule {
  double planned_n = 0;  ///< mature total of the two arms
  double alpha = 0.05;
  SequenceSide side = SequenceSide::two_sided;
  double null_value = 0;  ///< e.g. log(1 - margin) for a guardrail on the log scale
};

/// Whether the smallest arm has n >= max(100, 3 skewness^2) and, for 0/1 metrics, every cell has 20.
bool burn_in_is_over(const SequenceLook& look);

/// The product's always-valid interval and p-value: the larger of the two standard errors, tuned to the plan.
/// Before the burn-in: point and standard error only, reason `burn_in`. `zero_variance` when both errors are
/// 0; `invalid_input` for an alpha, n or planned n outside the domain.
Estimate confidence_sequence(const SequenceLook& look, const SequenceRule& rule);

}  // namespace liftmark::stats
