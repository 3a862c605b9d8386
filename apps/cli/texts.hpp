#pragma once
// Moments, numbers and CSV fields as every command reads and writes them.

#include <cstdint>
#include <string>
#include <string_view>

namespace liftmark::cli {

/// The moment that `text` names, in microseconds since the Unix epoch. Throws Error{usage} that names
/// `option`.
std::int64_t moment(const std::string& text, const char* option);

/// A whole number in groups of three: "412,722".
std::string grouped(double number);

/// One field of RFC 4180: quoted where it has to be.
std::string csv_field(std::string_view text);

}  // namespace liftmark::cli
