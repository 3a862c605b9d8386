#pragma once
// The growing sufficient statistics of one metric of a table: by arm, group and day.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/aggregate/statistics.hpp"

namespace liftmark {

/// One unit of a table: its arm, the values of all columns in use, its group in every segment.
struct UnitRow {
  std::size_t arm = 0;
  std::vector<double> values;
  std::vector<std::uint32_t> groups;
  std::int64_t time = 0;
  bool crossed = false;
};

/// Moments by arm; arms appear as they are met.
class ArmMoments {
 public:
  void add(std::size_t arm, std::span<const double> values);
  /// One cell per arm in this order; an arm never met has an empty cell.
  std::vector<Cell> cells(const std::vector<std::size_t>& order, std::size_t dimension) const;

 private:
  std::vector<stats::CoMoments> by_arm_;
};

/// How a metric's cells are laid out in the result.
struct CellOrder {
  const std::vector<std::size_t>& arms;                 ///< old index of the arm at each new place
  const std::vector<std::string>& dimensions;           ///< segments
  const std::vector<std::vector<std::string>>& groups;  ///< names by segment
  bool crossovers = false;                              ///< some unit was in several arms
};

class MetricCells {
 public:
  MetricCells(std::string key, ValueLayout layout) : key_(std::move(key)), layout_(layout) {}

  std::vector<std::size_t> columns;  ///< into UnitRow::values, as `layout` says
  std::optional<double> cap;
  std::size_t segments = 0;

  void add(const UnitRow& unit, std::optional<std::int64_t> day);
  MetricStatistics statistics(const CellOrder& order) const;

 private:
  std::string key_;
  ValueLayout layout_;
  std::vector<double> raw_, capped_;         // reused from row to row
  std::vector<std::vector<double>> values_;  // non-zero numerators by arm, for the distribution
  ArmMoments all_, uncapped_, without_crossovers_;
  std::vector<std::vector<ArmMoments>> groups_;  // [segment][group]
  std::map<std::int64_t, ArmMoments> days_;
};

}  // namespace liftmark
