#include "assign/audience.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "assign/version.hpp"

namespace liftmark::assign {

using Op = Predicate::Op;

/// `size` counts the node and everything below it, so the next sibling is `size` further on.
struct Audience::Node {
  Op op = Op::all;
  std::size_t size = 1;
  std::string attribute;
  double number = 0.0;             ///< of numeric comparisons
  std::vector<double> numbers;     ///< equals, in: sorted
  std::vector<std::string> texts;  ///< equals, in: sorted; text operators, versions, segment: the first
  bool equals_true = false;        ///< equals, in
  bool equals_false = false;
  Version version;  ///< views into texts[0], which never moves after compiling
  std::unique_ptr<const RE2> pattern;
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

const AttributeValue* find(std::span<const Attribute> attributes, std::string_view name) noexcept {
  for (const Attribute& attribute : attributes) {
    if (attribute.name == name) {
      return std::holds_alternative<std::monostate>(attribute.value) ? nullptr : &attribute.value;
    }
  }
  return nullptr;
}

}  // namespace

struct Audience::Compiler {
  std::vector<Node>& nodes;
  std::vector<Problem>& problems;
  std::size_t parts = 0;

  void report(const std::string& where, std::string what, std::string value = {}, std::string hint = {}) {
    problems.push_back({where, std::move(what), std::move(value), std::move(hint)});
  }

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
    nodes[index].attribute = predicate.attribute;
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
    nodes[index].size = nodes.size() - index;
  }

  void fill(Node& node, const Predicate& predicate, const std::string& where) {
    const Op op = predicate.op;
    const std::string place = where + "/" + std::string(name(op));
    if (op != Op::in_segment && predicate.attribute.empty())
      report(where + "/attribute", "must not be empty");
    if (op == Op::present) return;
    if (op != Op::in && predicate.values.size() != 1) return report(place, "needs exactly one value");
    for (const Value& value : predicate.values) {
      if (std::holds_alternative<std::monostate>(value)) {
        report(place, "cannot be null", "null", "Use {\"not\": {\"present\": ..}} for a missing attribute.");
      } else if (const bool* flag = std::get_if<bool>(&value)) {
        (*flag ? node.equals_true : node.equals_false) = true;
      } else if (const double* number = std::get_if<double>(&value)) {
        node.numbers.push_back(*number);
        if (!std::isfinite(*number)) report(place, "must be a finite number");
      } else {
        node.texts.push_back(std::get<std::string>(value));
      }
    }
    std::sort(node.numbers.begin(), node.numbers.end());
    std::sort(node.texts.begin(), node.texts.end());
    if (is_numeric(op)) {
      if (node.numbers.size() != 1) return report(place, "must be a number", shown(predicate.values[0]));
      node.number = node.numbers[0];
    }
    if ((is_version(op) || is_text(op)) && node.texts.size() != 1) {
      return report(place, "must be a string", shown(predicate.values[0]));
    }
    if (is_version(op) && !parse_version(node.texts[0])) {
      report(place, "is no semantic version", shown(predicate.values[0]),
             "Write three numbers, such as \"2.0.0\".");
    }
    if (op == Op::matches) compile_pattern(node, place);
  }

  void compile_pattern(Node& node, const std::string& place) {
    const std::string& text = node.texts[0];
    if (text.size() > kLargestPattern) {
      return report(place, "is longer than 256 bytes", std::to_string(text.size()) + " bytes",
                    "Shorten the pattern or use prefix, suffix, contains or in.");
    }
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(1 << 20);
    auto pattern = std::make_unique<const RE2>(text, options);
    if (!pattern->ok()) return report(place, "is no RE2 pattern: " + pattern->error(), '"' + text + '"');
    node.pattern = std::move(pattern);
  }
};

Audience Audience::compile(const Predicate& predicate, const std::string& where,
                           std::vector<Problem>& problems) {
  Audience audience;
  if (predicate.op == Op::all && predicate.children.empty()) return audience;
  Compiler compiler{audience.nodes_, problems};
  compiler.add(predicate, where, 1);
  for (Node& node : audience.nodes_) {  // only now do the texts stay where they are
    if (is_version(node.op) && node.texts.size() == 1)
      node.version = parse_version(node.texts[0]).value_or(Version{});
  }
  return audience;
}

bool Audience::contains(std::span<const Attribute> attributes,
                        std::span<const std::string_view> segments) const noexcept {
  return nodes_.empty() || holds(nodes_.front(), attributes, segments);
}

bool Audience::holds(const Node& node, std::span<const Attribute> attributes,
                     std::span<const std::string_view> segments) const noexcept {
  if (is_group(node.op)) {
    const Node* const end = &node + node.size;
    for (const Node* child = &node + 1; child < end; child += child->size) {
      const bool value = holds(*child, attributes, segments);
      if (node.op == Op::negate) return !value;
      if (value == (node.op == Op::any)) return value;
    }
    return node.op == Op::all;
  }
  if (node.op == Op::in_segment)
    return std::find(segments.begin(), segments.end(), node.texts[0]) != segments.end();
  const AttributeValue* value = find(attributes, node.attribute);
  return value != nullptr && leaf(node, *value);
}

bool Audience::leaf(const Node& node, const AttributeValue& value) const noexcept {
  if (node.op == Op::present) return true;
  if (const bool* flag = std::get_if<bool>(&value)) {
    const bool compares = node.op == Op::equals || node.op == Op::in;
    return compares && (*flag ? node.equals_true : node.equals_false);
  }
  if (const double* number = std::get_if<double>(&value)) {
    if (is_numeric(node.op)) {
      if (std::isnan(*number)) return false;
      return ordered(node.op, (*number > node.number) - (*number < node.number));
    }
    const bool compares = node.op == Op::equals || node.op == Op::in;
    return compares && std::binary_search(node.numbers.begin(), node.numbers.end(), *number);
  }
  const std::string_view text = std::get<std::string_view>(value);
  switch (node.op) {
    case Op::equals:
    case Op::in:
      return std::binary_search(node.texts.begin(), node.texts.end(), text, std::less<>());
    case Op::prefix:
      return text.starts_with(node.texts[0]);
    case Op::suffix:
      return text.ends_with(node.texts[0]);
    case Op::contains:
      return text.find(node.texts[0]) != std::string_view::npos;
    case Op::matches:
      return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *node.pattern);
    case Op::version_less:
    case Op::version_less_equal:
    case Op::version_greater:
    case Op::version_greater_equal:
    case Op::version_equals: {
      const auto version = parse_version(text);
      return version && ordered(node.op, compare(*version, node.version));
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
  if (!node.attribute.empty()) text += node.attribute + " ";
  text += name(node.op);
  for (const double number : node.numbers) text += " " + shown(number);
  for (const std::string& value : node.texts) text += " " + shown(value);
  if (node.equals_true) text += " true";
  if (node.equals_false) text += " false";
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
