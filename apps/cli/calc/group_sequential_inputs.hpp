#pragma once
// A group-sequential rule and its looks from a calc request, by any package's names.

#include <array>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "apps/cli/calc/inputs.hpp"
#include "apps/cli/calc/table.hpp"
#include "stats/group_sequential.hpp"

namespace liftmark::cli {

/// Names by which packages call the same boundary (rpact, gsDesign, this program).
struct BoundaryName {
  std::string_view name;
  stats::BoundaryKind kind;
};
inline constexpr std::array kBoundaryNames{
    BoundaryName{"asOF", stats::BoundaryKind::lan_demets_obrien_fleming},
    BoundaryName{"sfLDOF", stats::BoundaryKind::lan_demets_obrien_fleming},
    BoundaryName{"asP", stats::BoundaryKind::lan_demets_pocock},
    BoundaryName{"sfLDPocock", stats::BoundaryKind::lan_demets_pocock},
    BoundaryName{"asKD", stats::BoundaryKind::kim_demets},
    BoundaryName{"sfPower", stats::BoundaryKind::kim_demets},
    BoundaryName{"asHSD", stats::BoundaryKind::hwang_shih_decani},
    BoundaryName{"sfHSD", stats::BoundaryKind::hwang_shih_decani},
    BoundaryName{"OF", stats::BoundaryKind::obrien_fleming},
    BoundaryName{"P", stats::BoundaryKind::pocock},
    BoundaryName{"WT", stats::BoundaryKind::wang_tsiatis},
    BoundaryName{"HP", stats::BoundaryKind::haybittle_peto},
};

inline stats::BoundaryKind kind_named(const std::string& name) {
  if (const auto kind = stats::boundary_kind_named(name)) return *kind;
  for (const BoundaryName& row : kBoundaryNames)
    if (row.name == name) return row.kind;
  throw CalcError("invalid_input", "unknown boundary \"" + name + "\"");
}

/// The first of `keys` that is there.
inline std::optional<double> first_of(const nlohmann::json& inputs, std::initializer_list<const char*> keys) {
  for (const char* key : keys)
    if (inputs.contains(key) && !inputs[key].is_null()) return number(inputs, key);
  return std::nullopt;
}

inline double parameter_of(const nlohmann::json& inputs, stats::BoundaryKind kind) {
  switch (kind) {
    case stats::BoundaryKind::kim_demets:
      return first_of(inputs, {"rho", "gammaA", "gamma", "parameter"}).value_or(1);
    case stats::BoundaryKind::hwang_shih_decani:
      return first_of(inputs, {"gamma", "gammaA", "parameter"}).value_or(-4);
    case stats::BoundaryKind::wang_tsiatis:
      return first_of(inputs, {"delta_wt", "deltaWT", "Delta", "delta"}).value_or(0);
    case stats::BoundaryKind::haybittle_peto:
      return first_of(inputs, {"interim", "const_bound_hp"}).value_or(3);
    default:
      return 0;
  }
}

inline int sides_of(const nlohmann::json& inputs, int missing) {
  const double sides = number(inputs, "sides", missing);
  require(sides == 1 || sides == 2, "\"sides\" must be 1 or 2");
  return static_cast<int>(sides);
}

inline stats::GroupSequentialRule rule_of(const nlohmann::json& inputs, stats::BoundaryKind kind,
                                          int sides = 1) {
  return {.kind = kind,
          .parameter = parameter_of(inputs, kind),
          .alpha = number(inputs, "alpha", 0.025),
          .sides = sides_of(inputs, sides)};
}

inline stats::Looks looks_of(const nlohmann::json& inputs) {
  return {.information = numbers(inputs, "information_rates"), .spending_time = {}};
}

}  // namespace liftmark::cli
