#include "engine/aggregate/property_match.hpp"

#include <algorithm>
#include <stdexcept>

namespace liftmark {
namespace {

std::size_t index_of(const std::vector<std::string>& columns, const std::string& name) {
  const auto found = std::find(columns.begin(), columns.end(), name);
  if (found == columns.end()) throw std::logic_error("PropertyMatch: a property has no column");
  return static_cast<std::size_t>(found - columns.begin());
}

}  // namespace

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

void collect_properties(const assign::Predicate& predicate, std::vector<std::string>& columns) {
  const TextPredicate compiled(predicate);
  for (const std::string& name : compiled.names())
    if (std::find(columns.begin(), columns.end(), name) == columns.end()) columns.push_back(name);
}

PropertyMatch::PropertyMatch(const assign::Predicate& predicate, const std::vector<std::string>& columns,
                             const Reader& reader)
    : reader_(reader), predicate_(predicate), answers_(predicate_.leaves()) {
  for (const std::string& name : predicate_.names()) columns_.push_back(index_of(columns, name));
}

bool PropertyMatch::holds(const EventSlice& slice, std::uint32_t event) {
  return predicate_.holds_given([&](std::size_t leaf) {
    const ValueCode code = slice.properties[columns_[predicate_.name_of(leaf)]][event];
    if (code == 0) return false;
    return answers_[leaf].get(code, [&](ValueCode asked) {
      return static_cast<char>(predicate_.leaf_holds(leaf, reader_.text(asked)));
    }) != 0;
  });
}

std::optional<Millionths> PropertyNumber::value(const EventSlice& slice, std::uint32_t event) {
  const ValueCode code = slice.properties[column_][event];
  if (code == 0) return {};
  return numbers_.get(code, [&](ValueCode asked) { return parse_millionths(reader_.text(asked)); });
}

}  // namespace liftmark
