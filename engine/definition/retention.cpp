#include "engine/definition/retention.hpp"

#include <nlohmann/json.hpp>

#include "engine/definition/json/document.hpp"

namespace liftmark {

RetentionDays read_retention(const nlohmann::json& value, const std::string& where,
                             std::vector<Problem>& problems) {
  RetentionDays retention;
  if (!value.is_object()) {
    problems.push_back(
        {where, "must be an object of event type: days", shortened(value), R"(Write {"view": 90}.)"});
    return retention;
  }
  for (const auto& [type, days] : value.items()) {
    const bool whole = days.is_number_integer() && days >= 1 && days <= kMostRetentionDays;
    if (whole && !type.empty())
      retention[type] = days.get<int>();
    else
      problems.push_back({json_pointer(where, type), "must be whole days, 1 to 36500", shortened(days),
                          "Leave the type out to keep its events for ever."});
  }
  return retention;
}

RetentionDays retention_of(std::string_view catalog) {
  const auto document = nlohmann::json::parse(catalog, nullptr, false);
  std::vector<Problem> ignored;
  if (!document.is_object() || !document.contains("retention")) return {};
  return read_retention(document["retention"], "/retention", ignored);
}

}  // namespace liftmark
