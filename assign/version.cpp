#include "assign/version.hpp"

#include <algorithm>

namespace liftmark::assign {
namespace {

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

bool all_digits(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_number(std::string_view text) noexcept {
  return all_digits(text) && (text.size() == 1 || text[0] != '0');
}

/// The text before the first `separator`; `rest` is what follows, and `found` whether there was one.
std::string_view cut(std::string_view& rest, char separator, bool& found) noexcept {
  const std::size_t at = rest.find(separator);
  found = at != std::string_view::npos;
  const std::string_view head = rest.substr(0, at);
  rest = found ? rest.substr(at + 1) : std::string_view();
  return head;
}

/// Dot-separated identifiers of [0-9A-Za-z-]; `plain_numbers` forbids leading zeros in numeric ones.
bool are_identifiers(std::string_view text, bool plain_numbers) noexcept {
  for (bool more = true; more;) {
    const std::string_view part = cut(text, '.', more);
    const auto allowed = [](char c) {
      return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
    };
    if (part.empty() || !std::all_of(part.begin(), part.end(), allowed)) return false;
    if (plain_numbers && all_digits(part) && !is_number(part)) return false;
  }
  return true;
}

int sign(int value) noexcept {
  return (value > 0) - (value < 0);
}

int compare_numbers(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return sign(a.compare(b));
}

int compare_identifiers(std::string_view a, std::string_view b) noexcept {
  const bool number_a = all_digits(a);
  const bool number_b = all_digits(b);
  if (number_a && number_b) return compare_numbers(a, b);
  if (number_a != number_b) return number_a ? -1 : 1;  // numeric identifiers are lower
  return sign(a.compare(b));
}

}  // namespace

std::optional<Version> parse_version(std::string_view text) noexcept {
  bool has_build = false;
  std::string_view core = cut(text, '+', has_build);
  if (has_build && !are_identifiers(text, false)) return std::nullopt;
  bool has_prerelease = false;
  std::string_view prerelease = core;
  core = cut(prerelease, '-', has_prerelease);
  if (has_prerelease && !are_identifiers(prerelease, true)) return std::nullopt;

  Version version;
  bool more = false;
  version.major = cut(core, '.', more);
  if (!more) return std::nullopt;
  version.minor = cut(core, '.', more);
  if (!more) return std::nullopt;
  version.patch = core;
  version.prerelease = prerelease;
  if (!is_number(version.major) || !is_number(version.minor) || !is_number(version.patch))
    return std::nullopt;
  return version;
}

int compare(const Version& a, const Version& b) noexcept {
  if (const int order = compare_numbers(a.major, b.major)) return order;
  if (const int order = compare_numbers(a.minor, b.minor)) return order;
  if (const int order = compare_numbers(a.patch, b.patch)) return order;
  if (a.prerelease.empty() || b.prerelease.empty()) {
    return static_cast<int>(a.prerelease.empty()) - static_cast<int>(b.prerelease.empty());
  }
  std::string_view rest_a = a.prerelease;
  std::string_view rest_b = b.prerelease;
  for (;;) {
    bool more_a = false;
    bool more_b = false;
    const std::string_view part_a = cut(rest_a, '.', more_a);
    const std::string_view part_b = cut(rest_b, '.', more_b);
    if (const int order = compare_identifiers(part_a, part_b)) return order;
    if (!more_a || !more_b) return static_cast<int>(more_a) - static_cast<int>(more_b);
  }
}

}  // namespace liftmark::assign
