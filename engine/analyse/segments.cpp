#include <algorithm>
#include <cmath>

#include "engine/analyse/sections.hpp"
#include "stats/confidence_sequence.hpp"
#include "stats/heterogeneity.hpp"

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

constexpr double kDiffers = 0.05;

/// One group's effect on the plan's scale; without a standard error, and so left out, where the data or the
/// burn-in cannot give one.
stats::SegmentEffect effect_of(const MetricTask& task, const Look& look, bool any_time) {
  if (look.contrast.reason != stats::Reason::none || (any_time && before_burn_in(look))) return {};
  const auto scaled = stats::on_scale(look.contrast, scale_of(task.metric.scale),
                                      any_time ? stats::ErrorRule::larger_of_both : stats::ErrorRule::own);
  if (!scaled.scaled) return {};
  return {.estimate = scaled.scaled->value, .standard_error = scaled.scaled->standard_error};
}

/// A lift from an estimate of its log.
Figure lift_of(const stats::Estimate& log_ratio) {
  Figure lift = figure(log_ratio);
  for (auto* number : {&lift.estimate, &lift.lower, &lift.upper})
    if (*number) *number = std::expm1(**number);
  return lift;
}

/// Do the groups differ? Only then may a row be read by itself. Fieller's scale has no shrunken lifts: its
/// effects are differences.
void test_heterogeneity(const MetricTask& task, const std::vector<const Group*>& groups, ArmPair pair,
                        SegmentTable& table) {
  const bool any_time = plan_method(task.plan.method).any_time;
  std::vector<stats::SegmentEffect> effects;
  double units = 0;
  for (const auto* group : groups) {
    const auto look = look_of(task, group->cells, pair);
    effects.push_back(effect_of(task, look, any_time));
    if (effects.back().standard_error > 0) units += look.units();
  }
  std::optional<stats::SequentialScale> sequential;
  if (any_time && units > 0)
    sequential = {.n = units,
                  .rho_squared = stats::tuned_rho_squared(planned_units(task.plan), task.role.alpha)};
  const auto result = stats::heterogeneity(effects, sequential);
  table.heterogeneity_p_value = result.p_value;
  table.i_squared = result.i_squared;
  table.differs = result.p_value && *result.p_value < kDiffers;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    if (task.metric.scale == Scale::log && i < result.shrunken.size())
      table.rows[i].shrunken = lift_of(result.shrunken[i]);
    if (table.differs) continue;
    for (auto& comparison : table.rows[i].comparisons) comparison.reading.clear();
  }
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
    if (dimension.rfind(kExperimentDimension, 0) == 0) continue;  // read as interactions
    for (const auto pair : pairs) {
      SegmentTable table{.metric = task.metric.key,
                         .dimension = dimension,
                         .arm = statistics.arms[pair.treatment].key,
                         .against = statistics.arms[pair.control].key,
                         .method = origin(dimension)};
      for (const auto& derived : statistics.derived)
        if (derived.dimension == dimension)
          for (const auto& [name, value] : derived.cut_points) table.cut_points.push_back({name, value});
      std::vector<const Group*> groups;
      for (const auto& group : task.data.groups) {
        if (group.dimension != dimension) continue;
        groups.push_back(&group);
        table.rows.push_back(row_of(task, statistics, group, pair));
      }
      add_shares(table);
      test_heterogeneity(task, groups, pair, table);
      tables.push_back(std::move(table));
    }
  }
  return tables;
}

}  // namespace liftmark
