#include "engine/aggregate/aggregate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <numeric>
#include <thread>

#include "assign/ranges.hpp"
#include "engine/aggregate/unit_pass.hpp"
#include "engine/definition/error.hpp"
#include "engine/definition/json/document.hpp"

namespace liftmark {
namespace {

std::vector<std::string> plan_metrics(const Plan& plan) {
  std::vector<std::string> keys = plan.primary;
  for (const Guardrail& guardrail : plan.guardrails) keys.push_back(guardrail.metric);
  keys.insert(keys.end(), plan.secondary.begin(), plan.secondary.end());
  return keys;
}

std::vector<std::string> dimensions_of(const Plan& plan, const AggregateOptions& options) {
  std::vector<std::string> names = plan.segments;
  for (const std::string& name : options.segments)
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  for (const std::string& other : plan.interactions)
    names.push_back(std::string(kExperimentDimension) + other);
  return names;
}

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

/// From every version of the catalog: an epoch's weights are those of its last version.
void read_expected_shares(const Reader& reader, const Catalog& catalog, Statistics& statistics,
                          const std::vector<std::string>& arms) {
  const auto note = [&](const Catalog& version) {
    const ExperimentDefinition* experiment = version.find_experiment(statistics.experiment);
    if (experiment)
      statistics.expected_shares[experiment->assignment.epoch] = shares_of(experiment->assignment, arms);
  };
  for (const CatalogVersion& version : reader.catalogs())
    if (version.digest != catalog.digest) note(parse_catalog(version.json));
  note(catalog);
}

void count_arms(const Population& population, const assign::Experiment& experiment, Statistics& statistics) {
  for (const std::string& key : population.arms) {
    const auto known = std::find_if(experiment.arms.begin(), experiment.arms.end(),
                                    [&](const assign::Arm& arm) { return arm.key == key; });
    ArmCounts counts;
    counts.key = key;
    counts.control = known != experiment.arms.end() && known->role == assign::Role::control;
    statistics.arms.push_back(std::move(counts));
  }
  const std::size_t cells = population.cells();
  std::vector<std::int64_t> by_day(population.days * cells, 0), crossed(cells, 0), fallback(cells, 0);
  for (std::size_t member = 0; member < population.size(); ++member) {
    const std::size_t cell = population.cell[member];
    ++by_day[population.day[member] * cells + cell];
    crossed[cell] += population.crossed[member];
    fallback[cell] += population.fallback[member];
  }
  statistics.units_by_day.assign(population.days, std::vector<std::int64_t>(population.arms.size(), 0));
  for (std::size_t cell = 0; cell < cells; ++cell) {
    const std::size_t place = cell % population.arms.size();
    ArmCounts& arm = statistics.arms[place];
    arm.crossed_units += crossed[cell];
    arm.fallback_units += fallback[cell];
    for (std::size_t day = 0; day < population.days; ++day) {
      const std::int64_t units = by_day[day * cells + cell];
      statistics.units_by_day[day][place] += units;
      arm.units += units;
      if (units > 0) arm.units_by_epoch[population.epochs[cell / population.arms.size()]] += units;
    }
  }
  if (population.size() == 0) return;
  statistics.first_exposure = population.first;
  statistics.last_exposure = population.last;
}

void count_splits(const Population& population, Statistics& statistics) {
  const std::size_t arms = population.arms.size();
  for (const Dimension& dimension : population.dimensions) {
    std::vector<std::vector<std::int64_t>> units(dimension.groups.size(),
                                                 std::vector<std::int64_t>(population.cells(), 0));
    for (std::size_t member = 0; member < population.size(); ++member)
      ++units[dimension.group[member]][population.cell[member]];
    for (std::size_t group = 0; group < units.size(); ++group)
      for (std::size_t epoch = 0; epoch < population.epochs.size(); ++epoch) {
        const auto first = units[group].begin() + static_cast<std::ptrdiff_t>(epoch * arms);
        statistics.splits.push_back({.dimension = dimension.name,
                                     .group = dimension.groups[group],
                                     .units = {first, first + static_cast<std::ptrdiff_t>(arms)},
                                     .epoch = population.epochs[epoch]});
      }
  }
}

std::string control_of(const ExperimentDefinition& experiment) {
  for (const assign::Arm& arm : experiment.assignment.arms)
    if (arm.role == assign::Role::control) return arm.key;
  return {};
}

/// Cold start and lifecycle look at everything known before the first exposure.
void read_all_history(const Population& population, Needs& needs) {
  const bool wanted = std::any_of(population.dimensions.begin(), population.dimensions.end(),
                                  [](const Dimension& d) { return d.filled_by_pass(); });
  if (!wanted) return;
  needs.counted = needs.filter;
  needs.filter.types.clear();
  needs.filter.from = std::numeric_limits<Micros>::min();
}

/// Reads all slices, each by one thread; the first error ends the pass.
struct PassResult {
  std::vector<MetricSums> sums;
  std::vector<std::unique_ptr<KeptSums>> kept;
  PassCounts counts;
};
PassResult run_pass(const PassInput& input, int threads) {
  std::vector<std::unique_ptr<UnitPass>> passes;
  for (int i = 0; i < threads; ++i) passes.push_back(std::make_unique<UnitPass>(input));
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex failure_mutex;
  const auto work = [&](UnitPass& pass) {
    try {
      for (std::size_t slice = next++; slice < pass.slices(); slice = next++) pass.read(slice);
    } catch (...) {
      const std::lock_guard guard(failure_mutex);
      if (!failure) failure = std::current_exception();
      next = pass.slices();
    }
  };
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back(work, std::ref(*passes[static_cast<std::size_t>(i)]));
  work(*passes[0]);
  for (std::thread& thread : others) thread.join();
  if (failure) std::rethrow_exception(failure);
  PassResult result{std::move(passes[0]->metrics()), std::move(passes[0]->kept()), passes[0]->counts()};
  for (std::size_t i = 1; i < passes.size(); ++i) {
    for (std::size_t m = 0; m < result.sums.size(); ++m) {
      result.sums[m].merge(std::move(passes[i]->metrics()[m]));
      if (result.kept[m]) result.kept[m]->merge(*passes[i]->kept()[m]);
    }
    result.counts.merge(passes[i]->counts());
    passes[i].reset();
  }
  return result;
}

/// An erased unit of this experiment goes to the arm it was first given. The arm may be gone from the
/// catalog.
void count_erased(const Counter& counter, Statistics& statistics) {
  const std::size_t cut = counter.detail.find(kErasedSeparator);
  if (cut == std::string::npos || counter.detail.compare(0, cut, statistics.experiment) != 0) return;
  for (ArmCounts& arm : statistics.arms)
    if (arm.key == std::string_view(counter.detail).substr(cut + 1)) arm.erased_units += counter.count;
}

void read_counters(const Reader& reader, Statistics& statistics) {
  for (const Counter& counter : reader.counters()) {
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

int thread_count(const AggregateOptions& options) {
  if (options.threads > 0) return options.threads;
  return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 64u));
}

}  // namespace

Catalog catalog_of(const Reader& reader) {
  const auto version = reader.catalog();
  if (!version)
    throw Error(ErrorCode::definition, "", "the store has no catalog at this moment",
                "Store one: liftmark apply DB CATALOG.json");
  return parse_catalog(version->json);
}

const ExperimentDefinition& experiment_of(const Catalog& catalog, std::string_view experiment) {
  if (const auto* found = catalog.find_experiment(experiment)) return *found;
  std::vector<std::string_view> keys;
  for (const auto& known : catalog.experiments) keys.push_back(known.assignment.key);
  for (const auto& ledger : catalog.ledgers) keys.push_back(ledger.holdout);
  const std::string_view meant = nearest(experiment, keys);
  throw Error(ErrorCode::usage,
              Problem{"experiment", "the catalog has no such experiment", std::string(experiment),
                      meant.empty() ? fmt::format("Experiments: {}.", fmt::join(keys, ", "))
                                    : fmt::format("Did you mean \"{}\"?", meant)});
}

Statistics aggregate(const Reader& reader, const Catalog& catalog, std::string_view experiment,
                     const AggregateOptions& options) {
  const ExperimentDefinition* definition = &experiment_of(catalog, experiment);
  Statistics statistics;
  statistics.experiment = std::string(experiment);
  statistics.as_of = reader.until();
  Population population = read_population(
      reader, definition->assignment, dimensions_of(definition->plan, options), catalog.day_offset_minutes);
  statistics.derived = describe_history(reader, population);
  for (const std::string& other : definition->plan.interactions)
    statistics.crossed.push_back({other, control_of(*catalog.find_experiment(other))});
  count_arms(population, definition->assignment, statistics);
  read_expected_shares(reader, catalog, statistics, population.arms);
  read_counters(reader, statistics);

  Needs needs = needs_of(catalog, plan_metrics(definition->plan));
  bound_time(needs, population.first, population.last);
  read_all_history(population, needs);
  PassResult pass = run_pass({reader, needs, population, catalog.day_offset_minutes}, thread_count(options));
  const PassCounts& counts = pass.counts;
  statistics.late_events = counts.late_events;
  statistics.future_events = counts.future_events;
  statistics.counts["events_read"] = counts.events_read;
  if (reader.denied_units() > 0)
    statistics.counts["units_without_consent"] = static_cast<std::int64_t>(reader.denied_units());
  if (counts.values_unread > 0) statistics.counts["values_unread"] = counts.values_unread;
  count_splits(population, statistics);
  // Population and sums only: what else a report asks for (segments, other events) changes nothing of them.
  std::string bytes = statistics.experiment + "\n";
  for (std::size_t m = 0; m < pass.sums.size(); ++m) {
    pass.sums[m].settle_cap();
    pass.sums[m].append(reader, bytes);
    if (pass.kept[m]) pass.kept[m]->append(reader, bytes);
    if (!needs.metrics[m].reported) continue;
    statistics.metrics.push_back(pass.sums[m].statistics(reader));
    if (pass.kept[m]) pass.kept[m]->describe(reader, statistics.metrics.back());
  }
  statistics.data_digest = sha256_hex(bytes);
  return statistics;
}

}  // namespace liftmark
