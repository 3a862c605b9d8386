#pragma once
// Health checks: can the numbers be trusted? One function and one row each.

#include <span>
#include <string_view>
#include <vector>

#include "engine/aggregate/statistics.hpp"
#include "engine/analyse/comparison.hpp"
#include "engine/record/deliveries.hpp"
#include "engine/scorecard/scorecard.hpp"

namespace liftmark {

/// What a check may look at.
struct CheckInput {
  const Statistics& statistics;
  const std::vector<MetricTask>& tasks;
  const std::vector<ArmPair>& pairs;
  const std::vector<MetricResult>& results;         ///< readings before anything is withheld
  const std::vector<SourceDeliveries>& deliveries;  ///< of the store; empty for a table
  bool seen_once = false;                           ///< a table: one look, no dates
};

struct HealthCheck {
  std::string_view kind;
  std::string_view question;
  Check (*run)(const CheckInput& input);
};

/// Every check, in the order a report shows them.
std::span<const HealthCheck> health_checks() noexcept;
std::vector<Check> run_checks(const CheckInput& input);

/// Whether the sample-ratio check failed: then every reading is withheld.
bool sample_ratio_failed(const std::vector<Check>& checks) noexcept;

}  // namespace liftmark
