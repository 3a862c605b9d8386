#include "engine/analyse/analyse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "engine/analyse/checks.hpp"
#include "engine/analyse/correction.hpp"
#include "engine/analyse/cut.hpp"
#include "engine/analyse/plan_against_run.hpp"
#include "engine/analyse/sections.hpp"
#include "engine/analyse/verdict.hpp"
#include "engine/definition/error.hpp"

namespace liftmark {
namespace {

constexpr std::int64_t kDayMicros = 86'400'000'000;

/// Every variant against every control the plan names, else against the first control.
std::vector<ArmPair> pairs_of(const Statistics& statistics, const Plan& plan) {
  const auto& arms = statistics.arms;
  std::vector<std::size_t> controls;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    const bool named = std::find(plan.against.begin(), plan.against.end(), arms[i].key) != plan.against.end();
    if (named || (plan.against.empty() && arms[i].control && controls.empty())) controls.push_back(i);
  }
  std::vector<ArmPair> pairs;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    if (arms[i].control) continue;
    for (const auto control : controls)
      if (control != i) pairs.push_back({control, i});
  }
  return pairs;
}

const Metric& definition_of(const Analysis& analysis, const std::string& key) {
  for (const auto& metric : analysis.metrics)
    if (metric.key == key) return metric;
  throw std::logic_error("statistics of a metric without a definition: " + key);
}

std::vector<MetricTask> tasks_of(const Statistics& statistics, const Analysis& analysis,
                                 std::size_t variants) {
  std::vector<std::string> keys;
  for (const auto& data : statistics.metrics) keys.push_back(data.metric);
  const AlphaAllocation allocation(analysis.plan, keys, variants, analysis.levels);
  std::vector<MetricTask> tasks;
  for (const auto role : {Role::primary, Role::guardrail, Role::secondary})
    for (const auto& data : statistics.metrics)
      if (allocation.role_of(data.metric).role == role)
        tasks.push_back({.metric = definition_of(analysis, data.metric),
                         .data = data,
                         .plan = analysis.plan,
                         .role = allocation.role_of(data.metric),
                         .slope = analysis.slope,
                         .shares = &statistics.expected_shares,
                         .days_run = days_run(statistics)});
  return tasks;
}

/// Value and variance of each arm; with several epochs the value is the stratified one, as the comparison
/// uses it.
void add_arms(const MetricTask& task, const Statistics& statistics, const std::vector<ArmPair>& pairs,
              MetricResult& result) {
  for (std::size_t i = 0; i < statistics.arms.size(); ++i)
    result.arms.push_back(describe_arm(
        statistics.arms[i].key, pooled(task.data.cells, i, task.data.layout.dimension()), task.data.layout));
  const bool epochs = std::any_of(task.data.cells.begin(), task.data.cells.end(), [&](const Cell& cell) {
    return cell.epoch != task.data.cells.front().epoch;
  });
  if (!epochs && task.data.layout.covariates == 0) return;
  const auto values = unit_values(task.data.layout, task.slope);
  for (const auto pair : pairs) {
    const auto contrast = contrast_of(task.data.cells, pair, task.data.layout, values);
    if (contrast.reason != stats::Reason::none) continue;
    const auto fill = [&](MetricArm& arm, const stats::ArmEstimate& estimate) {
      if (arm.adjusted_value) return;
      if (epochs) arm.value = estimate.unadjusted;
      if (values.covariates > 0) arm.adjusted_value = estimate.value;
    };
    fill(result.arms[pair.control], contrast.control);
    fill(result.arms[pair.treatment], contrast.treatment);
  }
}

void add_distributions(const MetricTask& task, MetricResult& result) {
  for (const auto& cell : task.data.distribution) {
    auto& to = result.arms.at(cell.arm).distribution;
    to.median = cell.median;
    to.p90 = cell.p90;
    to.p99 = cell.p99;
    to.maximum = cell.maximum;
    to.top_share = cell.top_share;
    to.share_capped = cell.share_capped;
    to.skewness = cell.skewness;
  }
}

