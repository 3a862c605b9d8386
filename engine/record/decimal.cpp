#include "engine/record/decimal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "engine/definition/time_point.hpp"

namespace liftmark {
namespace {

__extension__ using Wide = __int128;

constexpr int kPlaces = 6;

std::optional<Millionths> narrow(Wide value) noexcept {
  if (value < std::numeric_limits<Millionths>::min() || value > std::numeric_limits<Millionths>::max())
    return {};
  return static_cast<Millionths>(value);
}

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

/// The digits of a number without its point, and where the point stood.
struct Digits {
  std::string_view whole, fraction;
  int exponent = 0;
  std::size_t count() const { return whole.size() + fraction.size(); }
  char operator[](std::size_t i) const { return i < whole.size() ? whole[i] : fraction[i - whole.size()]; }
};

bool take_digits(std::string_view& text, std::string_view& digits) noexcept {
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n])) ++n;
  digits = text.substr(0, n);
  text.remove_prefix(n);
  return n > 0;
}

bool take_exponent(std::string_view& text, int& exponent) noexcept {
  if (text.empty() || (text.front() != 'e' && text.front() != 'E')) return true;
  text.remove_prefix(1);
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  std::string_view digits;
  if (!take_digits(text, digits) || digits.size() > 4) return false;
  for (const char c : digits) exponent = exponent * 10 + (c - '0');
  if (negative) exponent = -exponent;
  return true;
}

/// digits * 10^exponent in millionths, rounded half to even.
std::optional<Wide> scale(const Digits& digits) noexcept {
  const auto point = static_cast<long>(digits.whole.size()) + digits.exponent + kPlaces;  // digits kept
  Wide value = 0;
  long position = 0;
  for (; position < static_cast<long>(digits.count()) && position < point; ++position) {
    value = value * 10 + (digits[static_cast<std::size_t>(position)] - '0');
    if (value > std::numeric_limits<Millionths>::max()) return {};
  }
  if (position < point && value != 0) {
    for (; position < point; ++position) {
      value *= 10;
      if (value > std::numeric_limits<Millionths>::max()) return {};
    }
  }
  if (point < 0 || point >= static_cast<long>(digits.count())) return value;
  const char first = digits[static_cast<std::size_t>(point)];
  bool beyond = false;
  for (auto i = static_cast<std::size_t>(point) + 1; i < digits.count(); ++i)
    beyond = beyond || digits[i] != '0';
  if (first > '5' || (first == '5' && (beyond || value % 2 != 0))) ++value;
  return value;
}

}  // namespace

std::optional<Millionths> parse_decimal(std::string_view text) noexcept {
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  Digits digits;
  const bool has_whole = take_digits(text, digits.whole);
  bool has_fraction = false;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    has_fraction = take_digits(text, digits.fraction);
  }
  if ((!has_whole && !has_fraction) || !take_exponent(text, digits.exponent) || !text.empty()) return {};
  const auto value = scale(digits);
  if (!value) return {};
  return narrow(negative ? -*value : *value);
}

std::optional<Millionths> parse_millionths(std::string_view text) noexcept {
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  Millionths value = 0;
  int places = -1;  // -1: before the point
  bool digits = false;
  bool round_up = false;
  for (const char c : text) {
    if (c == '.' && places < 0) {
      places = 0;
      continue;
    }
    if (c < '0' || c > '9') return {};
    digits = true;
    if (places >= 6) {
      if (places == 6) round_up = c >= '5';
      places = 7;
      continue;
    }
    if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, c - '0', &value))
      return {};
    if (places >= 0) ++places;
  }
  if (!digits) return {};
  for (int place = std::max(places, 0); place < 6; ++place)
    if (__builtin_mul_overflow(value, 10, &value)) return {};
  if (round_up && __builtin_add_overflow(value, 1, &value)) return {};
  return negative ? -value : value;
}

std::optional<Millionths> multiply(Millionths a, Millionths b) noexcept {
  constexpr Wide kOne = 1'000'000;
  const Wide product = static_cast<Wide>(a) * b;
  Wide whole = product / kOne;
  const Wide rest = product % kOne;
  const Wide size = rest < 0 ? -rest : rest;
  if (size * 2 > kOne || (size * 2 == kOne && whole % 2 != 0)) whole += product < 0 ? -1 : 1;
  return narrow(whole);
}

std::string format_decimal(Millionths value) {
  const bool negative = value < 0;
  const std::uint64_t size =
      negative ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  std::string text = fmt::format("{}{}", negative ? "-" : "", size / 1'000'000);
  if (size % 1'000'000 != 0) {
    text += fmt::format(".{:06}", size % 1'000'000);
    while (text.back() == '0') text.pop_back();
  }
  return text;
}

std::optional<Micros> parse_moment(std::string_view text) noexcept {
  if (text.size() >= 5 && is_digit(text[0]) && text[4] == '-') return parse_time(text);
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) ++digits;
  if (digits == text.size() && digits == 8) {
    const std::array<char, 10> date{text[0], text[1], text[2], text[3], '-',
                                    text[4], text[5], '-',     text[6], text[7]};
    if (const auto day = parse_time({date.data(), date.size()})) return day;
  }
  if (digits == text.size() && digits > 11 && digits <= 18) {
    Micros number = 0;
    for (const char c : text) number = number * 10 + (c - '0');
    return digits >= 15 ? number : number * 1000;
  }
  return parse_decimal(text);
}

}  // namespace liftmark
