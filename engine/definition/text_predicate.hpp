#pragma once
// Predicates over texts by name, such as an event's properties or a row's columns, compiled once. A text that
// reads as a number, or as true or false, is also that: {"property": "price", "greater": 10} and
// {"property": "sku", "equals": "10"} both work.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assign/audience.hpp"

namespace liftmark {

class TextPredicate {
 public:
  /// The default: true of everything.
  TextPredicate() = default;
  /// Throws std::logic_error when the predicate is malformed: readers have checked it before.
  explicit TextPredicate(const assign::Predicate& predicate);

  /// What its comparisons name, each once.
  const std::vector<std::string>& names() const noexcept { return names_; }
  std::size_t leaves() const noexcept { return leaves_.size(); }
  /// Which of names() a comparison looks at.
  std::size_t name_of(std::size_t leaf) const noexcept { return leaves_[leaf].name; }
  /// Whether a comparison holds for a text; an empty one is absent.
  bool leaf_holds(std::size_t leaf, std::string_view text) const;

  /// Whether the whole holds, given `leaf_holds(leaf)` for its comparisons; asks no more of them than needed.
  template <typename LeafHolds>
  bool holds_given(LeafHolds&& leaf_holds) const {
    return holds(root_, leaf_holds);
  }
  /// Whether it holds for these texts, in the order of names().
  bool holds(std::span<const std::string_view> texts) const {
    return holds_given([&](std::size_t leaf) { return leaf_holds(leaf, texts[name_of(leaf)]); });
  }

 private:
  struct Node {
    assign::Predicate::Op op = assign::Predicate::Op::all;
    std::vector<Node> children;
    std::size_t leaf = 0;
  };
  struct Leaf {
    std::size_t name = 0;
    std::shared_ptr<const assign::Audience> audience;  // immutable: copies share it
  };
  Node compile(const assign::Predicate& predicate);

  template <typename LeafHolds>
  static bool holds(const Node& node, LeafHolds& leaf_holds) {
    using Op = assign::Predicate::Op;
    switch (node.op) {
      case Op::all:
        for (const Node& child : node.children)
          if (!holds(child, leaf_holds)) return false;
        return true;
      case Op::any:
        for (const Node& child : node.children)
          if (holds(child, leaf_holds)) return true;
        return false;
      case Op::negate:
        return !holds(node.children.front(), leaf_holds);
      default:
        return leaf_holds(node.leaf);
    }
  }

  Node root_;
  std::vector<Leaf> leaves_;
  std::vector<std::string> names_;
};

}  // namespace liftmark
