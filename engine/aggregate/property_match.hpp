#pragma once
// Predicates and numbers over events' properties, which are texts.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/aggregate/code_memo.hpp"
#include "engine/definition/text_predicate.hpp"
#include "engine/record/decimal.hpp"
#include "engine/record/reader.hpp"

namespace liftmark {

/// A predicate compiled for the columns of a scan. Remembers each comparison's answer by value code; one per
/// thread.
class PropertyMatch {
 public:
  /// `columns` are EventFilter::properties and hold every property that the predicate names.
  PropertyMatch(const assign::Predicate& predicate, const std::vector<std::string>& columns,
                const Reader& reader);

  bool holds(const EventSlice& slice, std::uint32_t event);

 private:
  const Reader& reader_;
  TextPredicate predicate_;
  std::vector<std::size_t> columns_;     // by the predicate's names
  std::vector<CodeMemo<char>> answers_;  // by comparison
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
