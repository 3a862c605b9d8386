#include "engine/definition/retention.hpp"

#include <nlohmann/json.hpp>

#include "engine/definition/json/document.hpp"

namespace liftmark {

void check_retention_days(int days) {
  if (days < 0 || days > kMostRetentionDays)
    throw Error(ErrorCode::usage, "days", "a retention is 0 to 36,500 days", "0 keeps events for ever");
}

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

RetentionDays changed_retention(const RetentionDays& before, const RetentionDays& after) {
  RetentionDays changed;
  for (const auto& [type, days] : before)
    if (!after.contains(type)) changed[type] = 0;
  for (const auto& [type, days] : after) {
    const auto known = before.find(type);
    if (known == before.end() || known->second != days) changed[type] = days;
  }
  return changed;
}

}  // namespace liftmark
