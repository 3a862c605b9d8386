#pragma once
// An experiment and its plan as JSON.

#include "engine/definition/catalog.hpp"
#include "engine/definition/json/fields.hpp"

namespace liftmark {

/// Reads one experiment and checks it by itself; names of other parts are checked by the catalog.
ExperimentDefinition read_experiment(const nlohmann::json& value, const std::string& where,
                                     std::vector<Problem>& problems);
/// The experiment or plan with every default spelled out.
nlohmann::json write_experiment(const ExperimentDefinition& experiment);
nlohmann::json write_plan(const Plan& plan);

}  // namespace liftmark
