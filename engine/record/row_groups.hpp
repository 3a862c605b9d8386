#pragma once
// Rows that are one event, such as an order's lines. Internal to import.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/record/event.hpp"

namespace liftmark {

/// Collects rows by a key until the file's end: values add up, the earliest time counts, a property stays
/// where all rows agree on it. Holds every group in memory, about 200 bytes and its properties each.
class RowGroups {
 public:
  struct Group {
    std::int64_t line = 0;  ///< of its first row
    std::string id, unit, type, reference;
    Micros at = 0;
    std::optional<Micros> recorded_at;  ///< the latest of the rows'
    Millionths value = 0;
    std::map<std::string, std::string> properties;
  };

  /// Adds a row to its group (`event.id`). Returns what keeps it out, and then nothing has changed:
  /// "missing_group", "differs_in_group" (another unit, type or reference than the group's first row) or
  /// "invalid_value" (the sum does not fit); empty when it is in.
  std::string_view add(std::int64_t line, const Event& event);
  /// Rows that joined a group begun by another.
  std::int64_t joined() const noexcept { return joined_; }
  /// In order of first appearance.
  const std::vector<Group>& groups() const noexcept { return groups_; }

 private:
  std::vector<Group> groups_;
  std::unordered_map<std::string, std::size_t> index_;
  std::int64_t joined_ = 0;
};

}  // namespace liftmark
