#pragma once
// What differs between two versions of a catalog, part by part, defaults included.

#include <string>
#include <vector>

#include "engine/definition/catalog.hpp"

namespace liftmark {

/// One difference. `kind` is "catalog", "layer", "holdout", "metric" or "experiment"; `field` a JSON pointer
/// within the part, empty when the whole part was added or removed. Values are JSON, empty when there was or
/// is none.
struct Change {
  std::string kind, key, field, before, after;
  bool plan_after_start = false;  ///< touches the plan of an experiment that was running, or a metric in it
  bool operator==(const Change&) const = default;
};

/// In the order of the catalog. Names, descriptions and order of keys are differences too; spaces are not.
std::vector<Change> describe_changes(const Catalog& before, const Catalog& after);

}  // namespace liftmark
