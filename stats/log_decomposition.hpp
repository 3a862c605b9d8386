#pragma once
// A product of means taken apart: what part of a lift came through which factor.

#include <vector>

#include "stats/estimate.hpp"

namespace liftmark::stats {

/// One arm's chain of means per unit, each a part of the one before: bought, orders, gross, net. All > 0.
struct MeanChain {
  std::vector<double> means;
  std::vector<std::vector<double>>
      covariance;  ///< of the means themselves: units' covariance / n, strata weighted
};

/// A difference of logs: adds up, unlike a lift. exp(value) - 1 is the part's lift.
struct LogEffect {
  double value = 0;
  double standard_error = 0;
};

struct LogDecomposition {
  std::vector<LogEffect> parts;  ///< of means[0], means[1] / means[0], ..; their values add up to the total's
  LogEffect total;               ///< of the last mean
  Reason reason = Reason::none;  ///< negative_baseline: a mean is not above 0
};

/// Delta method with the full covariance of the means, arms independent. MEASUREMENT "Decomposition":
/// intervals that hold together are made at 1 - alpha / parts each (Bonferroni). Throws std::invalid_argument
/// for chains that do not fit.
LogDecomposition log_decomposition(const MeanChain& control, const MeanChain& treatment);

}  // namespace liftmark::stats
