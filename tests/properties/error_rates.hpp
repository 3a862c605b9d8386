#pragma once
// Measured error rates: what every method does when it is watched, and what its interval covers.

#include <cstdint>
#include <string>
#include <vector>

#include "stats/estimate.hpp"

namespace liftmark::error_rates {

/// One figure of the table.
struct Rate {
  std::string section;
  std::string setting;
  std::string method;
  double nominal = 0;  ///< the error rate or coverage it claims
  double measured = 0;
  bool promised = true;  ///< the product claims it; false: shown beside for comparison, or known to fail
};

struct Effort {
  std::int64_t replications = 20000;
  int looks = 200;
  std::int64_t last_n = 1000000;
  std::int64_t betting_n = 4000;
};

std::vector<Rate> type_one_rates(const Effort& effort);  ///< watched without an effect
/// The same for sequences that see every value, each value a look: up to effort.betting_n units; where every
/// unit moves the capital (one arm at 10 %, other values than 0 and 1), up to a tenth of that.
std::vector<Rate> betting_rates(const Effort& effort);
std::vector<Rate> segment_rates(const Effort& effort);           ///< heterogeneity, watched
std::vector<Rate> power_rates(const Effort& effort);             ///< with the planned effect
std::vector<Rate> coverage_rates(const Effort& effort);          ///< fixed intervals
std::vector<Rate> further_coverage_rates(const Effort& effort);  ///< part of coverage_rates: see its file
std::vector<Rate> family_wise_rates(const Effort& effort);       ///< multiplicity rules

/// Does the estimate's interval hold the truth? A refusal does not.
inline bool covers(const stats::Estimate& estimate, double truth) {
  if (!estimate.interval) return false;
  const auto& interval = *estimate.interval;
  return (!interval.lower || *interval.lower <= truth) && (!interval.upper || truth <= *interval.upper);
}

}  // namespace liftmark::error_rates
