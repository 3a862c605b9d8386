#include "engine/aggregate/frozen_plan.hpp"

#include <algorithm>

namespace liftmark {
namespace {

/// A version of the catalog that has the experiment.
struct PlanVersion {
  CatalogVersion version;
  Catalog catalog;
  std::string digest;  ///< of the experiment's plan
};

std::vector<PlanVersion> plan_versions(const StoreView& store, std::string_view experiment) {
  std::vector<PlanVersion> versions;
  for (auto& version : store.catalogs()) {
    Catalog catalog = parse_catalog(version.json);
    const auto* definition = catalog.find_experiment(experiment);
    if (definition == nullptr) continue;
    std::string digest = plan_digest(catalog, *definition);
    versions.push_back({std::move(version), std::move(catalog), std::move(digest)});
  }
  return versions;
}

}  // namespace

FrozenPlan frozen_plan(const StoreView& store, const Catalog& current, std::string_view experiment) {
  auto versions = plan_versions(store, experiment);
  FrozenPlan frozen{.catalog = current};
  if (versions.empty()) return frozen;
  frozen.version = versions.back().version.version;
  const bool changed = std::any_of(versions.begin(), versions.end(), [&](const PlanVersion& one) {
    return one.digest != versions.back().digest;
  });
  if (!changed) return frozen;
  const Micros start = store.first_exposure(experiment).recorded_at;
  if (start == 0) return frozen;
  auto at = versions.begin();
  while (std::next(at) != versions.end() && std::next(at)->version.recorded_at <= start) ++at;
  for (auto later = std::next(at); later != versions.end(); ++later)
    if (later->digest != std::prev(later)->digest) frozen.changes.push_back(later->version);
  frozen.version = at->version.version;
  frozen.in_force = at->digest == versions.back().digest;
  frozen.catalog.metrics = at->catalog.metrics;
  const Plan& plan = at->catalog.find_experiment(experiment)->plan;
  for (auto& one : frozen.catalog.experiments)
    if (one.assignment.key == experiment) one.plan = plan;
  for (const std::string& other : plan.interactions)
    if (current.find_experiment(other) == nullptr)
      frozen.catalog.experiments.push_back(*at->catalog.find_experiment(other));
  return frozen;
}

}  // namespace liftmark
