#pragma once
// Does the effect differ between segments?

#include <optional>
#include <span>
#include <vector>

#include "stats/estimate.hpp"

namespace liftmark::stats {

/// A segment's effect on the scale of the plan, with its standard error. Segments must not share units.
struct SegmentEffect {
  double estimate = 0;
  double standard_error = 0;  ///< > 0; others are left out
};

/// An always-valid plan: n mature units in all segments together, rho^2 tuned to the planned n.
struct SequentialScale {
  double n = 0;
  double rho_squared = 0;
};

struct Heterogeneity {
  std::optional<double> q;                 ///< Cochran's Q
  int degrees_of_freedom = 0;              ///< segments with a standard error, minus 1
  std::optional<double> p_value;           ///< upper chi-square tail of Q, or the always-valid one
  std::optional<double> i_squared;         ///< max(0, (Q - df) / Q): share of the variation that is not noise
  std::optional<double> between_variance;  ///< tau^2 of DerSimonian and Laird 1986
  std::optional<Estimate> common;          ///< mean effect, random-effects weights
  /// One for each segment, in order: pulled towards the common effect by tau^2 / (tau^2 + se^2); 95 %
  /// credible intervals that count the uncertainty of the common effect. A segment without a standard error:
  /// zero_variance.
  std::vector<Estimate> shrunken;
  Reason reason = Reason::none;  ///< too_few_units: fewer than two usable segments
};

/// Cochran 1954 (Q), Higgins and Thompson 2002 (I^2), Efron and Morris 1975 (shrinkage).
/// With `sequential` the p-value is min(1, (1 + x)^{(k-1)/2} exp(-x Q / (2 (1 + x)))), x = n rho^2: valid at
/// every look.
Heterogeneity heterogeneity(std::span<const SegmentEffect> segments,
                            const std::optional<SequentialScale>& sequential = std::nullopt);

}  // namespace liftmark::stats
