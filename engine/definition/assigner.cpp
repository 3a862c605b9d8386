#include "engine/definition/assigner.hpp"

#include <utility>

#include "engine/definition/error.hpp"

namespace liftmark {

assign::Definitions assignment_definitions(const Catalog& catalog) {
  assign::Definitions definitions;
  definitions.layers = catalog.layers;
  definitions.holdouts = catalog.holdouts;
  definitions.experiments.reserve(catalog.experiments.size());
  for (const ExperimentDefinition& experiment : catalog.experiments) {
    definitions.experiments.push_back(experiment.assignment);
  }
  return definitions;
}

std::shared_ptr<const assign::Assigner> compile_assigner(const Catalog& catalog) {
  assign::Compilation compilation = assign::Assigner::compile(assignment_definitions(catalog));
  if (!compilation.problems.empty()) throw Error(ErrorCode::definition, std::move(compilation.problems));
  return compilation.assigner;
}

}  // namespace liftmark
