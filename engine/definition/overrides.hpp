#pragma once
// A catalog's overrides name units: the one place outside the store's own tables where a person's id may
// stand.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace liftmark {

/// The catalog's text without the overrides of these units, compact and so shorter than it was; nothing when
/// it names none of them. What is not JSON names nobody.
std::optional<std::string> without_overrides(std::string_view catalog, const std::vector<std::string>& units);

/// Whether any experiment of the catalog names units in overrides.
bool has_overrides(std::string_view catalog);

}  // namespace liftmark
