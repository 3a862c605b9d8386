#include "engine/definition/overrides.hpp"

#include <nlohmann/json.hpp>

namespace liftmark {

std::optional<std::string> without_overrides(std::string_view catalog,
                                             const std::vector<std::string>& units) {
  auto document = nlohmann::ordered_json::parse(catalog, nullptr, false);
  if (!document.is_object() || !document.contains("experiments")) return std::nullopt;
  std::size_t removed = 0;
  for (auto& experiment : document["experiments"]) {
    if (!experiment.is_object() || !experiment.contains("overrides")) continue;
    auto& overrides = experiment["overrides"];
    if (!overrides.is_object()) continue;
    for (const std::string& unit : units) removed += overrides.erase(unit);
  }
  if (removed == 0) return std::nullopt;
  return document.dump(2);
}

}  // namespace liftmark
