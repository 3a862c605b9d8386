// The words of the catalog and of answers for the enumerations of this folder.

#include <array>

#include "assign/assignment.hpp"
#include "assign/experiment.hpp"

namespace liftmark::assign {

std::string_view name(Reason reason) noexcept {
  static constexpr std::array<std::string_view, 12> kNames{
      "assigned",          "sticky",       "overridden",         "outside_traffic",
      "excluded_by_layer", "not_targeted", "held_out",           "prerequisite_failed",
      "not_running",       "no_consent",   "unknown_experiment", "invalid_unit"};
  return kNames[static_cast<std::size_t>(reason)];
}

std::string_view name(Predicate::Op op) noexcept {
  static constexpr std::array<std::string_view, 20> kNames{"all",
                                                           "any",
                                                           "not",
                                                           "equals",
                                                           "in",
                                                           "less",
                                                           "less_equal",
                                                           "greater",
                                                           "greater_equal",
                                                           "version_less",
                                                           "version_less_equal",
                                                           "version_greater",
                                                           "version_greater_equal",
                                                           "version_equals",
                                                           "prefix",
                                                           "suffix",
                                                           "contains",
                                                           "matches",
                                                           "present",
                                                           "in_segment"};
  return kNames[static_cast<std::size_t>(op)];
}

}  // namespace liftmark::assign
