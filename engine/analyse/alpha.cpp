#include "engine/analyse/alpha.hpp"

#include <algorithm>

#include "stats/multiplicity.hpp"

namespace liftmark {
namespace {

bool holds(const std::vector<std::string>& keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

const Guardrail* guardrail_of(const Plan& plan, std::string_view metric) {
  for (const auto& guardrail : plan.guardrails)
    if (guardrail.metric == metric) return &guardrail;
  return nullptr;
}

}  // namespace

std::string_view name(Role role) noexcept {
  switch (role) {
    case Role::primary:
      return "primary";
    case Role::guardrail:
      return "guardrail";
    case Role::secondary:
      return "secondary";
  }
  return "secondary";
}

AlphaAllocation::AlphaAllocation(const Plan& plan, const std::vector<std::string>& metrics,
                                 std::size_t variants, Levels levels)
    : plan_(plan) {
  // What the plan names spends its share whether or not it was measured.
  auto secondaries = plan.secondary.size();
  for (const std::string& metric : metrics)
    if (!holds(plan.primary, metric) && !holds(plan.secondary, metric) &&
        guardrail_of(plan, metric) == nullptr)
      ++secondaries;
  const auto shares = stats::allocate_error({.alpha = plan.alpha,
                                             .guardrail_alpha = plan.guardrail_alpha,
                                             .harm_alpha = plan.harm_alpha,
                                             .primaries = plan.primary.size(),
                                             .secondaries = secondaries,
                                             .guardrails = plan.guardrails.size(),
                                             .variants = variants});
  const bool each = levels == Levels::each;
  primary_alpha_ = each ? plan.alpha : shares.primary;
  secondary_alpha_ = each ? plan.alpha : shares.secondary;
  harm_alpha_ = shares.harm;
}

MetricRole AlphaAllocation::role_of(std::string_view metric) const {
  if (holds(plan_.primary, metric)) return {.role = Role::primary, .alpha = primary_alpha_};
  if (const auto* guardrail = guardrail_of(plan_, metric))
    return {.role = Role::guardrail,
            .alpha = plan_.guardrail_alpha,
            .harm_alpha = harm_alpha_,
            .margin = guardrail->margin};
  return {.role = Role::secondary, .alpha = secondary_alpha_};
}

}  // namespace liftmark
