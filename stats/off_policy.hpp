#pragma once
// The value of a policy that was not run, from the log of one that was.
//
// Each round logs what was shown, with which probability (propensity), and the reward. A candidate policy
// shows the same item with another probability; the ratio of the two is the round's weight.

#include <optional>
#include <span>

#include "stats/estimate.hpp"

namespace liftmark::stats {

struct LoggedRound {
  double reward = 0;
  double weight = 0;            ///< candidate's probability of the logged action / logged propensity; >= 0
  double predicted_logged = 0;  ///< reward model's prediction for the logged action
  double predicted_policy = 0;  ///< its expectation under the candidate: sum over actions of pi(a) q(a)
};

enum class OffPolicyMethod {
  ips,        ///< mean of w r. Horvitz and Thompson 1952
  snips,      ///< sum w r / sum w. Swaminathan and Joachims 2015
  dm,         ///< mean prediction: biased by the model, no propensities
  dr,         ///< dm + mean of w (r - q). Dudik, Langford and Li 2011
  sndr,       ///< dr with self-normalised weights
  switch_dr,  ///< weights over lambda dropped, the model trusted there. Wang, Agarwal and Dudik 2017
  dr_shrunk,  ///< weights shrunk to w lambda / (w^2 + lambda), optimistic shrinkage. Su et al. 2020
};

/// The candidate's value per round with a normal interval at level 1 - alpha (standard error over rounds; for
/// the self-normalised forms by the delta method). `clip`: weights above it are cut for ips, snips and dr, is
/// lambda for switch_dr and dr_shrunk. Reasons: too_few_units (no rounds), zero_denominator (all weights
/// zero), invalid_input.
Estimate off_policy_value(std::span<const LoggedRound> rounds, OffPolicyMethod method,
                          std::optional<double> clip, double alpha);

/// What the weights say about support: how many rounds' worth of data the estimate really has.
struct WeightDiagnostics {
  double effective_sample_size = 0;  ///< (sum w)^2 / sum w^2. Kish 1965
  double maximum = 0;
  double mean = 0;              ///< 1 in expectation when the candidate is supported
  double share_of_largest = 0;  ///< largest weight / sum of weights
  std::size_t zero = 0;         ///< rounds the candidate would never show
};
WeightDiagnostics diagnose_weights(std::span<const LoggedRound> rounds);

}  // namespace liftmark::stats
