#include <algorithm>

#include "engine/analyse/sections.hpp"

namespace liftmark {
namespace {

using Group = MetricStatistics::Group;

std::vector<std::string> dimensions_of(const MetricStatistics& data) {
  std::vector<std::string> dimensions;
  for (const auto& group : data.groups)
    if (std::find(dimensions.begin(), dimensions.end(), group.dimension) == dimensions.end())
      dimensions.push_back(group.dimension);
  return dimensions;
}

std::string origin(const std::string& dimension) {
  for (const char* derived : {"rfm", "lifecycle", "cold_start"})
    if (dimension == derived) return derived;
  return "attribute";
}

SegmentRow row_of(const MetricTask& task, const Statistics& statistics, const Group& group, ArmPair pair) {
  SegmentRow row{.group = group.group};
  const auto dimension = task.data.layout.dimension();
  for (const auto arm : {pair.control, pair.treatment}) {
    row.arms.push_back(
        describe_arm(statistics.arms[arm].key, pooled(group.cells, arm, dimension), task.data.layout));
    row.units += row.arms.back().units;
  }
  auto comparison = compare(task, group.cells, pair);
  comparison.arm = statistics.arms[pair.treatment].key;
  comparison.against = statistics.arms[pair.control].key;
  row.comparisons.push_back(std::move(comparison));
  return row;
}

void add_shares(SegmentTable& table) {
  std::int64_t total = 0;
  for (const auto& row : table.rows) total += row.units;
  for (auto& row : table.rows)
    if (total > 0) row.share = static_cast<double>(row.units) / static_cast<double>(total);
}

}  // namespace

std::vector<SegmentTable> segment_tables(const MetricTask& task, const Statistics& statistics,
                                         const std::vector<ArmPair>& pairs) {
  std::vector<SegmentTable> tables;
  for (const auto& dimension : dimensions_of(task.data)) {
    for (const auto pair : pairs) {
      SegmentTable table{.metric = task.metric.key,
                         .dimension = dimension,
                         .arm = statistics.arms[pair.treatment].key,
                         .against = statistics.arms[pair.control].key,
                         .method = origin(dimension)};
      for (const auto& group : task.data.groups)
        if (group.dimension == dimension) table.rows.push_back(row_of(task, statistics, group, pair));
      add_shares(table);
      tables.push_back(std::move(table));
    }
  }
  return tables;
}

}  // namespace liftmark
