#pragma once
// The scorecard of one experiment in a store: what reports render and `check` looks through.

#include <optional>
#include <string>
#include <vector>

#include "engine/aggregate/store_view.hpp"
#include "engine/definition/catalog.hpp"
#include "engine/scorecard/scorecard.hpp"

namespace liftmark {

class ReportMemory;

struct StoreQuestion {
  std::string store, experiment;
  std::string as_of;  ///< a moment as text; empty: the last commit
  std::vector<std::string> segments = {};
  /// Follow the plan now in the catalog, not the one that the first exposure froze.
  bool current_plan = false;
  /// Of earlier reports in this process; null: every report is made anew.
  ReportMemory* memory = nullptr;
  ServerOptions server = {};  ///< of a store that a server keeps
};

/// A moment as text for a Reader; empty: the last commit. Throws Error{usage} for what is no moment.
ReaderOptions reader_options(const std::string& as_of);

/// Keys of the experiments of the catalog in force, in its order.
std::vector<std::string> experiment_keys(const StoreView& store);

/// Reads, aggregates and analyses by the plan in force since the first exposure; later changes are rows of
/// `plan_against_run`. Plans read on frozen dates are read as of the last one that has passed: what was
/// recorded afterwards stands beside as "restated". Throws Error{usage} for an unknown experiment (naming the
/// nearest) or moment, Error{storage} for a store that cannot be read, Error{definition} for one without a
/// catalog.
Scorecard analyse_store(const StoreQuestion& question);

}  // namespace liftmark
