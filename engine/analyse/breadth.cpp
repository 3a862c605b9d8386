#include "engine/analyse/log_parts.hpp"
#include "engine/analyse/sections.hpp"

namespace liftmark {

std::vector<CatalogBreadth> breadth(const MetricTask& task, const Statistics& statistics,
                                    const std::vector<ArmPair>& pairs) {
  std::vector<CatalogBreadth> rows;
  for (const auto& shown : task.data.shown) {
    CatalogBreadth row{.metric = task.metric.key,
                       .arm = statistics.arms[shown.arm].key,
                       .diversity = shown.diversity,
                       .shown = shown.events,
                       .items = shown.items};
    for (const auto& part : task.data.breadth) {
      double sum = 0, units = 0;  // epochs weighted by their units
      for (const auto& cell : part.cells)
        if (cell.arm == shown.arm && cell.history.n() > 0) {
          sum += cell.history.sum();
          units += static_cast<double>(cell.history.n());
        }
      if (units == 0) continue;
      auto& to = part.name == "coverage"  ? row.coverage
                 : part.name == "novelty" ? row.novelty
                                          : row.effective_items;
      to = sum / units;
      for (const auto pair : pairs)
        if (pair.treatment == shown.arm)
          row.changes.push_back(
              {statistics.arms[pair.control].key, part.name, lift_of(task, part.cells, pair)});
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace liftmark
