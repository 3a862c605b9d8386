#include "apps/cli/texts.hpp"

#include <fmt/format.h>

#include "engine/definition/error.hpp"
#include "engine/definition/time_point.hpp"

namespace liftmark::cli {

std::int64_t moment(const std::string& text, const char* option) {
  if (const auto at = parse_time(text)) return *at;
  throw Error(ErrorCode::usage,
              Problem{option, "is no moment", text, "write 2026-07-01 or 2026-07-01T12:30Z"});
}

std::string grouped(double number) {
  std::string digits = fmt::format("{:.0f}", number);
  const std::ptrdiff_t sign = digits.starts_with('-') ? 1 : 0;
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > sign; i -= 3)
    digits.insert(static_cast<std::size_t>(i), ",");
  return digits;
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string field = "\"";
  for (const char c : text) field.append(c == '"' ? 2 : 1, c);
  return field + '"';
}

}  // namespace liftmark::cli
