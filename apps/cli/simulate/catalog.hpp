#pragma once
// The catalog and the truth that go with a simulated shop, as JSON text.

#include <string>

#include "apps/cli/simulate/shop.hpp"

namespace liftmark::simulate {

inline constexpr std::string_view kExperiment = "recommendations";
inline constexpr std::string_view kSalt = "recommendations-simulated-1";

/// A catalog whose one experiment is what was simulated. `planned_units` is frozen into the plan.
std::string catalog_json(const ShopOptions& options, std::int64_t planned_units);

/// {"window_days", "exposed_users", "items", "surface_shares" (of sessions, and so of every sum over events),
/// "arms": [{"arm", "conversion", ..}], "lifts": [{"arm", "against", "conversion", ..}]}, by kTruthFields.
std::string truth_json(const ShopOptions& options, const Truth& truth);

}  // namespace liftmark::simulate
