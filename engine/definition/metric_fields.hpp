#pragma once
// A metric as JSON.

#include "engine/definition/catalog.hpp"
#include "engine/definition/json/fields.hpp"

namespace liftmark {

/// Reads one metric and checks it by itself; names of other metrics are checked by the catalog.
Metric read_metric(const nlohmann::json& value, const std::string& where, std::vector<Problem>& problems);
/// The metric with every default spelled out.
nlohmann::json write_metric(const Metric& metric);

}  // namespace liftmark
