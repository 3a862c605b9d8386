#include "assign/audience.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "assign/short_text.hpp"
#include "assign/version.hpp"

namespace liftmark::assign {

using Op = Predicate::Op;

/// `size` counts the node and everything below it, so the next sibling is `size` further on. Texts are views
/// into `Audience::texts_`, whose elements never move. What only some operators read lies apart, so that a
/// node of the others is one cache line.
struct alignas(64) Audience::Node {
  struct Rest {
    std::vector<double> numbers;          ///< in: sorted
    std::vector<std::string_view> texts;  ///< in: sorted
    Version version;
    std::unique_ptr<const RE2> pattern;
  };
  std::string_view attribute;
  std::string_view text;  ///< equals, text operators, versions, segment
  double number = 0.0;    ///< equals, numeric comparisons
  std::uint32_t size = 1;
  Op op = Op::all;
  bool has_text = false;
  bool has_number = false;
  bool has_true = false;  ///< equals, in
  bool has_false = false;
  std::unique_ptr<Rest> rest;
};

Audience::Audience() = default;
Audience::Audience(Audience&&) noexcept = default;
Audience& Audience::operator=(Audience&&) noexcept = default;
Audience::~Audience() = default;

namespace {

bool is_group(Op op) noexcept {
  return op == Op::all || op == Op::any || op == Op::negate;
}
bool is_numeric(Op op) noexcept {
  return op == Op::less || op == Op::less_equal || op == Op::greater || op == Op::greater_equal;
}
bool is_version(Op op) noexcept {
  return op == Op::version_less || op == Op::version_less_equal || op == Op::version_greater ||
         op == Op::version_greater_equal || op == Op::version_equals;
}
bool is_text(Op op) noexcept {
  return op == Op::prefix || op == Op::suffix || op == Op::contains || op == Op::matches ||
         op == Op::in_segment;
}

/// `order` is negative, 0 or positive as the attribute's value is below, at or above the predicate's.
bool ordered(Op op, int order) noexcept {
  switch (op) {
    case Op::less:
    case Op::version_less:
      return order < 0;
    case Op::less_equal:
    case Op::version_less_equal:
      return order <= 0;
    case Op::greater:
    case Op::version_greater:
      return order > 0;
    case Op::greater_equal:
    case Op::version_greater_equal:
      return order >= 0;
    default:
      return order == 0;
  }
}

std::string shown(const Value& value) {
  if (const bool* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const double* number = std::get_if<double>(&value)) return std::to_string(*number);
  if (const std::string* text = std::get_if<std::string>(&value)) return '"' + text->substr(0, 60) + '"';
  return "null";
}

inline const AttributeValue* find(std::span<const Attribute> attributes, std::string_view name) noexcept {
  for (const Attribute& attribute : attributes) {
    if (equal(attribute.name, name)) {
      return std::holds_alternative<std::monostate>(attribute.value) ? nullptr : &attribute.value;
    }
  }
  return nullptr;
}

/// Whether the sorted list has the text.
bool holds_text(const std::vector<std::string_view>& list, std::string_view text) noexcept {
  constexpr std::size_t kFew = 8;
  if (list.size() > kFew) return std::binary_search(list.begin(), list.end(), text);
  for (const std::string_view each : list) {
    if (equal(each, text)) return true;
  }
  return false;
}

}  // namespace

struct Audience::Compiler {
  std::vector<Node>& nodes;
  std::list<std::string>& texts;
  std::vector<Problem>& problems;
  std::size_t parts = 0;

  void report(const std::string& where, std::string what, std::string value = {}, std::string hint = {}) {
    problems.push_back({where, std::move(what), std::move(value), std::move(hint)});
  }

  std::string_view kept(const std::string& text) { return texts.emplace_back(text); }

