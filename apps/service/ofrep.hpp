#pragma once

#include <string_view>

#include "apps/service/http.hpp"

namespace liftmark::service {

/// An error of the service in the form OFREP's clients read: errorCode, and the key when one flag was asked
/// for.
Response as_evaluation_error(const Response& response, std::string_view path);

inline constexpr std::string_view kEvaluationPath = "/ofrep/v1/evaluate/flags";

}  // namespace liftmark::service
