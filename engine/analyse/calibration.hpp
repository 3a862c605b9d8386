#pragma once
// A/A: the shop's own visitors, dealt into the plan's arms at random again and again. Nothing differs, so
// whatever is found is false; how often that happens is the method's error rate on these data.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/aggregate/placebo.hpp"
#include "engine/analyse/analyse.hpp"

namespace liftmark {

struct CalibrationOptions {
  int rounds = 1000;
  std::uint64_t seed = 1;
  int threads = 0;                           ///< 0: as many as cores; the result does not depend on it
  std::function<void(int done)> progress{};  ///< from the calling thread
};

/// One metric's comparison over all rounds. Counts of rounds.
struct CalibrationRow {
  std::string metric, role, arm, against;
  double nominal = 0.05;  ///< the share of false findings that the plan allows this comparison
  std::int64_t rounds = 0;
  std::int64_t no_interval = 0;            ///< the data could not say, e.g. during burn-in
  std::int64_t found = 0;                  ///< the final interval lacks 0; guardrails: lies beyond the margin
  std::int64_t missed_zero = 0;            ///< the final interval of the relative lift lacks the true 0
  std::int64_t missed_absolute = 0;        ///< .. that of the absolute difference
  std::optional<std::int64_t> found_ever;  ///< always-valid plans: some day's interval lacks 0, looking daily
};

/// One share with the Monte Carlo error of `rounds` rounds: sqrt(p (1 - p) / rounds).
struct MonteCarloShare {
  double share = 0, error = 0;
};
MonteCarloShare monte_carlo_share(std::int64_t count, std::int64_t rounds) noexcept;

/// Deals the visitors `rounds` times into the arms of `experiment` by their weights and analyses each deal as
/// the plan says. Deterministic by seed. Arms must be 2 to 250.
std::vector<CalibrationRow> calibrate(const PlaceboHistory& history, const Analysis& analysis,
                                      const assign::Experiment& experiment,
                                      const CalibrationOptions& options);

}  // namespace liftmark
