#include "engine/analyse/analyse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "engine/analyse/checks.hpp"
#include "engine/analyse/correction.hpp"
#include "engine/analyse/cut.hpp"
#include "engine/analyse/plan_against_run.hpp"
#include "engine/analyse/sections.hpp"
#include "engine/analyse/state.hpp"
#include "engine/analyse/verdict.hpp"
#include "engine/definition/error.hpp"

namespace liftmark {
namespace {

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

/// Covariates adjust where there is history (MEASUREMENT "Estimates"): not where all units have the same.
bool says_something(const MetricStatistics& data) {
  const std::size_t first = data.layout.ratio ? 2 : 1;
  for (const auto& cell : data.cells)
    for (std::size_t i = first; i < data.layout.dimension(); ++i)
      if (cell.history.n() > 1 && cell.history.variance(i) > 0) return true;
  return false;
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
                         .adjusts = says_something(data),
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
  if (task.metric.kind == MetricKind::quantile || task.metric.kind == MetricKind::breadth)
    for (auto& arm : result.arms) arm.numerator.reset();  // a measure of the arm is no sum
  const bool epochs = std::any_of(task.data.cells.begin(), task.data.cells.end(), [&](const Cell& cell) {
    return cell.epoch != task.data.cells.front().epoch;
  });
  if (!epochs && !task.adjusts) return;
  for (const auto pair : pairs) {
    const auto look = look_of(task, task.data.cells, pair);
    if (look.contrast.reason != stats::Reason::none) continue;
    const bool adjusted = is_adjusted(task, look);
    const auto fill = [&](MetricArm& arm, const stats::ArmEstimate& estimate) {
      if (arm.adjusted_value) return;
      if (epochs) arm.value = estimate.unadjusted;
      if (adjusted) arm.adjusted_value = estimate.value;
    };
    fill(result.arms[pair.control], look.contrast.control);
    fill(result.arms[pair.treatment], look.contrast.treatment);
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

void add_verdict(const StateInput& input, Scorecard& card) {
  const auto& [statistics, analysis, tasks, pairs, results, failed] = input;
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
  card.verdict = decide(*rule, variant_states(input));
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

/// The first primary's, which the verdict speaks of.
void add_false_alarms(const std::vector<MetricTask>& tasks, const std::vector<ArmPair>& pairs,
                      Scorecard& card) {
  if (tasks.empty() || pairs.empty() || tasks.front().role.role != Role::primary) return;
  if (const auto rate = false_alarm_rate(tasks.front(), pairs.front()))
    card.provenance.counts.push_back({"false_alarm_rate", *rate});
}

/// What only some kinds of metrics have.
void add_shop_sections(const MetricTask& task, const Statistics& statistics,
                       const std::vector<ArmPair>& pairs, Scorecard& card) {
  const auto append = [](auto& to, auto&& from) {
    std::move(from.begin(), from.end(), std::back_inserter(to));
  };
  append(card.curves, curves(task, statistics));
  append(card.survival, survival_comparisons(task, statistics, pairs));
  append(card.breadth, breadth(task, statistics, pairs));
  append(card.refunds, refund_rows(task, statistics));
  append(card.interactions, interactions(task, statistics, pairs));
}

/// The sum of money that money rows are made of: the first that refunds take part in, else the first.
const MetricTask* money_task(const std::vector<MetricTask>& tasks) {
  const MetricTask* found = nullptr;
  for (const auto& task : tasks) {
    if (task.data.factors.empty()) continue;
    if (!task.data.refund_delays.empty()) return &task;
    if (found == nullptr) found = &task;
  }
  return found;
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
    add_shop_sections(task, statistics, pairs, card);
  }
  if (const auto* money = money_task(tasks))
    card.money = money_rows(*money, statistics, pairs, analysis.traffic);
  card.checks = run_checks({.statistics = statistics,
                            .tasks = tasks,
                            .pairs = pairs,
                            .results = card.metrics,
                            .deliveries = analysis.deliveries,
                            .seen_once = analysis.seen_once});
  add_verdict({.statistics = statistics,
               .analysis = analysis,
               .tasks = tasks,
               .pairs = pairs,
               .results = card.metrics,
               .sample_ratio_failed = sample_ratio_failed(card.checks)},
              card);
  card.plan_against_run = plan_against_run(statistics, analysis, fewest_compared_units(tasks, pairs));
  if (cut)
    card.plan_against_run.push_back(
        {.item = "cut",
         .planned = fmt::format("day {}", *frozen_day(statistics, analysis)),
         .actual = "later units left out; segments, funnels and factors hold all"});
  add_stand_ins(analysis.plan, card);
  describe_provenance(statistics, analysis, card);
  add_false_alarms(tasks, pairs, card);
  return card;
}

}  // namespace liftmark
