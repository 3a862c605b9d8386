#pragma once
// What the rules of a verdict look at, read off the plan and the results.

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/analyse/analyse.hpp"
#include "engine/analyse/comparison.hpp"
#include "engine/analyse/verdict.hpp"

namespace liftmark {

/// The plan's last day: a fixed plan's horizon, a group-sequential plan's last look. Empty without one.
std::optional<std::int64_t> horizon_at(const Statistics& statistics, const Analysis& analysis);

/// The moment before which the plan says nothing; empty when it speaks at any time.
std::optional<std::int64_t> first_reading_at(const Statistics& statistics, const Analysis& analysis);

/// What planned units are compared with (MEASUREMENT "Always-valid inference"): mature units of two compared
/// arms, in epochs that hold both; the fewest over the primaries (without primaries, over all metrics) and
/// these pairs. 0 without metrics or pairs.
std::int64_t fewest_compared_units(const std::vector<MetricTask>& tasks, const std::vector<ArmPair>& pairs);

struct StateInput {
  const Statistics& statistics;
  const Analysis& analysis;
  const std::vector<MetricTask>& tasks;
  const std::vector<ArmPair>& pairs;
  const std::vector<MetricResult>& results;
  bool sample_ratio_failed = false;
};

/// One state a variant, in the order of the arms. Primaries and guardrails are those of the plan, measured or
/// not. With several controls a primary is better when it is better than each of them, and worse when it is
/// worse than one; a guardrail must hold against each.
std::vector<VariantState> variant_states(const StateInput& input);

}  // namespace liftmark
