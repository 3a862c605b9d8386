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
