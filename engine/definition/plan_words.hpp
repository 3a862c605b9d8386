#pragma once
// What a plan may say, for those who read plans without reading files.

#include <string_view>

#include "engine/definition/catalog.hpp"

namespace liftmark {

/// Rules a plan may name; engine/analyse has the steps of each.
inline constexpr std::string_view kRuleNames[] = {"clear_win_no_harm", "all_primaries", "do_no_harm"};

/// How a group-sequential plan may spend its alpha; engine/analyse has the function of each.
struct SpendingName {
  std::string_view name;
  std::string_view parameter;  ///< what `spending_parameter` is called in the literature; empty: it has none
  double usual;                ///< a value people use, for the remedy
};
inline constexpr SpendingName kSpendings[] = {
    {"obrien_fleming", "", 0},
    {"pocock", "", 0},
    {"kim_demets", "rho", 3},
    {"hwang_shih_decani", "gamma", -4},
};

/// Whether a method looks more than once at growing data: each look then needs new units, not the same ones
/// with more of their window over.
constexpr bool looks_repeatedly(Method method) noexcept {
  return method != Method::fixed && method != Method::bayesian;
}

}  // namespace liftmark
