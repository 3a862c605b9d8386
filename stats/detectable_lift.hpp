#pragma once
// The smallest effect a test of a given precision would find: the one formula behind planned and reported
// MDEs.

#include <optional>

namespace liftmark::stats {

/// The precision a test has, on the scale of its lift.
struct Precision {
  double standard_error = 0;     ///< of the working scale (log ratio, or relative to the control); > 0
  double critical_value = 1.96;  ///< what the estimate must exceed, in standard errors: z or a sequence's c_n
};

/// Smallest log ratio found with probability `power` (in (0, 1)), counting the near tail only:
/// (critical value + z_power) x standard error. Empty when the standard error is not positive and finite.
/// Source: Chow, Shao, Wang 2008, section 3.2, solved for the difference.
std::optional<double> detectable_log_lift(const Precision& precision, double power);

/// The same as a relative lift: exp(log lift) - 1.
std::optional<double> detectable_lift(const Precision& precision, double power);

}  // namespace liftmark::stats
