#pragma once
// What every storage engine takes from the catalog and the store's books, so that they cannot differ in it.

#include <string>
#include <vector>

#include "engine/aggregate/needs.hpp"
#include "engine/aggregate/population.hpp"
#include "engine/aggregate/statistics.hpp"
#include "engine/definition/catalog.hpp"
#include "engine/definition/error.hpp"
#include "engine/record/reader.hpp"

namespace liftmark {

/// Error{definition}: nobody has applied a catalog yet.
Error no_catalog();

/// The plan's metrics: primary, guardrails, secondary.
std::vector<std::string> plan_metrics(const Plan& plan);
/// The plan's segments, `further` ones, and the experiments it is crossed with.
std::vector<std::string> dimensions_of(const Plan& plan, const std::vector<std::string>& further);
std::vector<CrossedExperiment> crossed_experiments(const Catalog& catalog, const Plan& plan);

/// Statistics::arms, without counts.
void name_arms(const std::vector<std::string>& arms, const assign::Experiment& experiment,
               Statistics& statistics);
/// From every version of the catalog: an epoch's weights are those of its last version.
void read_expected_shares(const std::vector<CatalogVersion>& versions, const Catalog& catalog,
                          const std::vector<std::string>& arms, Statistics& statistics);
/// What was counted at the door; erased units go to the arm they were first given.
void read_counters(const std::vector<Counter>& counters, Statistics& statistics);

/// The units of each group of a dimension by cell of the population, as splits by epoch.
void add_splits(const Population& population, const Dimension& dimension,
                const std::vector<std::vector<std::int64_t>>& units, Statistics& statistics);

/// Widens the filter where a dimension (cold start, lifecycle) looks at everything known before the first
/// exposure.
void read_all_history(const std::vector<Dimension>& dimensions, Needs& needs);

}  // namespace liftmark
