#pragma once
// Wrong input from a person: one exception type, thrown where it is found, caught once per app.

#include <stdexcept>
#include <string>
#include <vector>

#include "assign/problem.hpp"

namespace liftmark {

/// What kind of input is wrong; also the command's exit code.
enum class ErrorCode { usage = 2, definition = 3, data = 4, storage = 5 };

/// One or more problems with what a person gave. `where` in each is a JSON pointer or "file:line".
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, Problem problem);
  /// Every mistake of a file at once; `problems` must not be empty.
  Error(ErrorCode code, std::vector<Problem> problems);
  /// Short form: where, what, hint.
  Error(ErrorCode code, std::string where, std::string what, std::string hint = {});

  ErrorCode code() const noexcept { return code_; }
  const std::vector<Problem>& problems() const noexcept { return problems_; }

 private:
  ErrorCode code_;
  std::vector<Problem> problems_;
};

/// 2 usage, 3 definition, 4 data, 5 storage.
int exit_code(ErrorCode code) noexcept;
/// "usage", "definition", "data", "storage".
std::string_view name(ErrorCode code) noexcept;
/// The message for a terminal: one line a problem, ending with the remedy.
std::string describe(const Error& error);

}  // namespace liftmark
