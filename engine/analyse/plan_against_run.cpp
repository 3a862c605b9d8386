#include "engine/analyse/plan_against_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "engine/analyse/cut.hpp"
#include "engine/analyse/methods.hpp"

namespace liftmark {
namespace {

void add_metrics(const Statistics& statistics, const Analysis& analysis, std::vector<PlanRow>& rows) {
  const auto measured = [&](const std::string& key) {
    return std::any_of(statistics.metrics.begin(), statistics.metrics.end(),
                       [&](const MetricStatistics& metric) { return metric.metric == key; });
  };
  for (const auto& key : analysis.plan.primary)
    rows.push_back({.item = "primary",
                    .planned = key,
                    .actual = measured(key) ? key : "missing",
                    .kept = measured(key)});
  for (const auto& guardrail : analysis.plan.guardrails)
    rows.push_back({.item = "guardrail",
                    .planned = fmt::format("{} within {:.4g}%", guardrail.metric, 100 * guardrail.margin),
                    .actual = measured(guardrail.metric) ? guardrail.metric : "missing",
                    .kept = measured(guardrail.metric)});
}

/// A percentile's threshold comes from before the start; without such a value nothing is capped.
void add_caps(const Statistics& statistics, const Analysis& analysis, std::vector<PlanRow>& rows) {
  for (const auto& data : statistics.metrics)
    for (const auto& metric : analysis.metrics)
      if (metric.key == data.metric && metric.cap && metric.cap->percentile && !data.cap)
        rows.push_back({.item = "cap_" + metric.key,
                        .planned = fmt::format("{:g}th percentile of values before the start",
                                               100 * *metric.cap->percentile),
                        .actual = "no value before the start: not capped",
                        .kept = false});
}

void add_shares(const Statistics& statistics, std::vector<PlanRow>& rows) {
  if (statistics.expected_shares.empty()) return;
  const auto total = static_cast<double>(total_units(statistics));
  for (const auto& [epoch, shares] : statistics.expected_shares) {
    const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
    if (sum <= 0 || total <= 0) continue;
    PlanRow row{.item = statistics.expected_shares.size() == 1 ? "arm_shares"
                                                               : fmt::format("arm_shares_epoch_{}", epoch)};
    double units = 0;
    for (const auto& arm : statistics.arms)
      if (const auto found = arm.units_by_epoch.find(epoch); found != arm.units_by_epoch.end())
        units += static_cast<double>(found->second);
    for (std::size_t i = 0; i < statistics.arms.size() && i < shares.size(); ++i) {
      const auto found = statistics.arms[i].units_by_epoch.find(epoch);
      const auto count =
          found == statistics.arms[i].units_by_epoch.end() ? 0.0 : static_cast<double>(found->second);
      const char* separator = i == 0 ? "" : " / ";
      row.planned += fmt::format("{}{:.2f}%", separator, 100 * shares[i] / sum);
      row.actual += units > 0 ? fmt::format("{}{:.2f}%", separator, 100 * count / units) : "no units";
    }
    rows.push_back(std::move(row));
  }
}

}  // namespace

std::vector<PlanRow> plan_against_run(const Statistics& statistics, const Analysis& analysis,
                                      std::int64_t compared_units) {
  const Plan& plan = analysis.plan;
  std::vector<PlanRow> rows;
  const bool decides = !plan.primary.empty() || !plan.guardrails.empty();
  if (decides || !analysis.seen_once) {  // a table that is only looked at had no plan to keep
    const std::string method(plan_method(plan.method).key);
    const bool shared = analysis.levels == Levels::allocated;
    rows.push_back({.item = "method", .planned = method, .actual = method});
    rows.push_back({.item = "alpha",
                    .planned = fmt::format("{:g}", plan.alpha),
                    .actual = shared ? "shared over comparisons" : "each interval by itself",
                    .kept = shared});
  }
  add_metrics(statistics, analysis, rows);
  if (plan.planned_units)
    rows.push_back({.item = "planned_units",
                    .planned = fmt::format("{}", *plan.planned_units),
                    .actual = fmt::format("{}", compared_units),
                    .kept = compared_units >= *plan.planned_units});
  if (!analysis.seen_once) {
    const auto days = days_run(statistics);
    rows.push_back({.item = "min_days",
                    .planned = fmt::format("{}", plan.min_days),
                    .actual = fmt::format("{}", days),
                    .kept = days >= plan.min_days});
    if (plan.horizon_days)
      rows.push_back({.item = "horizon_days",
                      .planned = fmt::format("{}", *plan.horizon_days),
                      .actual = fmt::format("{}", days),
                      .kept = days >= *plan.horizon_days});
  }
  add_caps(statistics, analysis, rows);
  add_shares(statistics, rows);
  return rows;
}

}  // namespace liftmark
