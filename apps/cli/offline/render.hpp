#pragma once
// An off-policy evaluation as text, Markdown or JSON. One list of tables, so that all three say the same.

#include <map>
#include <optional>
#include <string>

#include "engine/analyse/policy_value.hpp"

namespace liftmark::cli {

/// The plain outcome of a log that the candidate itself produced.
struct OnPolicy {
  std::string file;
  std::int64_t rounds = 0;
  stats::Estimate value;
};

struct OfflineReport {
  std::string log;
  std::map<std::string, std::string> columns;
  std::int64_t rows_read = 0;
  std::map<std::string, std::int64_t> rejected;
  PolicyEvaluation evaluation;
  std::optional<OnPolicy> on_policy;
  double alpha = 0.05;
};

/// `format`: text, markdown or json.
std::string render(const OfflineReport& report, const std::string& format);

}  // namespace liftmark::cli
