#pragma once
// What an edit of the catalog comes to, as `PUT /v1/catalog` answers and `liftmark apply --json` prints it.

#include <string>

#include "engine/record/catalog_edit.hpp"

namespace liftmark::service {

/// {"version", "digest", "changes": [..], "movements": [..]}
std::string catalog_answer(const AppliedCatalog& applied);

}  // namespace liftmark::service
