#pragma once
// What applying a catalog writes into it: a raised epoch, ranges that move the fewest units.

#include <optional>
#include <string>
#include <vector>

#include "assign/ranges.hpp"
#include "engine/definition/catalog.hpp"

namespace liftmark {

struct AssignmentEdit {
  std::string experiment;
  std::optional<int> epoch;
  std::vector<assign::BucketRange> ranges =
      {};  ///< empty: left as they are; `arm` counts the experiment's arms
};

/// The catalog as if its file had said so. Experiments that it does not have are left out.
Catalog with_edits(const Catalog& catalog, const std::vector<AssignmentEdit>& edits);

}  // namespace liftmark
