#include "engine/aggregate/experiment_facts.hpp"

#include <algorithm>
#include <limits>

#include "assign/ranges.hpp"

namespace liftmark {
namespace {

/// Each arm's share of the buckets, in the order of `arms`; arms unknown to the catalog have none.
std::vector<double> shares_of(const assign::Experiment& experiment, const std::vector<std::string>& arms) {
  std::vector<double> shares(arms.size(), 0.0);
  for (const auto& range : assign::effective_ranges(experiment)) {
    const std::uint64_t width =
        range.last - range.first;  // last 0 stands for 2^64 and wraps to the right width
    const double share = width == 0 ? 1.0 : static_cast<double>(width) * 0x1p-64;
    const auto found = std::find(arms.begin(), arms.end(), experiment.arms[range.arm].key);
    if (found != arms.end()) shares[static_cast<std::size_t>(found - arms.begin())] += share;
  }
  return shares;
}

std::string control_of(const ExperimentDefinition& experiment) {
  for (const assign::Arm& arm : experiment.assignment.arms)
    if (arm.role == assign::Role::control) return arm.key;
  return {};
}

/// An erased unit of this experiment goes to the arm it was first given. The arm may be gone from the
/// catalog.
void count_erased(const Counter& counter, Statistics& statistics) {
  const std::size_t cut = counter.detail.find(kErasedSeparator);
  if (cut == std::string::npos || counter.detail.compare(0, cut, statistics.experiment) != 0) return;
  for (ArmCounts& arm : statistics.arms)
    if (arm.key == std::string_view(counter.detail).substr(cut + 1)) arm.erased_units += counter.count;
}

}  // namespace

std::vector<std::string> plan_metrics(const Plan& plan) {
  std::vector<std::string> keys = plan.primary;
  for (const Guardrail& guardrail : plan.guardrails) keys.push_back(guardrail.metric);
  keys.insert(keys.end(), plan.secondary.begin(), plan.secondary.end());
  return keys;
}

std::vector<std::string> dimensions_of(const Plan& plan, const std::vector<std::string>& further) {
  std::vector<std::string> names = plan.segments;
  for (const std::string& name : further)
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  for (const std::string& other : plan.interactions)
    names.push_back(std::string(kExperimentDimension) + other);
  return names;
}

void read_expected_shares(const std::vector<CatalogVersion>& versions, const Catalog& catalog,
                          const std::vector<std::string>& arms, Statistics& statistics) {
  const auto note = [&](const Catalog& version) {
    const ExperimentDefinition* experiment = version.find_experiment(statistics.experiment);
    if (experiment)
      statistics.expected_shares[experiment->assignment.epoch] = shares_of(experiment->assignment, arms);
  };
  for (const CatalogVersion& version : versions)
    if (version.digest != catalog.digest) note(parse_catalog(version.json));
  note(catalog);
}

void name_arms(const std::vector<std::string>& arms, const assign::Experiment& experiment,
               Statistics& statistics) {
  for (const std::string& key : arms) {
    const auto known = std::find_if(experiment.arms.begin(), experiment.arms.end(),
                                    [&](const assign::Arm& arm) { return arm.key == key; });
    ArmCounts counts;
    counts.key = key;
    counts.control = known != experiment.arms.end() && known->role == assign::Role::control;
    statistics.arms.push_back(std::move(counts));
  }
}

void read_counters(const std::vector<Counter>& counters, Statistics& statistics) {
  for (const Counter& counter : counters) {
    if (counter.name == kErasedCounter) {
      count_erased(counter, statistics);
      continue;
    }
    const std::string name = counter.detail.empty() ? counter.name : counter.name + ":" + counter.detail;
    statistics.counts[name] += counter.count;
    if (counter.name == "duplicate") statistics.duplicates += counter.count;
    if (counter.name == "conflict") statistics.conflicts += counter.count;
    if (counter.name == "repeat_exposure") statistics.repeated_exposures += counter.count;
  }
}

void add_splits(const Population& population, const Dimension& dimension,
                const std::vector<std::vector<std::int64_t>>& units, Statistics& statistics) {
  const auto arms = static_cast<std::ptrdiff_t>(population.arms.size());
  for (std::size_t group = 0; group < units.size(); ++group)
    for (std::size_t epoch = 0; epoch < population.epochs.size(); ++epoch) {
      const auto first = units[group].begin() + static_cast<std::ptrdiff_t>(epoch) * arms;
      statistics.splits.push_back({.dimension = dimension.name,
                                   .group = dimension.groups[group],
                                   .units = {first, first + arms},
                                   .epoch = population.epochs[epoch]});
    }
}

void read_all_history(const std::vector<Dimension>& dimensions, Needs& needs) {
  const bool wanted = std::any_of(dimensions.begin(), dimensions.end(),
                                  [](const Dimension& d) { return d.filled_by_pass(); });
  if (!wanted) return;
  needs.counted = needs.filter;
  needs.filter.types.clear();
  needs.filter.from = std::numeric_limits<Micros>::min();
}

Error no_catalog() {
  return {ErrorCode::definition, "", "the store has no catalog at this moment",
          "Store one: liftmark apply DB CATALOG.json"};
}

std::vector<CrossedExperiment> crossed_experiments(const Catalog& catalog, const Plan& plan) {
  std::vector<CrossedExperiment> crossed;
  for (const std::string& other : plan.interactions)
    crossed.push_back({other, control_of(*catalog.find_experiment(other))});
  return crossed;
}

}  // namespace liftmark
