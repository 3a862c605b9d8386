#pragma once
// One page over all experiments: status, verdict, days to go, health.

#include <string>
#include <vector>

#include "engine/scorecard/scorecard.hpp"
#include "reports/options.hpp"

namespace liftmark::reports {

/// An experiment of the index. `file` is the name of its report in the same folder; empty: no link.
struct IndexEntry {
  const Scorecard* scorecard = nullptr;
  std::string file;
};

/// A self-contained HTML page in the style of the reports: what waits for a decision first, then what runs,
/// then the rest; the entries' own order inside each.
std::string render_index(const std::vector<IndexEntry>& entries, const RenderOptions& options);

}  // namespace liftmark::reports
