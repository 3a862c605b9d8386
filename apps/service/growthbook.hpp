#pragma once
// The catalog as GrowthBook's SDKs read it, for experiments in the growthbook-v2 scheme.

#include <string>

#include "apps/service/flags.hpp"

namespace liftmark::service {

/// {"status": 200, "features": {..}, "dateUpdated", "leftOut": [{"key", "reason"}]}. The SDKs hash by
/// themselves, so an experiment in another scheme, or with something that only the service can decide (layer,
/// holdout, prerequisite, kept arms, segments), is left out and named.
std::string growthbook_payload(const Flags& flags);
/// The payload as the event that carries it.
std::string feature_event(const Flags& flags);

}  // namespace liftmark::service
