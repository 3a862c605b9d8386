#include "engine/analyse/analyse.hpp"
#include "engine/definition/names.hpp"

namespace liftmark {

Analysis analysis_for(const Catalog& catalog, const ExperimentDefinition& experiment) {
  Analysis analysis;
  const auto& assignment = experiment.assignment;
  analysis.experiment.key = assignment.key;
  analysis.experiment.name = experiment.name;
  analysis.experiment.hypothesis = experiment.hypothesis;
  analysis.experiment.owner = experiment.owner;
  analysis.experiment.unit = assignment.unit;
  analysis.experiment.status = word(kStatuses, assignment.status);
  analysis.experiment.currency = catalog.currency;
  analysis.plan = experiment.plan;
  analysis.metrics = catalog.metrics;
  double slots = 0;
  for (const auto& range : assignment.slots) slots += range.last - range.first;
  analysis.traffic = assignment.traffic * slots;
  return analysis;
}

}  // namespace liftmark
