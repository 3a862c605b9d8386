#include "engine/aggregate/property_match.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>

namespace liftmark {
namespace {

using Op = assign::Predicate::Op;

bool is_group(Op op) {
  return op == Op::all || op == Op::any || op == Op::negate;
}

std::size_t index_of(const std::vector<std::string>& columns, const std::string& name) {
  const auto found = std::find(columns.begin(), columns.end(), name);
  if (found == columns.end()) throw std::logic_error("PropertyMatch: a property has no column");
  return static_cast<std::size_t>(found - columns.begin());
}

std::optional<double> number(std::string_view text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
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
  for (const auto& child : predicate.children) collect_properties(child, columns);
  if (is_group(predicate.op)) return;
  if (std::find(columns.begin(), columns.end(), predicate.attribute) == columns.end())
    columns.push_back(predicate.attribute);
}

PropertyMatch::PropertyMatch(const assign::Predicate& predicate, const std::vector<std::string>& columns,
                             const Reader& reader)
    : reader_(reader), root_(compile(predicate, columns)) {}

PropertyMatch::Node PropertyMatch::compile(const assign::Predicate& predicate,
                                           const std::vector<std::string>& columns) {
  Node node;
  node.op = predicate.op;
  if (is_group(predicate.op)) {
    for (const auto& child : predicate.children) node.children.push_back(compile(child, columns));
    return node;
  }
  std::vector<Problem> problems;  // the catalog has been checked
  node.audience = assign::Audience::compile(predicate, "", problems);
  if (!problems.empty()) throw std::logic_error("PropertyMatch: " + problems.front().what);
  node.property = predicate.attribute;
  node.column = index_of(columns, predicate.attribute);
  return node;
}

bool PropertyMatch::holds(Node& node, const EventSlice& slice, std::uint32_t event) {
  const auto child_holds = [&](Node& child) { return holds(child, slice, event); };
  if (node.op == Op::all) return std::all_of(node.children.begin(), node.children.end(), child_holds);
  if (node.op == Op::any) return std::any_of(node.children.begin(), node.children.end(), child_holds);
  if (node.op == Op::negate) return !child_holds(node.children.front());
  const ValueCode code = slice.properties[node.column][event];
  if (code == 0) return false;
  return node.answers.get(code, [&](ValueCode asked) { return static_cast<char>(leaf(node, asked)); }) != 0;
}

bool PropertyMatch::leaf(const Node& node, ValueCode code) const {
  const std::string_view text = reader_.text(code);
  const auto holds_as = [&](assign::AttributeValue value) {
    const assign::Attribute attribute{node.property, value};
    return node.audience.contains(std::span(&attribute, 1));
  };
  if (holds_as(text)) return true;
  if (text == "true" || text == "false") return holds_as(text == "true");
  const auto value = number(text);
  return value && holds_as(*value);
}

std::optional<Millionths> PropertyNumber::value(const EventSlice& slice, std::uint32_t event) {
  const ValueCode code = slice.properties[column_][event];
  if (code == 0) return {};
  return numbers_.get(code, [&](ValueCode asked) { return parse_millionths(reader_.text(asked)); });
}

}  // namespace liftmark
