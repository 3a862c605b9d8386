#pragma once
// The scorecard of one experiment in a store: what `report` renders and `check` looks through.

#include <optional>
#include <string>
#include <vector>

#include "engine/scorecard/scorecard.hpp"

namespace liftmark::cli {

struct StoreQuestion {
  std::string store, experiment;
  std::string as_of;  ///< a moment as text; empty: the last commit
  std::vector<std::string> segments = {};
};

/// Reads, aggregates and analyses. Throws Error{usage} for an unknown experiment (naming the nearest) or
/// moment, Error{storage} for a store that cannot be read, Error{definition} for one without a catalog.
Scorecard analyse_store(const StoreQuestion& question);

}  // namespace liftmark::cli