MetricResult measure(const MetricTask& task, const Statistics& statistics,
                     const std::vector<ArmPair>& pairs) {
  const Metric& metric = task.metric;
  MetricResult result{.key = metric.key,
                      .name = metric.name,
                      .description = metric.description,
                      .kind = std::string(name(metric.kind)),
                      .role = std::string(name(task.role.role)),
                      .direction = metric.direction == Direction::increase ? "increase" : "decrease",
                      .format = metric.format,
                      .cap = task.data.cap};
  if (task.role.role == Role::guardrail) result.margin = task.role.margin;
  if (metric.window_days > 0) result.window_days = metric.window_days;
  add_arms(task, statistics, pairs, result);
  add_distributions(task, result);
  for (const auto pair : pairs) {
    auto comparison = compare(task, task.data.cells, pair);
    comparison.arm = statistics.arms[pair.treatment].key;
    comparison.against = statistics.arms[pair.control].key;
    result.comparisons.push_back(std::move(comparison));
  }
  if (task.data.layout.ratio) {
    result.grade_note = grade_denominator(task, pairs);
    result.decision_grade = result.grade_note != "denominator_moved";
  }
  result.timelines = timelines(task, statistics, pairs);
  result.sensitivities = sensitivities(task, statistics, pairs);
  return result;
}

/// The plan's last day: a fixed plan's horizon, a group-sequential plan's last look.
std::optional<std::int64_t> horizon_at(const Statistics& statistics, const Analysis& analysis) {
  if (analysis.seen_once || !statistics.first_exposure) return std::nullopt;
  const Plan& plan = analysis.plan;
  if (plan.method == Method::group_sequential)
    return *statistics.first_exposure + plan.look_days.back() * kDayMicros;
  if (!plan.horizon_days) return std::nullopt;
  return *statistics.first_exposure + *plan.horizon_days * kDayMicros;
}

/// The moment before which the plan says nothing; empty when it speaks at any time.
std::optional<std::int64_t> first_reading_at(const Statistics& statistics, const Analysis& analysis) {
  const auto horizon = horizon_at(statistics, analysis);
  if (!horizon || plan_method(analysis.plan.method).any_time) return std::nullopt;
  if (analysis.plan.method != Method::group_sequential) return horizon;
  return *statistics.first_exposure + analysis.plan.look_days.front() * kDayMicros;
}

bool horizon_reached(const Statistics& statistics, const Analysis& analysis) {
  if (analysis.seen_once) return true;
  if (const auto horizon = horizon_at(statistics, analysis)) return statistics.as_of >= *horizon;
  if (!analysis.plan.planned_units) return false;
  std::int64_t units = 0;
  for (const auto& arm : statistics.arms) units += arm.units;
  return units >= *analysis.plan.planned_units;
}

bool before_min_days(const Statistics& statistics, const Analysis& analysis) {
  if (analysis.seen_once || !statistics.first_exposure) return false;
  const std::int64_t whole_weeks = (analysis.plan.min_days + 6) / 7 * 7;
  return statistics.as_of < *statistics.first_exposure + whole_weeks * kDayMicros;
}

VariantState state_of(const std::string& arm, const std::vector<MetricTask>& tasks,
                      const std::vector<MetricResult>& results) {
  VariantState state{.arm = arm};
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const auto& key = results[i].key;
    const bool primary = tasks[i].role.role == Role::primary;
    if (tasks[i].role.role == Role::secondary) continue;
    (primary ? state.primaries : state.guardrails).push_back(key);
    bool within = true, any_better = false, any_worse = false, breached = false, burning = false;
    for (const auto& comparison : results[i].comparisons) {
      if (comparison.arm != arm) continue;
      within = within && comparison.reading == reading::kWithinMargin;
      any_better = any_better || comparison.reading == reading::kBetter;
      any_worse = any_worse || comparison.reading == reading::kWorse;
      breached = breached || comparison.reading == reading::kBreached;
      burning = burning || comparison.reason == stats::name(stats::Reason::burn_in);
    }
    if (burning) state.burning_in.push_back(key);
    // A ratio whose denominator moved is not decision-grade: it can neither ship nor stop by itself.
    if (primary && any_better && !any_worse && results[i].decision_grade)
      state.primaries_better.push_back(key);
    if (primary && any_worse && results[i].decision_grade) state.primaries_worse.push_back(key);
    if (!primary && breached) state.guardrails_breached.push_back(key);
    if (!primary && within) state.guardrails_within.push_back(key);
  }
  return state;
}

