#pragma once
// A plan is frozen by the first exposure: later versions of the catalog may say otherwise, and a report shows
// that they do.

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/aggregate/store_view.hpp"
#include "engine/definition/catalog.hpp"

namespace liftmark {

struct FrozenPlan {
  /// The catalog in force, with the experiment's plan and all metrics as frozen, and with the experiments
  /// that this plan names if they are gone since.
  Catalog catalog;
  std::int64_t version = 0;  ///< of the catalog that froze them
  /// Versions after the first exposure that say something else than the version before them.
  std::vector<CatalogVersion> changes;
  bool in_force = true;  ///< the catalog in force measures and decides the same way
};

/// The plan in force when the first exposure was recorded; without exposures, or where every version since
/// has the same plan, that of `current`. Exposures recorded before any version: the first version with the
/// experiment.
FrozenPlan frozen_plan(const StoreView& store, const Catalog& current, std::string_view experiment);

}  // namespace liftmark
