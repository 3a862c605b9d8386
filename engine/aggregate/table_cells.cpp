#include "engine/aggregate/table_cells.hpp"

#include <algorithm>

#include "engine/aggregate/distribution.hpp"

namespace liftmark {

void ArmMoments::add(std::size_t arm, std::span<const double> values) {
  while (by_arm_.size() <= arm) by_arm_.emplace_back(values.size());
  by_arm_[arm].add(values);
}

std::vector<Cell> ArmMoments::cells(const std::vector<std::size_t>& order, std::size_t dimension) const {
  std::vector<Cell> cells;
  for (std::size_t place = 0; place < order.size(); ++place) {
    Cell cell{.epoch = 1,
              .arm = place,
              .history = stats::CoMoments(dimension),
              .no_history = stats::CoMoments(dimension)};
    if (order[place] < by_arm_.size()) cell.history = by_arm_[order[place]];
    cells.push_back(std::move(cell));
  }
  return cells;
}

void MetricCells::add(const UnitRow& unit, std::optional<std::int64_t> day) {
  raw_.clear();
  for (const auto column : columns) raw_.push_back(unit.values[column]);
  if (!layout_.binary && raw_[0] != 0.0) {
    if (values_.size() <= unit.arm) values_.resize(unit.arm + 1);
    values_[unit.arm].push_back(raw_[0]);
  }
  capped_ = raw_;
  if (cap) {
    // The numerator and its covariates; a denominator is never capped.
    for (std::size_t i = 0; i < capped_.size(); ++i)
      if (!(layout_.ratio && i == 1)) capped_[i] = std::clamp(capped_[i], -*cap, *cap);
    uncapped_.add(unit.arm, raw_);
  }
  all_.add(unit.arm, capped_);
  if (!unit.crossed) without_crossovers_.add(unit.arm, capped_);
  groups_.resize(segments);
  for (std::size_t s = 0; s < segments; ++s) {
    if (groups_[s].size() <= unit.groups[s]) groups_[s].resize(unit.groups[s] + 1);
    groups_[s][unit.groups[s]].add(unit.arm, capped_);
  }
  if (day) days_[*day].add(unit.arm, capped_);
}

MetricStatistics MetricCells::statistics(const CellOrder& order) const {
  const auto dimension = layout_.dimension();
  MetricStatistics result{.metric = key_, .layout = layout_, .cells = all_.cells(order.arms, dimension)};
  result.cap = cap;
  if (cap) result.uncapped = uncapped_.cells(order.arms, dimension);
  if (order.crossovers) result.without_crossovers = without_crossovers_.cells(order.arms, dimension);
  for (std::size_t s = 0; s < groups_.size(); ++s) {
    std::vector<MetricStatistics::Group> groups;
    for (std::size_t g = 0; g < groups_[s].size(); ++g)
      groups.push_back({.dimension = order.dimensions[s],
                        .group = order.groups[s][g],
                        .cells = groups_[s][g].cells(order.arms, dimension)});
    std::sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) { return a.group < b.group; });
    std::move(groups.begin(), groups.end(), std::back_inserter(result.groups));
  }
  for (std::size_t place = 0; place < order.arms.size() && !layout_.binary; ++place) {
    const auto arm = order.arms[place];
    const auto units = static_cast<std::size_t>(result.cells[place].history.n());
    result.distribution.push_back(describe_distribution(
        place, count_values(arm < values_.size() ? values_[arm] : std::vector<double>{}), units));
  }
  for (const auto& [day, moments] : days_)
    result.by_day.push_back({.day = static_cast<int>(day - days_.begin()->first) + 1,
                             .cells = moments.cells(order.arms, dimension)});
  return result;
}

}  // namespace liftmark