/// Replaces every reading, so that nothing downstream can colour a number that must not be read.
void overwrite_readings(Scorecard& card, std::string_view reading, const std::string& reason) {
  const auto overwrite = [&](std::vector<Comparison>& comparisons) {
    for (auto& comparison : comparisons) {
      comparison.reading = reading;
      comparison.reason = reason;
    }
  };
  for (auto& metric : card.metrics) {
    overwrite(metric.comparisons);
    for (auto& line : metric.timelines) line.first_clear_day.reset();
  }
  for (auto& table : card.segments) {
    table.differs = false;
    for (auto& row : table.rows) overwrite(row.comparisons);
  }
}

void add_verdict(const Statistics& statistics, const Analysis& analysis, const std::vector<MetricTask>& tasks,
                 Scorecard& card) {
  const Rule* rule = find_rule(analysis.plan.rule);
  if (rule == nullptr) {
    std::string known;
    for (const auto& row : verdict_rules()) known += (known.empty() ? "" : ", ") + std::string(row.name);
    throw Error(ErrorCode::definition, "/plan/rule",
                fmt::format("there is no rule \"{}\"", analysis.plan.rule), "use one of " + known);
  }
  const auto horizon = horizon_at(statistics, analysis);
  const auto first_reading = first_reading_at(statistics, analysis);
  const bool too_early = first_reading && statistics.as_of < *first_reading;
  const bool failed = sample_ratio_failed(card.checks);
  std::vector<VariantState> states;
  for (const auto& arm : statistics.arms) {
    if (arm.control) continue;
    auto state = state_of(arm.key, tasks, card.metrics);
    state.sample_ratio_failed = failed;
    state.before_min_days = before_min_days(statistics, analysis);
    state.before_horizon = too_early;
    state.horizon_reached = horizon_reached(statistics, analysis);
    states.push_back(std::move(state));
  }
  card.verdict = decide(*rule, states);
  if (horizon && statistics.as_of < *horizon) {
    card.verdict.days_to_go = static_cast<int>((*horizon - statistics.as_of + kDayMicros - 1) / kDayMicros);
    if (too_early) card.verdict.not_until = first_reading;
  }
  if (failed)
    overwrite_readings(card, reading::kWithheld, "sample_ratio_failed");
  else if (card.verdict.not_until)
    overwrite_readings(card, reading::kNotUntil, std::string(stats::name(stats::Reason::before_horizon)));
}

