#include "stats/survival.hpp"

#include <algorithm>
#include <cmath>

#include "engine/analyse/sections.hpp"
#include "stats/distributions.hpp"

namespace liftmark {
namespace {

using FollowUps = MetricStatistics::FollowUps;
constexpr int kMostPoints = 60;

/// One arm's follow-ups by epoch, each with the epoch's share of all units.
struct Stratum {
  int epoch = 1;
  double weight = 0;
  const std::vector<stats::FollowUp>* units = nullptr;
};

std::vector<Stratum> strata_of(const MetricStatistics& data, std::size_t arm) {
  double all = 0;
  for (const auto& one : data.follow_ups) all += static_cast<double>(one.units.size());
  std::vector<Stratum> strata;
  double used = 0;
  for (const auto& one : data.follow_ups) {
    if (one.arm != arm || one.units.empty()) continue;
    double epoch = 0;
    for (const auto& other : data.follow_ups)
      if (other.epoch == one.epoch) epoch += static_cast<double>(other.units.size());
    strata.push_back({one.epoch, epoch / all, &one.units});
    used += epoch / all;
  }
  for (auto& stratum : strata) stratum.weight /= used;
  return strata;
}

double longest(const std::vector<Stratum>& strata) {
  double days = 0;
  for (const auto& stratum : strata)
    for (const auto& unit : *stratum.units) days = std::max(days, unit.time);
  return days;
}

/// Share of units with the event by day t: 1 - S(t), epochs weighted.
Figure share_by(const std::vector<Stratum>& strata,
                const std::vector<std::vector<stats::SurvivalStep>>& curves, double t, double alpha) {
  Figure share{.estimate = 0.0, .level = 1 - alpha};
  double variance = 0;
  for (std::size_t i = 0; i < strata.size(); ++i) {
    const auto at = stats::survival_at(*strata[i].units, curves[i], t, alpha);
    *share.estimate += strata[i].weight * (1 - at.survival);
    if (at.standard_error) variance += std::pow(strata[i].weight * *at.standard_error, 2);
    if (strata.size() > 1 || !at.lower || !at.upper) continue;
    share.lower = 1 - *at.upper;
    share.upper = 1 - *at.lower;
  }
  share.standard_error = std::sqrt(variance);
  if (strata.size() > 1) {
    const double half = stats::normal_upper_quantile(alpha / 2) * *share.standard_error;
    share.lower = std::max(0.0, *share.estimate - half);
    share.upper = std::min(1.0, *share.estimate + half);
  }
  return share;
}

/// Log-rank tests of the epochs added up (Mantel and Haenszel): a change of shares is no change of hazard.
std::optional<double> log_rank_p(const std::vector<Stratum>& treated, const std::vector<Stratum>& control) {
  double excess = 0, variance = 0;
  for (const auto& one : treated)
    for (const auto& other : control) {
      if (one.epoch != other.epoch) continue;
      const auto test = stats::log_rank(*one.units, *other.units);
      const double difference = test.observed[0] - test.expected[0];
      if (!test.chi_square || !(*test.chi_square > 0)) continue;
      excess += difference;
      variance += difference * difference / *test.chi_square;
    }
  if (!(variance > 0)) return std::nullopt;
  return stats::chi2_sf(excess * excess / variance, 1);
}

/// Epochs' log hazard ratios, weighted by their precision.
Figure hazard_of(const std::vector<Stratum>& treated, const std::vector<Stratum>& control, double alpha) {
  double sum = 0, weights = 0;
  stats::Reason reason = stats::Reason::too_few_units;
  for (const auto& one : treated)
    for (const auto& other : control) {
      if (one.epoch != other.epoch) continue;
      const auto ratio = stats::hazard_ratio(*one.units, *other.units, alpha);
      if (!ratio.point || !ratio.standard_error || !(*ratio.standard_error > 0)) {
        reason = ratio.reason;
        continue;
      }
      const double weight = 1 / (*ratio.standard_error * *ratio.standard_error);
      sum += weight * std::log(*ratio.point);
      weights += weight;
    }
  if (weights == 0) return no_figure(reason);
  const double log_ratio = sum / weights, error = 1 / std::sqrt(weights);
  const double half = stats::normal_upper_quantile(alpha / 2) * error;
  return {.estimate = std::exp(log_ratio),
          .standard_error = error,
          .lower = std::exp(log_ratio - half),
          .upper = std::exp(log_ratio + half),
          .level = 1 - alpha};
}

/// One arm's days without the event within the horizon, and their variance. Empty where an epoch cannot say.
std::optional<std::pair<double, double>> mean_days(const std::vector<Stratum>& strata, double horizon) {
  double days = 0, variance = 0;
  for (const auto& stratum : strata) {
    const auto mean = stats::restricted_mean(*stratum.units, horizon, 0.05);
    if (!mean.point || !mean.standard_error) return std::nullopt;
    days += stratum.weight * *mean.point;
    variance += std::pow(stratum.weight * *mean.standard_error, 2);
  }
  if (strata.empty()) return std::nullopt;
  return std::pair(days, variance);
}

Figure mean_difference(const std::vector<Stratum>& treated, const std::vector<Stratum>& control,
                       double horizon, double alpha) {
  const auto one = mean_days(treated, horizon), other = mean_days(control, horizon);
  if (!one || !other) return no_figure(stats::Reason::too_few_units);
  Figure figure{.estimate = one->first - other->first,
                .standard_error = std::sqrt(one->second + other->second)};
  const double half = stats::normal_upper_quantile(alpha / 2) * *figure.standard_error;
  figure.lower = *figure.estimate - half;
  figure.upper = *figure.estimate + half;
  figure.level = 1 - alpha;
  return figure;
}

std::int64_t events_in(const std::vector<Stratum>& strata) {
  std::int64_t events = 0;
  for (const auto& stratum : strata)
    events +=
        std::count_if(stratum.units->begin(), stratum.units->end(), [](const auto& u) { return u.event; });
  return events;
}

}  // namespace

std::vector<Curve> curves(const MetricTask& task, const Statistics& statistics) {
  std::vector<Curve> all;
  if (task.data.follow_ups.empty()) return all;
  for (std::size_t arm = 0; arm < statistics.arms.size(); ++arm) {
    const auto strata = strata_of(task.data, arm);
    if (strata.empty()) continue;
    std::vector<std::vector<stats::SurvivalStep>> steps;
    for (const auto& stratum : strata) steps.push_back(stats::kaplan_meier(*stratum.units));
    Curve curve{task.metric.key, statistics.arms[arm].key, {}};
    const int step = (task.metric.window_days + kMostPoints - 1) / kMostPoints;
    for (int day = 0; day <= task.metric.window_days && day <= longest(strata); day += step)
      curve.points.push_back({static_cast<double>(day), share_by(strata, steps, day, task.plan.alpha)});
    all.push_back(std::move(curve));
  }
  return all;
}

std::vector<SurvivalComparison> survival_comparisons(const MetricTask& task, const Statistics& statistics,
                                                     const std::vector<ArmPair>& pairs) {
  std::vector<SurvivalComparison> all;
  if (task.data.follow_ups.empty()) return all;
  for (const auto pair : pairs) {
    const auto treated = strata_of(task.data, pair.treatment), control = strata_of(task.data, pair.control);
    const int horizon = task.metric.window_days;
    all.push_back({.metric = task.metric.key,
                   .arm = statistics.arms[pair.treatment].key,
                   .against = statistics.arms[pair.control].key,
                   .events = events_in(treated),
                   .control_events = events_in(control),
                   .log_rank_p_value = log_rank_p(treated, control),
                   .hazard_ratio = hazard_of(treated, control, task.role.alpha),
                   .restricted_mean = mean_difference(treated, control, horizon, task.role.alpha),
                   .horizon_days = horizon});
  }
  return all;
}

}  // namespace liftmark
