#pragma once
// Predicates and numbers over events' properties. Properties are texts; a text that reads as a number or as
// true or false is also that, so {"property": "price", "greater": 10} and {"property": "sku", "equals": "10"}
// both work.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assign/audience.hpp"
#include "engine/aggregate/code_memo.hpp"
#include "engine/record/reader.hpp"

namespace liftmark {

/// A decimal of at most 6 places (more are rounded half away from zero) as millionths; nothing if it is no
/// plain decimal number or does not fit.
std::optional<Millionths> parse_millionths(std::string_view text) noexcept;

/// A predicate compiled for the columns of a scan. Remembers each leaf's answer by value code; one per
/// thread.
class PropertyMatch {
 public:
  /// `columns` are EventFilter::properties and hold every property that the predicate names.
  PropertyMatch(const assign::Predicate& predicate, const std::vector<std::string>& columns,
                const Reader& reader);

  bool holds(const EventSlice& slice, std::uint32_t event) { return holds(root_, slice, event); }

 private:
  struct Node {
    assign::Predicate::Op op = assign::Predicate::Op::all;
    std::vector<Node> children;
    std::size_t column = 0;
    assign::Audience audience;  // leaves: the one comparison
    std::string property;
    CodeMemo<char> answers;
  };
  Node compile(const assign::Predicate& predicate, const std::vector<std::string>& columns);
  bool holds(Node& node, const EventSlice& slice, std::uint32_t event);
  bool leaf(const Node& node, ValueCode code) const;

  const Reader& reader_;
  Node root_;
};

/// Adds the properties a predicate names to `columns`, each once.
void collect_properties(const assign::Predicate& predicate, std::vector<std::string>& columns);

/// The numbers of one property, remembered by value code; one per thread.
class PropertyNumber {
 public:
  PropertyNumber(std::size_t column, const Reader& reader) : column_(column), reader_(reader) {}
  /// Nothing when the property is absent or no number.
  std::optional<Millionths> value(const EventSlice& slice, std::uint32_t event);

 private:
  std::size_t column_;
  const Reader& reader_;
  CodeMemo<std::optional<Millionths>> numbers_;
};

}  // namespace liftmark
