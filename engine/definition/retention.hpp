#pragma once
// How long a catalog lets events be kept: {"retention": {"view": 90}}.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/definition/error.hpp"

namespace liftmark {

/// Days by event type.
using RetentionDays = std::map<std::string, int>;
inline constexpr int kMostRetentionDays = 36'500;

/// Throws Error{usage} for days that no event can be kept; 0 is for ever.
void check_retention_days(int days);
/// What stands under "retention" at `where`; mistakes are reported.
RetentionDays read_retention(const nlohmann::json& value, const std::string& where,
                             std::vector<Problem>& problems);
/// Of a stored catalog's text; types that it does not name are kept for ever.
RetentionDays retention_of(std::string_view catalog);
/// What another catalog changes: types with other days, and with 0 those that it no longer names.
RetentionDays changed_retention(const RetentionDays& before, const RetentionDays& after);

}  // namespace liftmark
