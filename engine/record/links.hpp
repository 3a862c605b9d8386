#pragma once
// Which unit an anonymous id became. Internal to engine/record.

#include <unordered_map>

#include "engine/record/database.hpp"
#include "engine/record/event.hpp"

namespace liftmark {

/// Linked unit to the unit at the end of its chain.
using Links = std::unordered_map<UnitIndex, UnitIndex>;

inline UnitIndex canonical(const Links& links, UnitIndex unit) noexcept {
  const auto found = links.find(unit);
  return found == links.end() ? unit : found->second;
}

/// The links recorded and in force at or before `as_of`; of several from one unit the last.
Links read_links(Database& database, Micros as_of);

}  // namespace liftmark