void describe_experiment(const Statistics& statistics, const Analysis& analysis, Scorecard& card) {
  card.experiment = analysis.experiment;
  if (card.experiment.key.empty()) card.experiment.key = statistics.experiment;
  card.experiment.started = statistics.first_exposure;
  card.experiment.ended = statistics.last_exposure;
  if (statistics.first_exposure && statistics.last_exposure)
    card.experiment.days =
        static_cast<int>((*statistics.last_exposure - *statistics.first_exposure) / kDayMicros) + 1;
  double shares = 0;
  const auto* expected =
      statistics.expected_shares.empty() ? nullptr : &statistics.expected_shares.rbegin()->second;
  if (expected != nullptr)
    for (const double share : *expected) shares += share;
  for (std::size_t i = 0; i < statistics.arms.size(); ++i) {
    const auto& arm = statistics.arms[i];
    ArmSummary summary{.key = arm.key,
                       .role = arm.control ? "control" : "variant",
                       .units = arm.units,
                       .crossed_units = arm.crossed_units,
                       .erased_units = arm.erased_units};
    if (expected != nullptr && i < expected->size() && shares > 0)
      summary.expected_share = (*expected)[i] / shares;
    std::int64_t immature = 0;
    bool windowed = false;
    for (const auto& metric : statistics.metrics) {
      if (i >= metric.immature_units.size()) continue;
      windowed = true;
      immature = std::max(immature, metric.immature_units[i]);
    }
    if (arm.units > 0) {
      summary.fallback_share = static_cast<double>(arm.fallback_units) / static_cast<double>(arm.units);
      if (windowed)
        summary.settled_share = 1 - static_cast<double>(immature) / static_cast<double>(arm.units);
    }
    card.experiment.units += arm.units;
    card.arms.push_back(std::move(summary));
  }
}

/// Metrics that the plan's method does not exist for, and what read them instead.
void add_stand_ins(const Plan& plan, Scorecard& card) {
  const auto& planned = plan_method(plan.method);
  for (const auto& metric : card.metrics) {
    for (const auto& comparison : metric.comparisons) {
      if (comparison.method == planned.interval) continue;
      card.plan_against_run.push_back({.item = "method_" + metric.key,
                                       .planned = std::string(planned.key),
                                       .actual = comparison.method,
                                       .kept = false});
      break;
    }
  }
}

void describe_provenance(const Statistics& statistics, const Analysis& analysis, Scorecard& card) {
  auto& provenance = card.provenance;
  provenance.data_digest = statistics.data_digest;
  provenance.method = plan_method(analysis.plan.method).key;
  provenance.alpha = analysis.plan.alpha;
  provenance.planned_units = analysis.plan.planned_units;
  provenance.as_of = statistics.as_of;
  provenance.data_through = statistics.last_exposure;
  for (const auto& [name, count] : statistics.counts)
    provenance.counts.push_back({name, static_cast<double>(count)});
}

}  // namespace

Scorecard analyse(const Statistics& recorded, const Analysis& analysis) {
  check_method(analysis.plan, analysis.seen_once);
  const auto cut = frozen_cut(recorded, analysis);
  const Statistics& statistics = cut ? *cut : recorded;
  Scorecard card;
  describe_experiment(statistics, analysis, card);
  const auto pairs = pairs_of(statistics, analysis.plan);
  const auto tasks = tasks_of(statistics, analysis, pairs.size());
  for (const auto& task : tasks) card.metrics.push_back(measure(task, statistics, pairs));
  add_adjusted_p_values(analysis.plan.correction, card.metrics);
  for (const auto& task : tasks) {
    auto tables = segment_tables(task, statistics, pairs);
    std::move(tables.begin(), tables.end(), std::back_inserter(card.segments));
    auto power = power_summaries(task, statistics, pairs);
    std::move(power.begin(), power.end(), std::back_inserter(card.power));
    auto steps = funnels(task, statistics, pairs);
    std::move(steps.begin(), steps.end(), std::back_inserter(card.funnels));
    auto parts = decompositions(task, statistics, pairs);
    std::move(parts.begin(), parts.end(), std::back_inserter(card.decompositions));
  }
  card.checks = run_checks({.statistics = statistics,
                            .tasks = tasks,
                            .pairs = pairs,
                            .results = card.metrics,
                            .seen_once = analysis.seen_once});
  add_verdict(statistics, analysis, tasks, card);
  card.plan_against_run = plan_against_run(statistics, analysis);
  if (cut)
    card.plan_against_run.push_back(
        {.item = "cut",
         .planned = fmt::format("day {}", *frozen_day(statistics, analysis)),
         .actual = "later units left out; segments, funnels and factors hold all"});
  add_stand_ins(analysis.plan, card);
  describe_provenance(statistics, analysis, card);
  return card;
}

}  // namespace liftmark
