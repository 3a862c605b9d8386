#include "apps/cli/plan/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/aggregate/aggregate.hpp"
#include "engine/analyse/analyse_store.hpp"
#include "engine/analyse/contrast.hpp"
#include "engine/analyse/methods.hpp"
#include "engine/definition/error.hpp"
#include "engine/record/reader.hpp"

namespace liftmark::cli {
namespace {

constexpr double kMicrosADay = 86'400e6;

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// The experiment asked for, or the one with the most exposures.
std::string chosen_experiment(const Reader& reader, const Catalog& catalog, const std::string& asked) {
  std::vector<std::string> known;
  for (const auto& key : reader.experiments())
    if (catalog.find_experiment(key) != nullptr) known.push_back(key);
  if (known.empty())
    throw Error(ErrorCode::data, "--store", "no experiment of the catalog has exposures yet",
                "give the baseline with --proportion, or --mean and --sd");
  if (asked.empty())
    return *std::max_element(known.begin(), known.end(), [&](const auto& a, const auto& b) {
      return reader.exposures(a).size() < reader.exposures(b).size();
    });
  if (std::find(known.begin(), known.end(), asked) == known.end())
    throw Error(ErrorCode::usage, "--experiment", "has no exposures in this store",
                "experiments with exposures: " + listed(known));
  return asked;
}

/// The catalog with a plan that reads this one metric.
Catalog reading_only(Catalog catalog, const std::string& experiment, const std::string& metric) {
  if (catalog.find_metric(metric) == nullptr) {
    std::vector<std::string> keys;
    for (const auto& known : catalog.metrics) keys.push_back(known.key);
    throw Error(ErrorCode::usage, "--metric", "the catalog has no such metric", "metrics: " + listed(keys));
  }
  for (auto& definition : catalog.experiments) {
    if (definition.assignment.key != experiment) continue;
    definition.plan.primary = {metric};
    definition.plan.secondary.clear();
    definition.plan.guardrails.clear();
    definition.plan.segments.clear();
  }
  return catalog;
}

std::size_t control_of(const Statistics& statistics) {
  for (std::size_t arm = 0; arm < statistics.arms.size(); ++arm)
    if (statistics.arms[arm].control) return arm;
  return 0;
}

std::string measure_of(const Metric& metric) {
  switch (metric.kind) {
    case MetricKind::proportion:
    case MetricKind::retention:
    case MetricKind::repeat_purchase:
    case MetricKind::funnel:
      return "rate";
    case MetricKind::ratio:
      return "ratio";
    case MetricKind::quantile:
      return fmt::format("{:g} quantile", metric.quantile);
    case MetricKind::time_to_event:
      return fmt::format("mean days within {}", metric.window_days);
    case MetricKind::breadth:
      return std::string(name(metric.measure));
    default:
      return "mean";
  }
}

void add_traffic(const Statistics& statistics, History& history) {
  double units = 0;
  for (const auto& arm : statistics.arms) units += static_cast<double>(arm.units);
  if (!statistics.first_exposure || !statistics.last_exposure) return;
  history.days = static_cast<double>(*statistics.last_exposure - *statistics.first_exposure) / kMicrosADay;
  history.units_per_day = units / std::max(1.0, history.days);
}

}  // namespace

History read_history(const HistoryQuestion& question) {
  const Reader reader(question.store, reader_options(question.as_of));
  const Catalog catalog = catalog_of(reader);
  History history;
  history.experiment = chosen_experiment(reader, catalog, question.experiment);
  const Catalog only = reading_only(catalog, history.experiment, question.metric);
  const Statistics statistics = aggregate(reader, only, history.experiment, {});
  const auto found = std::find_if(statistics.metrics.begin(), statistics.metrics.end(),
                                  [&](const auto& metric) { return metric.metric == question.metric; });
  if (found == statistics.metrics.end())
    throw Error(ErrorCode::usage, "--metric", "a metric of this kind has no mean to plan for",
                "choose a proportion, a mean, a ratio or a sum per unit");
  const std::size_t control = control_of(statistics);
  history.arm = statistics.arms.at(control).key;
  // The control beside itself: its strata, slopes and variances, as a comparison would have them.
  const auto contrast = contrast_of(found->cells, {control, control}, found->layout,
                                    unit_values(found->layout, stats::SlopeRule::within_arms));
  const auto& arm = contrast.control;
  if (contrast.reason != stats::Reason::none || arm.n < 2)
    throw Error(ErrorCode::data, "--metric", "the past has too few units whose window is over",
                "wait for more data, or give the baseline with --proportion or --mean and --sd");
  const Metric& metric = *only.find_metric(question.metric);
  history.scale = scale_of(metric.scale);
  const bool readable = history.scale == stats::Scale::log ? arm.unadjusted > 0 : arm.unadjusted != 0;
  if (!readable || !(arm.unadjusted_variance > 0))
    throw Error(ErrorCode::data, "--metric", "a relative lift needs a baseline above zero that varies",
                "choose another metric, or the scale fieller for one that may be negative");
  history.measure = measure_of(metric);
  history.units = arm.n;
  history.variance_reduction = std::max(0.0, contrast.variance_reduction.value_or(0.0));
  history.covariate_correlation = std::sqrt(history.variance_reduction);
  history.baseline = {.mean = arm.unadjusted,
                      .variance = arm.unadjusted_variance * static_cast<double>(arm.n),
                      .proportion = found->layout.binary && !found->layout.ratio,
                      .variance_kept = 1.0 - history.variance_reduction,
                      .window = metric.kind == MetricKind::time_to_event ? metric.window_days : 0.0};
  add_traffic(statistics, history);
  return history;
}

}  // namespace liftmark::cli
