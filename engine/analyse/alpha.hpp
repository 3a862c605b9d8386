#pragma once
// How a plan's error budget is shared out among its metrics and variants.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/definition/catalog.hpp"

namespace liftmark {

enum class Role { primary, guardrail, secondary };
std::string_view name(Role role) noexcept;

/// Whether a plan's alpha is split over its comparisons, or every interval stands alone at 1 - alpha.
/// The second is for a table without a plan: it makes no claim about all comparisons together.
enum class Levels { allocated, each };

/// A metric's part in the decision and the error it may spend, per comparison with a control.
struct MetricRole {
  Role role = Role::secondary;
  double alpha = 0.05;       ///< two-sided; for guardrails the one-sided alpha of "within margin"
  double harm_alpha = 0.01;  ///< guardrails: one-sided alpha of "breached"
  double margin = 0.0;       ///< guardrails: relative, > 0
};

/// Primary: plan.alpha / (primaries x variants). Secondary: another plan.alpha, split likewise. Guardrails:
/// plan.guardrail_alpha each, because all must hold; plan.harm_alpha / (guardrails x variants) for harm.
/// A metric that the plan does not name is secondary and shares with the named ones, which count whether or
/// not they were measured. `variants` >= 1.
/// With Levels::each primaries and secondaries get plan.alpha whole.
struct AlphaAllocation {
  AlphaAllocation(const Plan& plan, const std::vector<std::string>& metrics, std::size_t variants,
                  Levels levels = Levels::allocated);
  MetricRole role_of(std::string_view metric) const;

 private:
  const Plan& plan_;
  double primary_alpha_ = 0.05, secondary_alpha_ = 0.05, harm_alpha_ = 0.01;
};

}  // namespace liftmark
