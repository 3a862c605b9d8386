#include "stats/survival.hpp"

#include <algorithm>
#include <cmath>

#include "stats/distributions.hpp"

namespace liftmark::stats {
namespace {

struct Observation {
  double time;
  bool event;
  bool first;  // group
};

/// Ascending in time, so that everyone from a position on is at risk there.
std::vector<Observation> by_time(std::span<const FollowUp> first, std::span<const FollowUp> second) {
  std::vector<Observation> all;
  all.reserve(first.size() + second.size());
  for (const FollowUp& unit : first) all.push_back({unit.time, unit.event, true});
  for (const FollowUp& unit : second) all.push_back({unit.time, unit.event, false});
  std::sort(all.begin(), all.end(),
            [](const Observation& a, const Observation& b) { return a.time < b.time; });
  return all;
}

/// One distinct time: who is at risk and who has the event, in all and in the first group.
struct RiskSet {
  double at_risk = 0, at_risk_first = 0, events = 0, events_first = 0;
};

/// Calls `visit(time, risk set)` for each distinct time with an event.
template <typename Visit>
void for_each_risk_set(const std::vector<Observation>& all, Visit visit) {
  double at_risk = static_cast<double>(all.size()), at_risk_first = 0;
  for (const Observation& unit : all) at_risk_first += unit.first ? 1.0 : 0.0;
  for (std::size_t i = 0; i < all.size();) {
    RiskSet set{.at_risk = at_risk, .at_risk_first = at_risk_first};
    const double time = all[i].time;
    for (; i < all.size() && all[i].time == time; ++i) {
      at_risk -= 1.0;
      at_risk_first -= all[i].first ? 1.0 : 0.0;
      if (!all[i].event) continue;
      set.events += 1.0;
      set.events_first += all[i].first ? 1.0 : 0.0;
    }
    if (set.events > 0) visit(time, set);
  }
}

/// First and second derivative of the partial log likelihood at log hazard ratio `beta` (Efron).
struct Derivatives {
  double score = 0, information = 0;
};
Derivatives efron(const std::vector<Observation>& all, double beta) {
  Derivatives sum;
  const double ratio = std::exp(beta);
  for_each_risk_set(all, [&](double, const RiskSet& set) {
    const double control_at_risk = set.at_risk - set.at_risk_first,
                 control_events = set.events - set.events_first;
    sum.score += set.events_first;
    for (double k = 0; k < set.events; k += 1.0) {
      const double left = k / set.events;  // tied events leave the risk set one after the other, on average
      const double first = (set.at_risk_first - left * set.events_first) * ratio;
      const double share = first / (first + control_at_risk - left * control_events);
      sum.score -= share;
      sum.information += share * (1.0 - share);
    }
  });
  return sum;
}

}  // namespace

std::vector<SurvivalStep> kaplan_meier(std::span<const FollowUp> units) {
  std::vector<SurvivalStep> curve;
  double survival = 1.0, greenwood = 0.0;
  for_each_risk_set(by_time(units, {}), [&](double time, const RiskSet& set) {
    survival *= (set.at_risk - set.events) / set.at_risk;
    if (set.at_risk > set.events) greenwood += set.events / (set.at_risk * (set.at_risk - set.events));
    curve.push_back({time, set.at_risk, set.events, survival, greenwood});
  });
  return curve;
}

SurvivalAt survival_at(std::span<const FollowUp> units, std::span<const SurvivalStep> curve, double t,
                       double alpha, SurvivalInterval kind) {
  SurvivalAt at;
  for (const FollowUp& unit : units) at.at_risk += unit.time >= t ? 1.0 : 0.0;
  double greenwood = 0.0;
  for (const SurvivalStep& step : curve) {
    if (step.time > t) break;
    at.survival = step.survival;
    greenwood = step.greenwood;
  }
  if (!(at.survival > 0.0)) {
    at.survival = 0.0;
    return at;
  }
  const double error = std::sqrt(greenwood);
  const double z = normal_upper_quantile(alpha / 2.0);
  at.standard_error = at.survival * error;
  double lower = 1.0, upper = 1.0;
  if (at.survival < 1.0) {
    switch (kind) {
      case SurvivalInterval::plain:
        lower = at.survival * (1.0 - z * error);
        upper = at.survival * (1.0 + z * error);
        break;
      case SurvivalInterval::log:
        lower = at.survival * std::exp(-z * error);
        upper = at.survival * std::exp(z * error);
        break;
      case SurvivalInterval::log_log: {
        const double width = z * error / std::abs(std::log(at.survival));
        lower = std::pow(at.survival, std::exp(width));
        upper = std::pow(at.survival, std::exp(-width));
        break;
      }
    }
  }
  at.lower = std::clamp(lower, 0.0, 1.0);
  at.upper = std::clamp(upper, 0.0, 1.0);
  return at;
}

Estimate restricted_mean(std::span<const FollowUp> units, double horizon, double alpha) {
  constexpr std::string_view kName = "restricted_mean";
  if (units.empty()) return cannot_say(Reason::too_few_units, kName);
  if (!(horizon > 0.0) || !std::isfinite(horizon)) return cannot_say(Reason::invalid_input, kName);
  const auto curve = kaplan_meier(units);
  // Area from the right, so that each step knows the area beyond it: Var = sum over steps of area^2 d / (n (n
  // - d)).
  double area = 0.0, variance = 0.0, end = horizon;
  for (std::size_t i = curve.size(); i-- > 0;) {
    const SurvivalStep& step = curve[i];
    if (step.time >= horizon) continue;
    area += step.survival * (end - step.time);
    end = step.time;
    if (step.at_risk > step.events)
      variance += area * area * step.events / (step.at_risk * (step.at_risk - step.events));
  }
  area += end;
  Estimate estimate;
  estimate.method = kName;
  estimate.point = area;
  if (!(variance > 0.0)) {
    estimate.reason = Reason::zero_variance;
    return estimate;
  }
  const double error = std::sqrt(variance), z = normal_upper_quantile(alpha / 2.0);
  estimate.standard_error = error;
  estimate.interval = Interval{area - z * error, area + z * error, 1.0 - alpha, IntervalKind::confidence};
  return estimate;
}

LogRank log_rank(std::span<const FollowUp> first, std::span<const FollowUp> second, double weight_rho) {
  LogRank result;
  double difference = 0.0, variance = 0.0, survival = 1.0;
  for_each_risk_set(by_time(first, second), [&](double, const RiskSet& set) {
    const double weight = std::pow(survival, weight_rho);
    const double share = set.at_risk_first / set.at_risk;
    result.observed[0] += weight * set.events_first;
    result.observed[1] += weight * (set.events - set.events_first);
    result.expected[0] += weight * set.events * share;
    result.expected[1] += weight * set.events * (1.0 - share);
    difference += weight * (set.events_first - set.events * share);
    if (set.at_risk > 1.0)
      variance += weight * weight * share * (1.0 - share) * set.events * (set.at_risk - set.events) /
                  (set.at_risk - 1.0);
    survival *= (set.at_risk - set.events) / set.at_risk;
  });
  if (variance > 0.0) {
    result.chi_square = difference * difference / variance;
    result.p_value = 2.0 * normal_sf(std::abs(difference) / std::sqrt(variance));
  }
  return result;
}

Estimate hazard_ratio(std::span<const FollowUp> treated, std::span<const FollowUp> control, double alpha) {
  constexpr std::string_view kName = "cox_efron";
  const auto all = by_time(treated, control);
  if (!(efron(all, 0.0).information > 0.0)) return cannot_say(Reason::too_few_units, kName);
  // The partial likelihood is concave in beta: Newton, with steps of at most 1.
  double beta = 0.0;
  for (int iteration = 0; iteration < 200; ++iteration) {
    const Derivatives at = efron(all, beta);
    if (!(at.information > 0.0) || std::abs(beta) > 30.0)
      return cannot_say(Reason::unbounded, kName);  // events in one group only
    const double step = std::clamp(at.score / at.information, -1.0, 1.0);
    beta += step;
    if (std::abs(step) < 1e-12 * (1.0 + std::abs(beta))) {
      const double error = 1.0 / std::sqrt(efron(all, beta).information),
                   z = normal_upper_quantile(alpha / 2.0);
      Estimate estimate;
      estimate.method = kName;
      estimate.point = std::exp(beta);
      estimate.standard_error = error;
      estimate.interval = Interval{std::exp(beta - z * error), std::exp(beta + z * error), 1.0 - alpha,
                                   IntervalKind::confidence};
      estimate.p_value = 2.0 * normal_sf(std::abs(beta) / error);
      return estimate;
    }
  }
  return cannot_say(Reason::no_convergence, kName);
}

}  // namespace liftmark::stats
