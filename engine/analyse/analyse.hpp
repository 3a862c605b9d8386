#pragma once
// Sufficient statistics and a frozen plan to the scorecard. Pure: the same input gives the same scorecard.

#include <vector>

#include "engine/aggregate/statistics.hpp"
#include "engine/analyse/alpha.hpp"
#include "engine/definition/catalog.hpp"
#include "engine/record/deliveries.hpp"
#include "engine/scorecard/scorecard.hpp"
#include "stats/lift.hpp"

namespace liftmark {

/// What is asked of the statistics.
struct Analysis {
  ExperimentInfo experiment;  ///< key, name, owner ..; dates and units are filled in here
  Plan plan;                  ///< an unknown rule throws Error{definition}
  std::vector<Metric>
      metrics;             ///< definitions; statistics of a metric that is not here throw std::logic_error
  bool seen_once = false;  ///< a table: one look at finished data, so no dates, weeks or horizon
  stats::SlopeRule slope = stats::SlopeRule::within_arms;
  Levels levels = Levels::allocated;
  std::vector<SourceDeliveries> deliveries;  ///< what the store's sources delivered, for the checks
  double traffic = 1.0;  ///< share of the audience that took part; for money if shipped to all
};

/// Estimates, health checks, segments, timelines, power and the verdict. Metrics come out primary, guardrail,
/// secondary, each in the order of the statistics. A failed sample ratio withholds every reading; what the
/// data cannot say is a reason in its figure. `provenance` has what is known here; version and command are
/// the caller's.
Scorecard analyse(const Statistics& statistics, const Analysis& analysis);

/// What a catalog asks of one of its experiments.
Analysis analysis_for(const Catalog& catalog, const ExperimentDefinition& experiment);

}  // namespace liftmark
