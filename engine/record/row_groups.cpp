#include "engine/record/row_groups.hpp"

#include <algorithm>

namespace liftmark {
namespace {

void keep_common(std::map<std::string, std::string>& properties, std::span<const Property> row) {
  std::erase_if(properties, [&](const auto& kept) {
    return std::none_of(row.begin(), row.end(), [&](const Property& property) {
      return property.key == kept.first && property.value == kept.second;
    });
  });
}

}  // namespace

std::string_view RowGroups::add(std::int64_t line, const Event& event) {
  if (event.id.empty()) return "missing_group";
  const auto [found, first] = index_.try_emplace(std::string(event.id), groups_.size());
  if (first) {
    Group group{.line = line,
                .id = std::string(event.id),
                .unit = std::string(event.unit),
                .type = std::string(event.type),
                .reference = std::string(event.reference),
                .at = event.at,
                .recorded_at = event.recorded_at,
                .value = event.value,
                .properties = {}};
    for (const Property& property : event.properties) group.properties.emplace(property.key, property.value);
    groups_.push_back(std::move(group));
    return {};
  }
  Group& group = groups_[found->second];
  if (event.unit != group.unit || event.type != group.type || event.reference != group.reference)
    return "differs_in_group";
  Millionths sum = 0;
  if (__builtin_add_overflow(group.value, event.value, &sum)) return "invalid_value";
  group.value = sum;
  group.at = std::min(group.at, event.at);
  if (event.recorded_at)
    group.recorded_at = std::max(group.recorded_at.value_or(*event.recorded_at), *event.recorded_at);
  keep_common(group.properties, event.properties);
  ++joined_;
  return {};
}

}  // namespace liftmark
