#pragma once
// The value of a policy that was not run, from the log of one that was.
//
// Each round logs what was shown, with which probability (propensity), and the reward. A candidate policy
// shows the same item with another probability; the ratio of the two is the round's weight.

#include <cstddef>
#include <cstdint>
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

struct OffPolicyOptions {
  /// Weights above it are cut for ips, snips, dr and sndr; it is lambda for switch_dr and dr_shrunk.
  std::optional<double> clip;
  double alpha = 0.05;
  /// By round, from 0 and dense: who produced it. Rounds of one unit resemble each other, so the standard
  /// error is then over units. Empty: every round is its own unit.
  std::span<const std::uint32_t> unit;
};

/// The candidate's value per round with a normal interval at level 1 - alpha. The standard error is that of a
/// ratio of sums over units (delta method), which for single rounds is the ordinary one. Reasons:
/// too_few_units (no rounds), zero_denominator (all weights zero), zero_variance, invalid_input.
Estimate off_policy_value(std::span<const LoggedRound> rounds, OffPolicyMethod method,
                          const OffPolicyOptions& options = {});

/// What cutting the weights at `clip` costs an estimate by ips.
struct ClippingBias {
  double clip = 0;
  std::size_t cut = 0;  ///< rounds whose weight was above it
  /// 1 - mean of the cut weights: the share of the candidate's decisions that the clipped estimate does not
  /// see. 0 when the cut weights still add up to more than the number of rounds.
  double unseen = 0;
  double removed = 0;  ///< mean of (w - clip)+ r: what the cut took from this very estimate
  /// With rewards in [lowest, highest] the candidate's value lies in [clipped + unseen lowest, clipped +
  /// unseen highest] in expectation. Bottou et al. 2013, J. Mach. Learn. Res. 14, section 4.
  double lowest_bias = 0, highest_bias = 0;
};
/// `lowest`, `highest`: bounds of one round's reward. Edge: without rounds all is 0.
ClippingBias clipping_bias(std::span<const LoggedRound> rounds, double clip, double lowest, double highest);

/// What the weights say about support: how many rounds' worth of data the estimate really has.
struct WeightDiagnostics {
  double effective_sample_size = 0;  ///< (sum w)^2 / sum w^2. Kish 1965
  double maximum = 0;
  double mean = 0;              ///< 1 in expectation when the candidate is supported
  double share_of_largest = 0;  ///< largest weight / sum of weights
  std::size_t zero = 0;         ///< rounds the candidate would never show
  std::size_t heaviest = 0;     ///< the round with the largest weight, the first of equals
};
WeightDiagnostics diagnose_weights(std::span<const LoggedRound> rounds);

}  // namespace liftmark::stats
