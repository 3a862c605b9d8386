#pragma once
// The one pass, on all cores: the population, what its metrics need, and their sums. Internal to aggregation.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/aggregate/unit_pass.hpp"

namespace liftmark {

/// What is asked of a store about one experiment.
struct Question {
  const Reader& reader;
  const Catalog& catalog;
  const ExperimentDefinition& experiment;
  std::vector<std::string> dimensions;  ///< as read_population
  int threads = 1;
  std::vector<UnitIndex> bots = {};  ///< ascending: units that are measured with the others, and apart
  /// What the events kept for measure_again() may take; with more, and with 0, none are.
  std::size_t event_bytes = 0;
};

/// The answer before caps are settled. Sums point at the needs and the population beside them.
struct Measured {
  Measured() = default;
  Measured(const Measured&) = delete;
  Measured& operator=(const Measured&) = delete;
  Population population;
  std::vector<UnitIndex> bots;  ///< as asked for
  std::vector<DerivedDimension> derived;
  Needs needs;
  std::vector<MetricSums> sums;
  std::vector<std::unique_ptr<KeptSums>> kept;  ///< by metric; nothing for those that keep no events
  PassCounts counts;
  StorePosition position;  ///< where the reader stood
  std::size_t units = 0;   ///< that the store had there, exposed or not
  ActedEvents acted;       ///< of members; empty: they are read from the store again
};

/// Reads everything.
std::unique_ptr<Measured> measure(const Question& question);

/// Reads only units with news since `earlier`, which is used up, and gives the same as measure(), to the bit.
/// Nothing when that cannot be: rows were rewritten, consent or links changed, arms, groups or the first day
/// or bots are others, or more than `most_changed` of the units have news, so that reading everything is no
/// slower.
std::unique_ptr<Measured> measure_again(const Question& question, Measured& earlier, double most_changed);

/// Whether measure_again() may be asked later: groups and sums depend on each unit alone.
bool lasting(const Measured& measured);

/// Marks these units of the population (Population::bot).
void mark_bots(const std::vector<UnitIndex>& bots, Population& population);

/// What the plan's metrics need of this population.
Needs needs_for(const Question& question, const Population& population);

/// Runs work(i) for i in [0, threads) at once; the first error ends it, `stop` tells the others.
void on_threads(int threads, const std::function<void(int)>& work, const std::function<void()>& stop);

}  // namespace liftmark
