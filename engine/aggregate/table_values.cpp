#include "engine/aggregate/table_values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "engine/definition/error.hpp"
#include "engine/definition/json/document.hpp"

namespace liftmark {
namespace {

constexpr double kLargestValue = 1e15;

bool same_word(std::string_view text, std::string_view lower) noexcept {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& words) noexcept {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return same_word(text, word); });
}

constexpr std::array<std::string_view, 3> kTrue{"true", "yes", "t"};
constexpr std::array<std::string_view, 3> kFalse{"false", "no", "f"};
constexpr std::array<std::string_view, 6> kMissing{"", "na", "n/a", "null", "nan", "none"};

}  // namespace

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

FieldValue field_value(std::string_view field) noexcept {
  std::string_view text = trimmed(field);
  if (is_one_of(text, kMissing)) return {.number = std::nullopt, .reason = "missing_value"};
  if (is_one_of(text, kTrue)) return {.number = 1.0};
  if (is_one_of(text, kFalse)) return {.number = 0.0};
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) return {.number = std::nullopt, .reason = "out_of_range"};
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number))
    return {.number = std::nullopt, .reason = "not_a_number"};
  if (std::fabs(number) > kLargestValue) return {.number = std::nullopt, .reason = "out_of_range"};
  return {.number = number};
}

ColumnIndex::ColumnIndex(const std::vector<std::string>& header, std::string file) : file_(std::move(file)) {
  for (const auto& name : header) names_.emplace_back(trimmed(name));
}

bool ColumnIndex::has(std::string_view column) const noexcept {
  return std::find(names_.begin(), names_.end(), column) != names_.end();
}

std::optional<std::size_t> ColumnIndex::find(const std::string& column, std::string_view asked_by) {
  const auto found = std::find(names_.begin(), names_.end(), column);
  if (found != names_.end()) {
    if (std::find(found + 1, names_.end(), column) != names_.end())
      problems_.push_back({.where = file_ + ":1",
                           .what = fmt::format("two columns are named \"{}\"", column),
                           .value = column,
                           .hint = "give each column its own name"});
    return static_cast<std::size_t>(found - names_.begin());
  }
  constexpr std::size_t kListed = 30;
  std::vector<std::string_view> known(names_.begin(), names_.end());
  const auto meant = nearest(column, known);
  const std::size_t shown = std::min(known.size(), kListed);
  std::string hint = meant.empty() ? "" : fmt::format("Did you mean \"{}\"? ", meant);
  hint += fmt::format("Columns: {}{}.",
                      fmt::join(known.begin(), known.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                      known.size() > shown ? fmt::format(" and {} more", known.size() - shown) : "");
  problems_.push_back({.where = file_ + ":1",
                       .what = fmt::format("there is no column \"{}\" ({})", column, asked_by),
                       .value = column,
                       .hint = std::move(hint)});
  return std::nullopt;
}

void ColumnIndex::throw_problems() const {
  if (!problems_.empty()) throw Error(ErrorCode::data, problems_);
}

}  // namespace liftmark
