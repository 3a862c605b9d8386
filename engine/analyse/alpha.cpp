#include "engine/analyse/alpha.hpp"

#include <algorithm>

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

double share(double alpha, std::size_t metrics, std::size_t variants) {
  return alpha / static_cast<double>(std::max<std::size_t>(1, metrics * variants));
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
    : plan_(plan), harm_alpha_(share(plan.harm_alpha, plan.guardrails.size(), variants)) {
  const auto secondaries =
      static_cast<std::size_t>(std::count_if(metrics.begin(), metrics.end(), [&](const std::string& metric) {
        return !holds(plan.primary, metric) && guardrail_of(plan, metric) == nullptr;
      }));
  const bool each = levels == Levels::each;
  primary_alpha_ = each ? plan.alpha : share(plan.alpha, plan.primary.size(), variants);
  secondary_alpha_ = each ? plan.alpha : share(plan.alpha, secondaries, variants);
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
