#pragma once
// The store's answer about one experiment: one pass over the events, on all cores, gives everything that
// analysis needs.
//
// The same store as of the same moment gives the same bits, whatever the number of threads, the order of
// arrival or the layout on disk: unit totals, sums and cross products are exact integers until the last step.

#include <string>
#include <string_view>
#include <vector>

#include "engine/aggregate/report_memory.hpp"
#include "engine/aggregate/statistics.hpp"
#include "engine/definition/catalog.hpp"
#include "engine/record/reader.hpp"

namespace liftmark {

struct AggregateOptions {
  int threads = 0;                    ///< 0: as many as cores
  std::vector<std::string> segments;  ///< beside those of the plan: attributes, "cold_start", "lifecycle"
  /// Look for bots (bots.hpp), and measure without them too.
  bool bots = false;
  /// Of earlier reports, which make the next ones faster and change no bit of them; may be null.
  ReportMemory* memory = nullptr;
};

/// The experiment with this key. Throws Error{usage} naming the nearest one when there is none.
const ExperimentDefinition& experiment_of(const Catalog& catalog, std::string_view experiment);

/// Statistics of `experiment` as of the reader's moment: windows are over by its `until`. `catalog` is the
/// one in force then (Reader::catalog). Throws Error{usage} when the catalog has no such experiment. Without
/// exposures all counts are zero.
Statistics aggregate(const Reader& reader, const Catalog& catalog, std::string_view experiment,
                     const AggregateOptions& options = {});

/// The catalog in force at the reader's moment. Throws Error{definition} when there is none.
Catalog catalog_of(const Reader& reader);

}  // namespace liftmark
