#pragma once
// Days of a metric added up.

#include <map>
#include <utility>
#include <vector>

#include "engine/aggregate/statistics.hpp"

namespace liftmark {

/// Cells of the days so far, by epoch and arm.
class Cumulated {
 public:
  explicit Cumulated(std::size_t dimension) : dimension_(dimension) {}
  void add(const std::vector<Cell>& cells) {
    for (const auto& cell : cells) {
      auto& sum = cells_
                      .try_emplace({cell.epoch, cell.arm}, Cell{.epoch = cell.epoch,
                                                                .arm = cell.arm,
                                                                .history = stats::CoMoments(dimension_),
                                                                .no_history = stats::CoMoments(dimension_)})
                      .first->second;
      if (cell.history.n() > 0) sum.history.merge(cell.history);
      if (cell.no_history.n() > 0) sum.no_history.merge(cell.no_history);
    }
  }
  std::vector<Cell> cells() const {
    std::vector<Cell> all;
    for (const auto& [key, cell] : cells_) all.push_back(cell);
    return all;
  }

 private:
  std::size_t dimension_;
  std::map<std::pair<int, std::size_t>, Cell> cells_;
};

/// Calls visit(day, cells) for each day of first exposure with all units up to it.
template <typename Visit>
void each_day_so_far(const MetricStatistics& data, Visit visit) {
  for (const auto& day : data.measured_until) visit(day.day, day.cells);
  if (!data.measured_until.empty()) return;
  Cumulated sum(data.layout.dimension());
  for (const auto& day : data.by_day) {
    sum.add(day.cells);
    visit(day.day, sum.cells());
  }
}

}  // namespace liftmark
