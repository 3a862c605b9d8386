#pragma once
// What the rows about power share.

#include <stdexcept>

#include <nlohmann/json.hpp>

#include "apps/cli/calc/inputs.hpp"

namespace liftmark::cli {

inline bool given(const nlohmann::json& in, const char* key) {
  return in.contains(key) && !in[key].is_null();
}

/// A domain error of the planning functions is a mistake in the inputs.
template <nlohmann::json (*method)(const nlohmann::json&)>
nlohmann::json checked(const nlohmann::json& in) {
  try {
    return method(in);
  } catch (const std::domain_error& error) {
    refuse(stats::Reason::invalid_input, error.what());
  }
}

}  // namespace liftmark::cli
