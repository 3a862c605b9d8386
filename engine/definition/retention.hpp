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

/// What stands under "retention" at `where`; mistakes are reported.
RetentionDays read_retention(const nlohmann::json& value, const std::string& where,
                             std::vector<Problem>& problems);
/// Of a stored catalog's text; types that it does not name are kept for ever.
RetentionDays retention_of(std::string_view catalog);

}  // namespace liftmark