  void add(const Predicate& predicate, const std::string& where, std::size_t depth) {
    parts += 1 + predicate.values.size();
    if (parts > kLargestPredicate || depth > kDeepestPredicate) {
      report(where, "is too large", "",
             "At most 32 levels and 10,000 nodes and values; store a segment instead.");
      return;
    }
    const std::size_t index = nodes.size();
    nodes.emplace_back();
    nodes[index].op = predicate.op;
    nodes[index].rest = std::make_unique<Node::Rest>();
    if (is_group(predicate.op)) {
      if (predicate.op == Op::negate && predicate.children.size() != 1)
        report(where, "must hold one predicate");
      for (std::size_t i = 0; i < predicate.children.size(); ++i) {
        const std::string place = predicate.op == Op::negate ? "" : "/" + std::to_string(i);
        add(predicate.children[i], where + "/" + std::string(name(predicate.op)) + place, depth + 1);
      }
    } else {
      fill(nodes[index], predicate, where);
    }
    nodes[index].size = static_cast<std::uint32_t>(nodes.size() - index);
  }

  void fill(Node& node, const Predicate& predicate, const std::string& where) {
    const Op op = predicate.op;
    const std::string place = where + "/" + std::string(name(op));
    node.attribute = kept(predicate.attribute);
    if (op != Op::in_segment && predicate.attribute.empty())
      report(where + "/attribute", "must not be empty");
    if (op == Op::present) return;
    if (op != Op::in && predicate.values.size() != 1) return report(place, "needs exactly one value");
    for (const Value& value : predicate.values) take(node, value, place);
    std::sort(node.rest->numbers.begin(), node.rest->numbers.end());
    std::sort(node.rest->texts.begin(), node.rest->texts.end());
    if (is_numeric(op) && !node.has_number) report(place, "must be a number", shown(predicate.values[0]));
    if ((is_version(op) || is_text(op)) && !node.has_text) {
      return report(place, "must be a string", shown(predicate.values[0]));
    }
    if (is_version(op)) {
      const std::optional<Version> version = parse_version(node.text);
      if (!version) {
        report(place, "is no semantic version", shown(predicate.values[0]),
               "Write three numbers, such as \"2.0.0\".");
      }
      node.rest->version = version.value_or(Version{});
    }
    if (op == Op::matches) compile_pattern(node, place);
  }

  void take(Node& node, const Value& value, const std::string& place) {
    if (std::holds_alternative<std::monostate>(value)) {
      report(place, "cannot be null", "null",
             "Use {\"not\": {\"attribute\": .., \"present\": true}} for a missing one.");
    } else if (const bool* flag = std::get_if<bool>(&value)) {
      (*flag ? node.has_true : node.has_false) = true;
    } else if (const double* number = std::get_if<double>(&value)) {
      if (!std::isfinite(*number)) return report(place, "must be a finite number");
      node.has_number = true;
      node.number = *number;
      node.rest->numbers.push_back(*number);
    } else {
      node.has_text = true;
      node.text = kept(std::get<std::string>(value));
      node.rest->texts.push_back(node.text);
    }
  }

