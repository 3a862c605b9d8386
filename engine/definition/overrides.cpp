#include "engine/definition/overrides.hpp"

#include <nlohmann/json.hpp>

namespace liftmark {
namespace {

/// Calls `use` with the overrides of each experiment that has some; what is not JSON has none.
template <class Use>
nlohmann::ordered_json each_overrides(std::string_view catalog, Use use) {
  auto document = nlohmann::ordered_json::parse(catalog, nullptr, false);
  if (!document.is_object() || !document.contains("experiments")) return document;
  for (auto& experiment : document["experiments"])
    if (experiment.is_object() && experiment.contains("overrides") && experiment["overrides"].is_object())
      use(experiment["overrides"]);
  return document;
}

}  // namespace

std::optional<std::string> without_overrides(std::string_view catalog,
                                             const std::vector<std::string>& units) {
  std::size_t removed = 0;
  const auto document = each_overrides(catalog, [&](auto& overrides) {
    for (const std::string& unit : units) removed += overrides.erase(unit);
  });
  if (removed == 0) return std::nullopt;
  return document.dump();
}

bool has_overrides(std::string_view catalog) {
  bool any = false;
  each_overrides(catalog, [&](const auto& overrides) { any = any || !overrides.empty(); });
  return any;
}

}  // namespace liftmark
