#include "engine/definition/error.hpp"

#include <fmt/format.h>

#include <utility>

namespace liftmark {
namespace {

std::string line(const Problem& problem) {
  std::string text;
  if (!problem.where.empty()) text += problem.where + ": ";
  text += problem.what;
  if (!problem.value.empty()) text += fmt::format(" (found {})", problem.value);
  if (!problem.hint.empty()) text += "\n    " + problem.hint;
  return text;
}

std::string first_line(const std::vector<Problem>& problems) {
  return problems.empty() ? std::string("unknown error") : line(problems.front());
}

}  // namespace

Error::Error(ErrorCode code, Problem problem) : Error(code, std::vector<Problem>{std::move(problem)}) {}

Error::Error(ErrorCode code, std::vector<Problem> problems)
    : std::runtime_error(first_line(problems)), code_(code), problems_(std::move(problems)) {}

Error::Error(ErrorCode code, std::string where, std::string what, std::string hint)
    : Error(code, Problem{std::move(where), std::move(what), {}, std::move(hint)}) {}

int exit_code(ErrorCode code) noexcept {
  return static_cast<int>(code);
}

std::string_view name(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::usage:
      return "usage";
    case ErrorCode::definition:
      return "definition";
    case ErrorCode::data:
      return "data";
    case ErrorCode::storage:
      return "storage";
  }
  return "usage";
}

std::string describe(const Error& error) {
  std::string text;
  const auto& problems = error.problems();
  if (problems.size() == 1) return "liftmark: " + line(problems.front()) + "\n";
  text = fmt::format("liftmark: {} problems:\n", problems.size());
  for (const Problem& problem : problems) text += "  " + line(problem) + "\n";
  return text;
}

}  // namespace liftmark
