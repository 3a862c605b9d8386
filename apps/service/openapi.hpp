#pragma once

#include <string>

namespace liftmark::service {

/// The OpenAPI 3.1 document of everything in the table of routes.
std::string openapi_document();

}  // namespace liftmark::service
