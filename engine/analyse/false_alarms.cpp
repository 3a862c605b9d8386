#include <algorithm>
#include <cmath>

#include "engine/analyse/bayesian.hpp"
#include "engine/analyse/sections.hpp"
#include "stats/distributions.hpp"
#include "stats/group_sequential.hpp"

namespace liftmark {
namespace {

constexpr int kWeek = 7;

/// Units of both arms known at each look: once at the horizon, or week by week so far.
std::vector<double> units_at_looks(const MetricTask& task, ArmPair pair) {
  std::vector<double> looks;
  const bool once = task.plan.horizon_days || task.data.by_day.empty();
  const int days = std::max(task.days_run, kWeek);
  for (int look = once ? days : kWeek; look <= days; look += kWeek) {
    double units = 0;
    for (const auto& day : task.data.by_day)
      if (mature_by(task.metric, day.day, look))
        units += static_cast<double>(compared_units(day.cells, pair));
    if (once) units = static_cast<double>(compared_units(task.data.cells, pair));
    if (units > (looks.empty() ? 0 : looks.back())) looks.push_back(units);
  }
  return looks;
}

}  // namespace

std::optional<double> false_alarm_rate(const MetricTask& task, ArmPair pair) {
  if (task.plan.method != Method::bayesian) return std::nullopt;
  const auto look = look_of(task, task.data.cells, pair);
  if (look.contrast.reason != stats::Reason::none) return std::nullopt;
  const auto effect = relative_effect(look.contrast);
  const auto looks = units_at_looks(task, pair);
  if (!effect || looks.empty()) return std::nullopt;
  const auto prior = prior_of(task.plan);
  const double z = stats::normal_upper_quantile(task.role.alpha / 2);
  stats::Boundaries bounds;
  for (const double units : looks) {
    const double error = effect->standard_error * std::sqrt(looks.back() / units);
    // The posterior N(m, s^2): 1/s^2 = 1/v + 1/error^2, m = s^2 (prior mean/v + d/error^2). It leaves 0 out
    // when |m| > z s, that is when d/error lies beyond these bounds. Beta(1, 1) says next to nothing of a
    // ratio.
    const double precision = by_rates(look, task.plan) ? 0 : 1 / prior.variance;
    const double deviation = 1 / std::sqrt(precision + 1 / (error * error));
    bounds.fraction.push_back(units / looks.back());
    bounds.upper.push_back((z / deviation - prior.mean * precision) * error);
    bounds.lower.push_back((-z / deviation - prior.mean * precision) * error);
  }
  const auto crossed = stats::crossing_probabilities(bounds, 0.0);
  double rate = 0;
  for (const auto* side : {&crossed.upper, &crossed.lower})
    for (const double chance : *side) rate += chance;
  return rate;
}

}  // namespace liftmark
