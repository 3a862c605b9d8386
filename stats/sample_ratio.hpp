#pragma once
// Sample ratio: do the arms hold the shares of units they should? Once (chi-square) or at every look.

#include <optional>
#include <span>

#include "stats/estimate.hpp"

namespace liftmark::stats {

/// Units per arm and the shares they should have had. Shares need not sum to 1. Counts >= 0.
struct ArmCounts {
  std::span<const double> counts;
  std::span<const double> shares;
};

struct SampleRatioTest {
  std::optional<double> statistic;  ///< chi-square, or the natural log of the Bayes factor
  int degrees_of_freedom = 0;       ///< arms with a positive share, minus 1
  std::optional<double> p_value;    ///< 0 when a unit is in an arm whose share is zero
  bool unit_in_empty_arm = false;   ///< a failure by itself, whatever the other counts
  Reason reason =
      Reason::none;  ///< too_few_units: no units, or fewer than two arms with a share; invalid_input
};

/// Pearson's chi-square test (1900). Arms with a zero share do not count among the degrees of freedom.
SampleRatioTest sample_ratio_chi_square(const ArmCounts& arms);

/// Natural log of the Bayes factor of a Dirichlet(concentration x shares) alternative against the shares,
/// from cumulative counts. Its exponential is a martingale under the null, so it may be looked at any time.
/// Written as (A + N) KL(posterior mean | shares) plus Stirling remainders, so that no digits cancel at 1e10
/// units. +infinity when a unit is in an arm with a zero share. Throws std::logic_error on sizes that differ,
/// negative counts or shares, or a concentration that is not positive. Source: Lindon and Malek 2022 (arXiv
/// 2011.03567), eq. (9).
double log_bayes_factor(const ArmCounts& arms, double concentration);

/// Always-valid test on the epochs' counts (independent given their shares, so log Bayes factors add):
/// p = min(1, 1 / BF). The smallest p over past looks is valid as well, see `RunningPValue`.
SampleRatioTest sample_ratio_sequential(std::span<const ArmCounts> epochs, double concentration = 1000);

/// The smallest p-value over looks at an e-process: valid at any stopping time.
class RunningPValue {
 public:
  /// `log_e`: natural log of the e-process at this look. Returns the p-value after the look.
  double look(double log_e);
  double value() const;

 private:
  double smallest_log_p_ = 0;
};

}  // namespace liftmark::stats
