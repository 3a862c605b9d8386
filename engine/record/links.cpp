#include "engine/record/links.hpp"

namespace liftmark {

Links read_links(Database& database, Micros as_of) {
  Links links;
  Statement rows(database,
                 "SELECT anonymous, unit FROM link WHERE at <= ?1 AND recorded_at <= ?1 ORDER BY seq");
  rows.bind(1, as_of);
  while (rows.step())
    links[static_cast<UnitIndex>(rows.integer(0))] = static_cast<UnitIndex>(rows.integer(1));
  // A chain of links ends at its last unit; a circle is cut where it closes.
  for (auto& [anonymous, unit] : links) {
    for (std::size_t steps = 0; steps < links.size(); ++steps) {
      const auto next = links.find(unit);
      if (next == links.end() || next->second == anonymous) break;
      unit = next->second;
    }
  }
  return links;
}

}  // namespace liftmark