  void compile_pattern(Node& node, const std::string& place) {
    if (node.text.size() > kLargestPattern) {
      return report(place, "is longer than 256 bytes", std::to_string(node.text.size()) + " bytes",
                    "Shorten the pattern or use prefix, suffix, contains or in.");
    }
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(1 << 20);
    auto pattern = std::make_unique<const RE2>(re2::StringPiece(node.text.data(), node.text.size()), options);
    if (!pattern->ok()) {
      return report(place, "is no RE2 pattern: " + pattern->error(), '"' + std::string(node.text) + '"');
    }
    node.rest->pattern = std::move(pattern);
  }
};

Audience Audience::compile(const Predicate& predicate, const std::string& where,
                           std::vector<Problem>& problems) {
  Audience audience;
  if (predicate.op == Op::all && predicate.children.empty()) return audience;
  Compiler{audience.nodes_, audience.texts_, problems}.add(predicate, where, 1);
  return audience;
}

bool Audience::contains(std::span<const Attribute> attributes,
                        std::span<const std::string_view> segments) const noexcept {
  return nodes_.empty() || holds(nodes_.front(), attributes, segments);
}

bool Audience::holds(const Node& node, std::span<const Attribute> attributes,
                     std::span<const std::string_view> segments) const noexcept {
  if (is_group(node.op)) [[unlikely]] {
    const Node* const end = &node + node.size;
    for (const Node* child = &node + 1; child < end; child += child->size) {
      const bool value = holds(*child, attributes, segments);
      if (node.op == Op::negate) return !value;
      if (value == (node.op == Op::any)) return value;
    }
    return node.op == Op::all;
  }
  if (node.op == Op::in_segment)
    return std::find(segments.begin(), segments.end(), node.text) != segments.end();
  const AttributeValue* const value = find(attributes, node.attribute);
  if (value == nullptr) return false;
  // The most frequent leaf needs no switch.
  if (node.op == Op::equals && node.has_text) {
    const std::string_view* const text = std::get_if<std::string_view>(value);
    if (text != nullptr) return equal(*text, node.text);
  }
  return leaf(node, *value);
}

bool Audience::leaf(const Node& node, const AttributeValue& value) const noexcept {
  const std::string_view* const text = std::get_if<std::string_view>(&value);
  const double* const number = std::get_if<double>(&value);
  switch (node.op) {
    case Op::present:
      return true;
    case Op::equals:
      if (text != nullptr) return node.has_text && equal(*text, node.text);
      if (number != nullptr) return node.has_number && *number == node.number;
      return std::get<bool>(value) ? node.has_true : node.has_false;
    case Op::in:
      if (text != nullptr) return holds_text(node.rest->texts, *text);
      if (number != nullptr)
        return std::binary_search(node.rest->numbers.begin(), node.rest->numbers.end(), *number);
      return std::get<bool>(value) ? node.has_true : node.has_false;
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
      if (number == nullptr || std::isnan(*number)) return false;
      return ordered(node.op, (*number > node.number) - (*number < node.number));
    case Op::prefix:
      return text != nullptr && text->starts_with(node.text);
    case Op::suffix:
      return text != nullptr && text->ends_with(node.text);
    case Op::contains:
      return text != nullptr && text->find(node.text) != std::string_view::npos;
    case Op::matches:
      return text != nullptr &&
             RE2::PartialMatch(re2::StringPiece(text->data(), text->size()), *node.rest->pattern);
    case Op::version_less:
    case Op::version_less_equal:
    case Op::version_greater:
    case Op::version_greater_equal:
    case Op::version_equals: {
      if (text == nullptr) return false;
      const std::optional<Version> version = parse_version(*text);
      return version && ordered(node.op, compare(*version, node.rest->version));
    }
    default:
      return false;
  }
}

std::string Audience::explain(std::span<const Attribute> attributes,
                              std::span<const std::string_view> segments) const {
  std::string text;
  if (!nodes_.empty()) explain(nodes_.front(), attributes, segments, 0, text);
  return text;
}

void Audience::explain(const Node& node, std::span<const Attribute> attributes,
                       std::span<const std::string_view> segments, std::size_t depth,
                       std::string& text) const {
  text.append(2 * depth, ' ');
  if (!node.attribute.empty()) text += std::string(node.attribute) + " ";
  text += name(node.op);
  for (const double number : node.rest->numbers) text += " " + shown(number);
  for (const std::string_view value : node.rest->texts) text += " " + shown(std::string(value));
  if (node.has_true) text += " true";
  if (node.has_false) text += " false";
  text += holds(node, attributes, segments) ? ": yes" : ": no";
  const bool needs_attribute = !is_group(node.op) && node.op != Op::in_segment;
  if (needs_attribute && find(attributes, node.attribute) == nullptr) text += " (unknown attribute)";
  text += "\n";
  if (!is_group(node.op)) return;
  const Node* const end = &node + node.size;
  for (const Node* child = &node + 1; child < end; child += child->size) {
    explain(*child, attributes, segments, depth + 1, text);
  }
}

}  // namespace liftmark::assign
