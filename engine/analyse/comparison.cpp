#include "engine/analyse/comparison.hpp"

#include <algorithm>

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

}  // namespace

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
  const auto& method = plan_method(task.plan.method);
  Comparison result{.method = std::string(method.interval),
                    .scale = task.metric.scale == Scale::fieller ? "fieller" : "log",
                    .alpha = task.role.alpha};
  const auto values = unit_values(task.data.layout, task.slope);
  const Look look = look_at(cells, pair, task.data.layout, values);
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
  if (values.covariates == 0) return result;
  result.variance_reduction = look.contrast.variance_reduction;
  if (look.contrast.control.unadjusted != 0)
    result.unadjusted_estimate = look.contrast.treatment.unadjusted / look.contrast.control.unadjusted - 1;
  return result;
}

}  // namespace liftmark
