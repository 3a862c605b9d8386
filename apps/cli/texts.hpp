#pragma once
// Moments, numbers and CSV fields as every command reads and writes them.

#include <string>
#include <string_view>

#include "engine/definition/time_point.hpp"

namespace liftmark::cli {

/// The moment that `text` names. Throws Error{usage} that names `option`.
Micros moment(const std::string& text, const char* option);

/// A whole number in groups of three: "412,722".
std::string grouped(double number);

/// One field of RFC 4180: quoted where it has to be.
std::string csv_field(std::string_view text);

}  // namespace liftmark::cli
