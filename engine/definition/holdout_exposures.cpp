#include "engine/definition/holdout_exposures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

namespace liftmark {

std::vector<HoldoutInScope> holdouts_in_scope(const Catalog& catalog, std::string_view layer) {
  std::vector<HoldoutInScope> scope;
  bool any = false;
  const auto add = [&](std::string_view of_layer) {
    for (const assign::Holdout& holdout : catalog.holdouts) {
      if (holdout.layer != of_layer) continue;
      const bool followed =
          std::any_of(catalog.ledgers.begin(), catalog.ledgers.end(),
                      [&](const LedgerDefinition& ledger) { return ledger.holdout == holdout.key; });
      scope.push_back({holdout.key, followed});
      any = any || followed;
    }
  };
  add("");
  if (!layer.empty()) add(layer);
  if (!any) scope.clear();
  return scope;
}

std::string exposed_text(const assign::AttributeValue& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) return std::string(*text);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  return {};
}

bool joins_holdouts(assign::Reason reason) noexcept {
  using enum assign::Reason;
  return reason != not_running && reason != overridden && reason != no_consent && reason != invalid_unit &&
         reason != unknown_experiment;
}

}  // namespace liftmark
