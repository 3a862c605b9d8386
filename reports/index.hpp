#pragma once
// One page over all experiments: status, verdict, days to go, health.

#include <string>
#include <vector>

#include "engine/scorecard/scorecard.hpp"
#include "reports/options.hpp"

namespace liftmark::reports {

/// An experiment of the index.
struct IndexEntry {
  const Scorecard* scorecard = nullptr;
  std::string file{};   ///< the name of its report in the same folder; empty: no link
  std::string query{};  ///< of the link, from its question mark on, encoded
};

/// A self-contained HTML page in the style of the reports: what waits for a decision first, then what runs,
/// then the rest; the entries' own order inside each.
std::string render_index(const std::vector<IndexEntry>& entries, const RenderOptions& options);

}  // namespace liftmark::reports
