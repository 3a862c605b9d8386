#pragma once
// Step-wise adjusted p-values where the plan asks for them. Shown beside the readings; they decide nothing.

#include <vector>

#include "engine/definition/catalog.hpp"
#include "engine/scorecard/scorecard.hpp"

namespace liftmark {

/// Fills Comparison::adjusted_p_value. A family is all comparisons of the primaries, and all of the
/// secondaries; guardrails have none, since all of them must hold. Dunnett: the variants of one metric
/// against one control. Nothing under Correction::allocation.
void add_adjusted_p_values(Correction correction, std::vector<MetricResult>& metrics);

}  // namespace liftmark
