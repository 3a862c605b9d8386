#pragma once
// Putting a catalog into a store, for the command and for the service.

#include <string>

#include "apps/service/service.hpp"

namespace liftmark::cli {

/// What `liftmark apply --json` prints, for a catalog given as text. Throws as that command does.
std::string apply_catalog(const std::string& store, const std::string& text,
                          const service::CatalogEdit& edit);

}  // namespace liftmark::cli
