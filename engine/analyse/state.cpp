#include "engine/analyse/state.hpp"

#include <algorithm>

#include "engine/analyse/cut.hpp"

namespace liftmark {
namespace {

bool horizon_reached(const StateInput& input, std::size_t variant) {
  if (input.analysis.seen_once) return true;
  if (const auto horizon = horizon_at(input.statistics, input.analysis))
    return input.statistics.as_of >= *horizon;
  if (!input.analysis.plan.planned_units) return false;
  std::vector<ArmPair> pairs;
  for (const auto pair : input.pairs)
    if (pair.treatment == variant) pairs.push_back(pair);
  return fewest_compared_units(input.tasks, pairs) >= *input.analysis.plan.planned_units;
}

bool before_min_days(const Statistics& statistics, const Analysis& analysis) {
  if (analysis.seen_once || !statistics.first_exposure) return false;
  const std::int64_t whole_weeks = (analysis.plan.min_days + 6) / 7 * 7;
  return statistics.as_of < *statistics.first_exposure + whole_weeks * kDayMicros;
}

/// One metric's readings in one arm, over all controls.
struct Readings {
  bool measured = false, decision_grade = false;
  bool all_better = true, any_worse = false, all_within = true, any_breached = false, any_burning = false;
};

Readings readings_of(const std::vector<MetricResult>& results, const std::string& key,
                     const std::string& arm) {
  Readings all;
  for (const auto& result : results) {
    if (result.key != key) continue;
    all.decision_grade = result.decision_grade;
    for (const auto& comparison : result.comparisons) {
      if (comparison.arm != arm) continue;
      all.measured = true;
      all.all_better = all.all_better && comparison.reading == reading::kBetter;
      all.any_worse = all.any_worse || comparison.reading == reading::kWorse;
      all.all_within = all.all_within && comparison.reading == reading::kWithinMargin;
      all.any_breached = all.any_breached || comparison.reading == reading::kBreached;
      all.any_burning = all.any_burning || comparison.reason == stats::name(stats::Reason::burn_in);
    }
  }
  return all;
}

// A ratio whose denominator moved is not decision-grade: as a primary it can neither ship nor stop by itself.
// As a guardrail it is read as it stands, marked beside its reading: more orders always move a return rate's
// denominator, and a guardrail that could never hold then would forbid every success.
void add_primary(const std::string& key, const Readings& readings, VariantState& state) {
  state.primaries.push_back(key);
  if (!readings.measured) return state.not_measured.push_back(key);
  if (readings.any_burning) state.burning_in.push_back(key);
  if (!readings.decision_grade) return;
  if (readings.all_better) state.primaries_better.push_back(key);
  if (readings.any_worse) state.primaries_worse.push_back(key);
}

void add_guardrail(const std::string& key, const Readings& readings, VariantState& state) {
  state.guardrails.push_back(key);
  if (!readings.measured) {
    state.guardrails_open.push_back(key);
    return state.not_measured.push_back(key);
  }
  if (readings.any_burning) state.burning_in.push_back(key);
  if (readings.any_breached) state.guardrails_breached.push_back(key);
  (readings.all_within ? state.guardrails_within : state.guardrails_open).push_back(key);
}

}  // namespace

std::optional<std::int64_t> horizon_at(const Statistics& statistics, const Analysis& analysis) {
  if (analysis.seen_once || !statistics.first_exposure) return std::nullopt;
  const Plan& plan = analysis.plan;
  if (plan.method == Method::group_sequential)
    return *statistics.first_exposure + plan.look_days.back() * kDayMicros;
  if (!plan.horizon_days) return std::nullopt;
  return *statistics.first_exposure + *plan.horizon_days * kDayMicros;
}

std::optional<std::int64_t> first_reading_at(const Statistics& statistics, const Analysis& analysis) {
  const auto horizon = horizon_at(statistics, analysis);
  if (!horizon || plan_method(analysis.plan.method).any_time) return std::nullopt;
  if (analysis.plan.method != Method::group_sequential) return horizon;
  return *statistics.first_exposure + analysis.plan.look_days.front() * kDayMicros;
}

std::int64_t fewest_compared_units(const std::vector<MetricTask>& tasks, const std::vector<ArmPair>& pairs) {
  const auto is_primary = [](const MetricTask& task) { return task.role.role == Role::primary; };
  const bool primaries = std::any_of(tasks.begin(), tasks.end(), is_primary);
  std::optional<std::int64_t> fewest;
  for (const auto& task : tasks) {
    if (primaries && !is_primary(task)) continue;
    for (const auto pair : pairs) {
      const auto units = compared_units(task.data.cells, pair);
      fewest = std::min(fewest.value_or(units), units);
    }
  }
  return fewest.value_or(0);
}

std::vector<VariantState> variant_states(const StateInput& input) {
  const auto first_reading = first_reading_at(input.statistics, input.analysis);
  std::vector<VariantState> states;
  for (std::size_t i = 0; i < input.statistics.arms.size(); ++i) {
    const auto& arm = input.statistics.arms[i];
    if (arm.control) continue;
    VariantState state{.arm = arm.key,
                       .sample_ratio_failed = input.sample_ratio_failed,
                       .before_min_days = before_min_days(input.statistics, input.analysis),
                       .before_horizon = first_reading && input.statistics.as_of < *first_reading,
                       .horizon_reached = horizon_reached(input, i)};
    for (const auto& key : input.analysis.plan.primary)
      add_primary(key, readings_of(input.results, key, arm.key), state);
    for (const auto& guardrail : input.analysis.plan.guardrails)
      add_guardrail(guardrail.metric, readings_of(input.results, guardrail.metric, arm.key), state);
    states.push_back(std::move(state));
  }
  return states;
}

}  // namespace liftmark
