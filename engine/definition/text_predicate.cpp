#include "engine/definition/text_predicate.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <stdexcept>

namespace liftmark {
namespace {

using Op = assign::Predicate::Op;

std::optional<double> number(std::string_view text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

}  // namespace

TextPredicate::TextPredicate(const assign::Predicate& predicate) {
  root_ = compile(predicate);  // here and not above: it fills the other members
}

TextPredicate::Node TextPredicate::compile(const assign::Predicate& predicate) {
  Node node;
  node.op = predicate.op;
  if (node.op == Op::all || node.op == Op::any || node.op == Op::negate) {
    for (const auto& child : predicate.children) node.children.push_back(compile(child));
    return node;
  }
  std::vector<Problem> problems;
  Leaf leaf;
  leaf.audience =
      std::make_shared<const assign::Audience>(assign::Audience::compile(predicate, "", problems));
  if (!problems.empty()) throw std::logic_error("TextPredicate: " + problems.front().what);
  auto name = std::find(names_.begin(), names_.end(), predicate.attribute);
  if (name == names_.end()) name = names_.insert(names_.end(), predicate.attribute);
  leaf.name = static_cast<std::size_t>(name - names_.begin());
  node.leaf = leaves_.size();
  leaves_.push_back(std::move(leaf));
  return node;
}

bool TextPredicate::leaf_holds(std::size_t leaf, std::string_view text) const {
  if (text.empty()) return false;
  const Leaf& asked = leaves_[leaf];
  const auto holds_as = [&](assign::AttributeValue value) {
    const assign::Attribute attribute{names_[asked.name], value};
    return asked.audience->contains(std::span(&attribute, 1));
  };
  if (holds_as(text)) return true;
  if (text == "true" || text == "false") return holds_as(text == "true");
  const auto value = number(text);
  return value && holds_as(*value);
}

}  // namespace liftmark
