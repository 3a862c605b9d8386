#pragma once
// Who is in the population of a holdout's ledger: every unit that asked for a running experiment in its
// scope, recorded under the holdout's key as kHeldOut or kOpen before any experiment's own exposure. The
// service does so by itself; code that assigns in process records what this tells it.

#include <string>
#include <string_view>
#include <vector>

#include "assign/assigner.hpp"
#include "engine/definition/catalog.hpp"

namespace liftmark {

/// A holdout that may keep a unit out of an experiment.
struct HoldoutInScope {
  std::string holdout;
  bool followed = false;  ///< the catalog has a ledger of it
};

/// The holdouts in whose scope the experiments of a layer are ("" without one), in the order in which the
/// assigner asks them: global ones first. Empty when no ledger follows any of them.
std::vector<HoldoutInScope> holdouts_in_scope(const Catalog& catalog, std::string_view layer);

/// An attribute's value as an exposure keeps it: a text, empty without a value.
std::string exposed_text(const assign::AttributeValue& value);

/// Whether an answer with this reason puts the unit into the population: the experiment runs and the unit may
/// be measured, in the experiment or not.
bool joins_holdouts(assign::Reason reason) noexcept;

/// Calls visit(holdout, arm) for each exposure to record; `held` is Assigner::holdout_of(unit, layer). A unit
/// that one holdout keeps out is not in the population of those asked after it.
template <typename Visit>
void each_holdout_exposure(const std::vector<HoldoutInScope>& scope, std::string_view held, Visit visit) {
  for (const HoldoutInScope& one : scope) {
    const bool keeps_out = one.holdout == held;
    if (one.followed) visit(std::string_view(one.holdout), keeps_out ? kHeldOut : kOpen);
    if (keeps_out) return;
  }
}

}  // namespace liftmark
