#include "stats/estimate.hpp"

#include <array>
#include <utility>

namespace liftmark::stats {
namespace {

constexpr std::array<std::pair<Reason, std::string_view>, 14> kReasons{{
    {Reason::none, "none"},
    {Reason::too_few_units, "too_few_units"},
    {Reason::zero_variance, "zero_variance"},
    {Reason::zero_baseline, "zero_baseline"},
    {Reason::negative_baseline, "negative_baseline"},
    {Reason::zero_denominator, "zero_denominator"},
    {Reason::unbounded, "unbounded"},
    {Reason::window_not_complete, "window_not_complete"},
    {Reason::burn_in, "burn_in"},
    {Reason::before_horizon, "before_horizon"},
    {Reason::no_convergence, "no_convergence"},
    {Reason::invalid_input, "invalid_input"},
    {Reason::needs_unit_values, "needs_unit_values"},
    {Reason::not_applicable, "not_applicable"},
}};

}  // namespace

std::string_view name(Reason reason) noexcept {
  for (const auto& [value, text] : kReasons)
    if (value == reason) return text;
  return "not_applicable";
}

Reason reason_named(std::string_view text) noexcept {
  for (const auto& [value, known] : kReasons)
    if (known == text) return value;
  return Reason::not_applicable;
}

std::string_view name(IntervalKind kind) noexcept {
  switch (kind) {
    case IntervalKind::confidence:
      return "confidence";
    case IntervalKind::confidence_sequence:
      return "confidence_sequence";
    case IntervalKind::group_sequential:
      return "group_sequential";
    case IntervalKind::credible:
      return "credible";
  }
  return "confidence";
}

Estimate cannot_say(Reason reason, std::string_view method) noexcept {
  Estimate estimate;
  estimate.reason = reason;
  estimate.method = method;
  return estimate;
}

}  // namespace liftmark::stats
