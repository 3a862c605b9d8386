#include "engine/analyse/comparison.hpp"

#include <algorithm>
#include <cmath>

namespace liftmark {
namespace {

/// The metric's figures on one scale: two-sided, or a guardrail's two bounds joined.
stats::Estimate interval_on(const MetricTask& task, const Look& look, const PlanMethod& method,
                            stats::Scale scale) {
  const Ask ask{.scale = scale, .alpha = task.role.alpha, .plan = &task.plan};
  if (task.role.role != Role::guardrail) return method.estimate(look, ask);
  // Within margin speaks of the bad side, breached of the good one: which is which depends on the direction.
  const bool up = task.metric.direction == Direction::increase;
  Ask bad_side = ask, good_side = ask;
  bad_side.side = up ? stats::Side::greater : stats::Side::less;
  good_side.side = up ? stats::Side::less : stats::Side::greater;
  good_side.alpha = task.role.harm_alpha;
  stats::Estimate joined = method.estimate(look, bad_side);
  const stats::Estimate other = method.estimate(look, good_side);
  if (!joined.interval || !other.interval) {
    joined.interval.reset();
    return joined;
  }
  if (up)
    joined.interval->upper = other.interval->upper;
  else
    joined.interval->lower = other.interval->lower;
  joined.p_value = method.estimate(look, ask).p_value;
  return joined;
}

/// Successes by arm and epoch with the treatment's planned share of the two arms. Empty when a share is not
/// known or an arm was closed: labels of converters then have no known chance.
std::optional<std::vector<stats::ConverterCounts>> converters_of(const MetricTask& task,
                                                                 const std::vector<Cell>& cells,
                                                                 ArmPair pair) {
  std::map<int, stats::ConverterCounts> epochs;
  for (const auto& cell : cells) {
    if (cell.arm != pair.control && cell.arm != pair.treatment) continue;
    const auto found = task.shares->find(cell.epoch);
    if (found == task.shares->end() || found->second.size() <= std::max(pair.control, pair.treatment))
      return std::nullopt;
    const double control = found->second[pair.control], treatment = found->second[pair.treatment];
    if (!(control > 0 && treatment > 0)) return std::nullopt;
    auto& counts = epochs[cell.epoch];
    counts.treatment_share = treatment / (control + treatment);
    const auto dimension = task.data.layout.dimension();
    const auto units = pooled({cell}, cell.arm, dimension);
    if (units.n() == 0) continue;
    (cell.arm == pair.control ? counts.control : counts.treatment) += std::round(units.sum(0));
  }
  std::vector<stats::ConverterCounts> all;
  for (const auto& [epoch, counts] : epochs) all.push_back(counts);
  return all;
}

}  // namespace

int known_on(const Metric& metric, int exposed_on) {
  if (metric.maturity == Maturity::any) return exposed_on;
  return exposed_on + metric.window_days + metric.settle_days;
}

bool mature_by(const Metric& metric, int exposed_on, int days) {
  return known_on(metric, exposed_on) <= days;
}

stats::Looks looks_made(const MetricTask& task, ArmPair pair) {
  std::vector<double> information;
  bool last = false;
  for (const int look : task.plan.look_days) {
    if (look > task.days_run) break;
    double units = 0;
    for (const auto& day : task.data.by_day) {
      if (!mature_by(task.metric, day.day, look)) continue;
      for (const auto& cell : day.cells)
        if (cell.arm == pair.control || cell.arm == pair.treatment)
          units += static_cast<double>(cell.history.n() + cell.no_history.n());
    }
    last = look == task.plan.look_days.back();
    // A look that found no new unit spends nothing and is none.
    if (units > (information.empty() ? 0 : information.back())) information.push_back(units);
  }
  if (information.empty()) return {};
  return stats::looks_against_plan(information, planned_units(task.plan), last);
}

stats::UnitValues values_of(const MetricTask& task, bool adjust) {
  return unit_values(task.data.layout, task.slope, adjust && task.adjusts);
}

bool is_adjusted(const MetricTask& task, const Look& look) {
  return look.values.covariates > 0 && !reads_counts(method_for(task.plan, look), look, task.plan);
}

Look look_of(const MetricTask& task, const std::vector<Cell>& cells, ArmPair pair, bool adjust) {
  const bool exact = task.plan.method == Method::exact_counts && task.data.layout.binary &&
                     !task.data.layout.ratio && task.shares != nullptr;
  std::optional<std::vector<stats::ConverterCounts>> converters;
  if (exact) converters = converters_of(task, cells, pair);
  // Labels of converters know no covariate, so the figures beside them must not either.
  const bool adjusted = adjust && !converters;
  Look look = look_at(cells, pair, task.data.layout, values_of(task, adjusted));
  look.converters = std::move(converters);
  if (task.plan.method == Method::group_sequential) look.looks = looks_made(task, pair);
  return look;
}

Figure relative_lift(const MetricTask& task, const Look& look, const PlanMethod& method) {
  if (look.contrast.reason != stats::Reason::none) return no_figure(look.contrast.reason);
  return figure(method.estimate(
      look, {.scale = scale_of(task.metric.scale), .alpha = task.role.alpha, .plan = &task.plan}));
}

std::string_view read_lift(const Figure& relative, Direction direction) {
  if (!relative.lower && !relative.upper) return {};
  const bool above = relative.lower && *relative.lower > 0;
  const bool below = relative.upper && *relative.upper < 0;
  if (!above && !below) return reading::kNoClearChange;
  return above == (direction == Direction::increase) ? reading::kBetter : reading::kWorse;
}

std::string_view read_guardrail(const Figure& relative, Direction direction, double margin) {
  if (!relative.lower && !relative.upper) return {};
  // g is the lift signed so that positive is good: a decreasing metric's interval is mirrored.
  const bool up = direction == Direction::increase;
  const double sign = up ? 1 : -1;
  const auto& bad_end = up ? relative.lower : relative.upper;
  const auto& good_end = up ? relative.upper : relative.lower;
  if (good_end && sign * *good_end < -margin) return reading::kBreached;
  if (bad_end && sign * *bad_end > -margin) return reading::kWithinMargin;
  return reading::kNotYetSettled;
}

Comparison compare(const MetricTask& task, const std::vector<Cell>& cells, ArmPair pair) {
  const Look look = look_of(task, cells, pair);
  const auto& method = method_for(task.plan, look);
  Comparison result{.method = std::string(method.interval),
                    .scale = task.metric.scale == Scale::fieller ? "fieller" : "log",
                    .alpha = task.role.alpha};
  if (look.contrast.reason != stats::Reason::none) {
    result.absolute = result.relative = no_figure(look.contrast.reason);
    result.reason = stats::name(look.contrast.reason);
    return result;
  }
  const auto absolute = interval_on(task, look, method, stats::Scale::absolute);
  const auto relative = interval_on(task, look, method, scale_of(task.metric.scale));
  result.absolute = figure(absolute);
  result.absolute_p_value = absolute.p_value;
  result.relative = figure(relative);
  result.p_value = relative.p_value;
  const auto reading = task.role.role == Role::guardrail
                           ? read_guardrail(result.relative, task.metric.direction, task.role.margin)
                           : read_lift(result.relative, task.metric.direction);
  result.reading = reading;
  if (reading.empty()) result.reason = stats::name(relative.reason);
  if (method.posterior != nullptr) {
    if (const auto posterior = method.posterior(look, task.plan, task.metric.direction)) {
      result.chance_better = posterior->chance_better;
      result.expected_loss = posterior->expected_loss;
    }
  }
  if (!is_adjusted(task, look)) return result;
  result.variance_reduction = look.contrast.variance_reduction;
  if (look.contrast.control.unadjusted != 0)
    result.unadjusted_estimate = look.contrast.treatment.unadjusted / look.contrast.control.unadjusted - 1;
  return result;
}

}  // namespace liftmark
