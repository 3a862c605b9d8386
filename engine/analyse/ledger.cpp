#include "engine/analyse/ledger.hpp"

#include <algorithm>
#include <cmath>

#include "stats/distributions.hpp"
#include "stats/estimate.hpp"

namespace liftmark {
namespace {

constexpr double kLevel = 0.95;
constexpr double kHalfWidth = 1.959963984540054;

const assign::Holdout& holdout_of(const Catalog& catalog, const LedgerDefinition& ledger) {
  return *std::find_if(catalog.holdouts.begin(), catalog.holdouts.end(),
                       [&](const assign::Holdout& holdout) { return holdout.key == ledger.holdout; });
}

const MetricResult* metric_of(const Scorecard& card, const std::string& key) {
  for (const auto& metric : card.metrics)
    if (metric.key == key) return &metric;
  return nullptr;
}

/// A sum with the variances of its independent parts, and the part that selection is expected to have added.
struct Sum {
  double value = 0, variance = 0, correction = 0;
  Figure figure(double less) const {
    const double error = std::sqrt(variance);
    return {.estimate = value - less,
            .standard_error = error,
            .lower = value - less - kHalfWidth * error,
            .upper = value - less + kHalfWidth * error,
            .level = kLevel};
  }
};

/// Share of the audience that takes part in the experiment.
double traffic_of(const assign::Experiment& experiment) {
  double slots = 0;
  for (const auto& range : experiment.slots) slots += range.last - range.first;
  return experiment.traffic * slots;
}

/// scale x figure.
Figure scaled(Figure figure, double scale) {
  for (auto* number : {&figure.estimate, &figure.standard_error, &figure.lower, &figure.upper})
    if (*number) **number *= scale;
  return figure;
}

/// E[excess] of a variant whose estimate X, signed so that good is positive, must exceed c sigma to be
/// shipped.
std::optional<double> excess(const Figure& lift, double sign) {
  if (!lift.estimate || !lift.standard_error || !(*lift.standard_error > 0)) return std::nullopt;
  const double sigma = *lift.standard_error, x = sign * *lift.estimate;
  const double half = lift.lower ? *lift.estimate - *lift.lower : kHalfWidth * sigma;
  return sigma * stats::normal_pdf((half - x) / sigma);
}

/// The experiment's variants with their effect on the open units as a whole.
std::vector<Ledger::Shipped> rows_of(const LedgerEntry& entry, const std::string& key, double baseline,
                                     Direction direction, std::int64_t as_of) {
  std::vector<Ledger::Shipped> rows;
  const MetricResult* metric = metric_of(entry.card, key);
  if (metric == nullptr) return rows;
  const auto& definition = entry.experiment;
  const double traffic = traffic_of(definition.assignment);
  const double coverage = traffic > 0 ? std::min(1.0, entry.exposed_share / traffic) : 0.0;
  for (const auto& comparison : metric->comparisons) {
    const bool seen = std::any_of(rows.begin(), rows.end(),
                                  [&](const Ledger::Shipped& row) { return row.arm == comparison.arm; });
    if (seen) continue;  // against the first control only
    Ledger::Shipped row{.experiment = definition.assignment.key,
                        .lift = scaled(comparison.absolute, coverage / baseline),
                        .arm = comparison.arm,
                        .shipped = definition.shipped && definition.shipped->arm == comparison.arm &&
                                   definition.shipped->at <= as_of,
                        .coverage = coverage};
    if (const auto extra = excess(row.lift, direction == Direction::increase ? 1 : -1))
      row.correction = *extra;
    rows.push_back(std::move(row));
  }
  return rows;
}

void add_sums(Direction direction, Ledger& ledger) {
  Sum sum;
  const double sign = direction == Direction::increase ? 1 : -1;
  for (const auto& row : ledger.shipped) {
    sum.correction += sign * row.correction.value_or(0.0);
    if (!row.shipped || !row.lift.estimate || !row.lift.standard_error) continue;
    sum.value += *row.lift.estimate;
    sum.variance += *row.lift.standard_error * *row.lift.standard_error;
  }
  ledger.shipped_sum = sum.figure(0);
  ledger.shipped_sum_corrected = sum.figure(sum.correction);
  const auto& measured = ledger.cumulative;
  if (!measured.estimate || !measured.standard_error) {
    ledger.gap.reason = measured.reason;
    return;
  }
  // The sequence's standard error is of the log ratio.
  const double error = *measured.standard_error * (1 + *measured.estimate);
  ledger.gap = Sum{.value = *measured.estimate - *ledger.shipped_sum_corrected.estimate,
                   .variance = error * error + sum.variance}
                   .figure(0);
}

}  // namespace

ExperimentDefinition ledger_experiment(const Catalog& catalog, const LedgerDefinition& ledger) {
  const auto& holdout = holdout_of(catalog, ledger);
  ExperimentDefinition experiment;
  experiment.name = "Holdout " + holdout.key;
  experiment.assignment.key = holdout.key;
  experiment.assignment.layer = holdout.layer;
  experiment.assignment.hashing.salt = holdout.salt;
  experiment.assignment.arms = {
      {.key = std::string(kHeldOut), .weight = holdout.share, .role = assign::Role::control, .payload = {}},
      {.key = std::string(kOpen), .weight = 1 - holdout.share, .role = assign::Role::variant, .payload = {}}};
  experiment.plan.primary = ledger.metrics;
  experiment.plan.planned_units = ledger.planned_units;
  experiment.plan.alpha = ledger.alpha;
  return experiment;
}

std::vector<const ExperimentDefinition*> in_scope(const Catalog& catalog, const LedgerDefinition& ledger) {
  const auto& holdout = holdout_of(catalog, ledger);
  std::vector<const ExperimentDefinition*> experiments;
  for (const auto& experiment : catalog.experiments)
    if (holdout.layer.empty() || experiment.assignment.layer == holdout.layer)
      experiments.push_back(&experiment);
  return experiments;
}

std::vector<Ledger> ledgers(const Catalog& catalog, const LedgerDefinition& ledger, const Scorecard& holdout,
                            const std::vector<LedgerEntry>& entries) {
  std::vector<Ledger> all;
  for (const std::string& key : ledger.metrics) {
    const MetricResult* metric = metric_of(holdout, key);
    if (metric == nullptr || metric->comparisons.empty()) continue;
    Ledger result{.holdout = ledger.holdout,
                  .metric = key,
                  .cumulative = metric->comparisons.front().relative,
                  .layer = holdout_of(catalog, ledger).layer};
    for (const auto& line : metric->timelines)
      if (line.kind == "cumulative") result.timeline = line.points;
    for (const auto& arm : holdout.arms)
      (arm.key == kHeldOut ? result.held_out_units : result.open_units) = arm.units;
    const auto control = std::find_if(metric->arms.begin(), metric->arms.end(),
                                      [](const MetricArm& arm) { return arm.arm == kHeldOut; });
    if (control != metric->arms.end() && control->value && *control->value != 0) {
      const Direction direction = catalog.find_metric(key)->direction;
      for (const auto& entry : entries) {
        auto rows = rows_of(entry, key, *control->value, direction, holdout.provenance.as_of);
        std::move(rows.begin(), rows.end(), std::back_inserter(result.shipped));
      }
      add_sums(direction, result);
    } else {
      for (auto* figure : {&result.shipped_sum, &result.shipped_sum_corrected, &result.gap})
        figure->reason = stats::name(stats::Reason::zero_baseline);
    }
    all.push_back(std::move(result));
  }
  return all;
}

}  // namespace liftmark
