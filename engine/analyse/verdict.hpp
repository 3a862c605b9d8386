#pragma once
// The plan's rule gives the verdict. Rules are data: an ordered list of conditions, the first that holds
// decides.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/scorecard/scorecard.hpp"

namespace liftmark {

/// What the rules look at, for one variant.
struct VariantState {
  std::string arm;
  bool sample_ratio_failed = false;
  bool before_min_days = false;
  bool before_horizon = false;  ///< a fixed-horizon plan read before its date
  bool horizon_reached = false;
  std::vector<std::string> burning_in;  ///< primaries and guardrails before their burn-in
  std::vector<std::string> primaries_better, primaries_worse, primaries;
  std::vector<std::string> guardrails_breached, guardrails_within, guardrails;
  std::vector<std::string> guardrails_open;  ///< those that are not within, to be named
  std::vector<std::string> not_measured;     ///< primaries and guardrails without any comparison
};

/// One line of a rule: the word it gives, why, and which metrics it speaks of.
struct RuleStep {
  std::string_view because;
  std::string_view word;
  bool (*applies)(const VariantState& state);
  const std::vector<std::string>& (*metrics)(const VariantState& state);
};

struct Rule {
  std::string_view name;
  std::string_view summary;
  std::span<const RuleStep> steps;
};

/// Every rule a plan may name.
std::span<const Rule> verdict_rules() noexcept;
/// The rule with that name; nullptr if there is none.
const Rule* find_rule(std::string_view name) noexcept;

/// The verdict of one variant: the first step that applies.
VariantVerdict decide(const Rule& rule, const VariantState& state);

/// The experiment's verdict: a Ship if there is one (of several the first with the most primaries better),
/// else the word most urgent for a reader: Stop, Keep running, No decision.
Verdict decide(const Rule& rule, std::span<const VariantState> states);

}  // namespace liftmark
