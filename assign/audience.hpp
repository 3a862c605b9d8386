#pragma once
// Predicates over attributes, compiled once. Used for audiences and, by the engine, for events' properties.
//
// A leaf is false when its attribute is unknown or of another type: a number is never equal to its text, and
// text that is no semantic version is in no version range. `negate` turns that false into true; add `present`
// where an unknown attribute must not pass.

#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assign/assignment.hpp"
#include "assign/experiment.hpp"
#include "assign/problem.hpp"

namespace liftmark::assign {

inline constexpr std::size_t kLargestPattern = 256;      ///< bytes of an RE2 pattern
inline constexpr std::size_t kDeepestPredicate = 32;     ///< levels
inline constexpr std::size_t kLargestPredicate = 10000;  ///< nodes and values

/// An immutable predicate ready to run; safe for any number of threads.
class Audience {
 public:
  /// Appends to `problems`, with `where` starting with the given pointer, when a node is malformed; the
  /// Audience is then of no use.
  static Audience compile(const Predicate& predicate, const std::string& where,
                          std::vector<Problem>& problems);

  /// The default audience: everybody.
  Audience();
  Audience(Audience&&) noexcept;
  Audience& operator=(Audience&&) noexcept;
  ~Audience();

  /// Never throws. Allocates only inside RE2, and only for predicates with `matches`.
  bool contains(std::span<const Attribute> attributes,
                std::span<const std::string_view> segments = {}) const noexcept;
  bool everybody() const noexcept { return nodes_.empty(); }

  /// The predicate with each leaf's outcome, one line a node, indented; for `--explain`. Allocates.
  std::string explain(std::span<const Attribute> attributes,
                      std::span<const std::string_view> segments) const;

 private:
  struct Node;
  struct Compiler;
  bool holds(const Node& node, std::span<const Attribute> attributes,
             std::span<const std::string_view> segments) const noexcept;
  bool leaf(const Node& node, const AttributeValue& value) const noexcept;
  void explain(const Node& node, std::span<const Attribute> attributes,
               std::span<const std::string_view> segments, std::size_t depth, std::string& text) const;

  std::vector<Node> nodes_;       ///< in pre-order; a node's children follow it
  std::list<std::string> texts_;  ///< what nodes view; a list, so that elements stay in place when it moves
};

}  // namespace liftmark::assign
