#pragma once
// Errors as answers: {"error": {"code", "message", "problems": [{"where", "what", "value", "hint"}]}}.

#include <exception>
#include <string_view>

#include "apps/service/http.hpp"
#include "engine/definition/error.hpp"

namespace liftmark::service {

/// `code` is for programs, `message` for people.
Response problem(int status, std::string_view code, std::string_view message);
/// A person's wrong input: 400 for usage, 422 for a definition or data, 503 for storage. Every problem is
/// listed.
Response problem(const Error& error);
/// Any exception: Error as above, else 500 without a word of what is inside.
Response problem(std::exception_ptr failure);
/// `text` as a JSON string with its quotes; broken UTF-8 is replaced.
std::string json_text(std::string_view text);

}  // namespace liftmark::service
