#include "engine/aggregate/aggregate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "engine/aggregate/bots.hpp"
#include "engine/aggregate/experiment_facts.hpp"
#include "engine/aggregate/pass.hpp"
#include "engine/definition/error.hpp"
#include "engine/definition/json/document.hpp"

namespace liftmark {
namespace {

void count_arms(const Population& population, const assign::Experiment& experiment, Statistics& statistics) {
  name_arms(population.arms, experiment, statistics);
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
  for (const Dimension& dimension : population.dimensions) {
    std::vector<std::vector<std::int64_t>> units(dimension.groups.size(),
                                                 std::vector<std::int64_t>(population.cells(), 0));
    for (std::size_t member = 0; member < population.size(); ++member)
      ++units[dimension.group[member]][population.cell[member]];
    add_splits(population, dimension, units, statistics);
  }
}

int thread_count(const AggregateOptions& options) {
  if (options.threads > 0) return options.threads;
  return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 64u));
}

void describe_metrics(const Question& question, Measured& measured, bool kept, Statistics& statistics) {
  // Population and sums only: what else a report asks for (segments, other events) changes nothing of them.
  const ReaderTexts texts(question.reader);
  std::string bytes = statistics.experiment + "\n";
  for (std::size_t m = 0; m < measured.sums.size(); ++m) {
    MetricSums settled = kept ? measured.sums[m] : std::move(measured.sums[m]);
    const auto& events = measured.kept[m];
    settled.settle_cap();
    settled.append(texts, bytes);
    if (events) events->append(texts, bytes);
    if (!measured.needs.metrics[m].reported) continue;
    statistics.metrics.push_back(settled.statistics(texts));
    if (events) events->describe(texts, statistics.metrics.back());
  }
  statistics.data_digest = sha256_hex(bytes);
}

/// `kept`: the sums are left as they are; else they are used up.
Statistics describe(const Question& question, Measured& measured, bool kept) {
  const Reader& reader = question.reader;
  Statistics statistics;
  statistics.experiment = question.experiment.assignment.key;
  statistics.as_of = reader.until();
  statistics.derived = measured.derived;
  statistics.crossed = crossed_experiments(question.catalog, question.experiment.plan);
  count_arms(measured.population, question.experiment.assignment, statistics);
  read_expected_shares(reader.catalogs(), question.catalog, measured.population.arms, statistics);
  read_counters(reader.counters(), statistics);
  statistics.late_events = measured.counts.late_events;
  statistics.future_events = measured.counts.future_events;
  statistics.counts["events_read"] = measured.counts.events_read;
  if (reader.denied_units() > 0)
    statistics.counts["units_without_consent"] = static_cast<std::int64_t>(reader.denied_units());
  if (measured.counts.values_unread > 0) statistics.counts["values_unread"] = measured.counts.values_unread;
  count_splits(measured.population, statistics);
  describe_metrics(question, measured, kept, statistics);
  return statistics;
}

std::vector<UnitIndex> busy_units(const Reader& reader, ReportMemory* memory) {
  const std::uint16_t few = BotLimits().few();
  if (memory != nullptr) return memory->busy_units(reader, few);
  EventCounts counts;
  counts.update(reader);
  return counts.above(few);
}

}  // namespace

Catalog catalog_of(const Reader& reader) {
  const auto version = reader.catalog();
  if (!version) throw no_catalog();
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
  Question question{reader, catalog, *definition, dimensions_of(definition->plan, options.segments),
                    thread_count(options)};
  if (options.memory != nullptr && reader.position().whole)
    question.event_bytes = options.memory->options().event_bytes;
  if (options.bots) question.bots = suspected_bots(reader, experiment, busy_units(reader, options.memory));
  std::unique_ptr<Measured> measured = options.memory != nullptr ? options.memory->recall(question) : nullptr;
  if (!measured) measured = measure(question);
  const bool kept = options.memory != nullptr && lasting(*measured);
  Statistics statistics = describe(question, *measured, kept);
  if (kept) options.memory->keep(question, std::move(measured));
  if (options.bots) statistics.counts["suspected_bots"] = static_cast<std::int64_t>(question.bots.size());
  return statistics;
}

}  // namespace liftmark
