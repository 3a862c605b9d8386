#pragma once
// The holdout ledger: what everything together added, measured by those who got none of it, beside the sum of
// what the experiments promised. Pure, like all of analysis.

#include <string>
#include <vector>

#include "engine/definition/catalog.hpp"
#include "engine/scorecard/scorecard.hpp"

namespace liftmark {

/// The holdout as an experiment: kHeldOut is the control, kOpen the variant, the ledger's metrics are primary
/// and read as a confidence sequence.
ExperimentDefinition ledger_experiment(const Catalog& catalog, const LedgerDefinition& ledger);

/// The experiments that a holdout keeps its units out of: those of its layer, all of them for a global one.
std::vector<const ExperimentDefinition*> in_scope(const Catalog& catalog, const LedgerDefinition& ledger);

/// One experiment of the scope: its scorecard, and the share of the holdout's open units that took part in
/// it.
struct LedgerEntry {
  const ExperimentDefinition& experiment;
  const Scorecard& card;
  double exposed_share = 0;
};

/// One ledger for each metric. Every figure is a share of the held-out units' value. An experiment counts
/// with its absolute difference per unit times the share of open units it is for: those exposed over the
/// share of the audience that took part. The correction is Lee and Shen 2018, eq. (5): less sigma phi((c
/// sigma - X) / sigma) for every variant, shipped or not, X signed so that good is positive, c its own
/// interval's multiplier. Sums have normal intervals at 95%.
std::vector<Ledger> ledgers(const Catalog& catalog, const LedgerDefinition& ledger, const Scorecard& holdout,
                            const std::vector<LedgerEntry>& entries);

}  // namespace liftmark
