#pragma once
// Offline before online: what a candidate policy would have earned, from the decisions of the policy that
// ran.
//
// Every number that rests on too little is said to: the weights' diagnostics come with the estimates, and
// each clip shows what it hides.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/aggregate/policy_log.hpp"
#include "stats/off_policy.hpp"

namespace liftmark {

/// What the candidate would do: `table` where it depends on the context alone; else each decision carries it.
struct CandidatePolicy {
  std::string label;
  /// [context * actions + action], each context adding up to 1; empty: the log's own columns say it.
  std::vector<double> table;
};

/// Every action equally likely in every context.
CandidatePolicy uniform_policy(const PolicyLog& log);

struct PolicyOptions {
  double alpha = 0.05;
  std::optional<double> clip;  ///< weights above are cut; unset: the square root of the number of rounds
                               ///< (Ionides 2008, J. Comput. Graph. Stat. 17, 295-311)
  int folds = 5;               ///< of the reward model
  /// A class of each action (an item's category), between the action and the context in the reward model;
  /// empty: none.
  std::vector<std::uint32_t> classes;
};

/// What makes an estimate untrustworthy; each is called out by name.
enum class PolicyWarning {
  one_round_dominates,         ///< one round carries over 5% of all weight
  few_effective_rounds,        ///< effective sample size below 100 or below 1% of the rounds
  weights_do_not_average_one,  ///< propensities, candidate and log do not belong together
  actions_never_logged,        ///< the candidate chooses what the log cannot speak about
};
std::string_view name(PolicyWarning warning) noexcept;

struct PolicyEstimate {
  std::string_view
      method;  ///< "ips", "snips", "dm", "dr", "sndr", ..; the logging policy's own mean is "logged"
  std::optional<double> clip;
  stats::Estimate value;
  bool rests_on_one_round = false;  ///< unclipped weights, of which one dominates
};

struct HeavyRound {
  std::int64_t line = 0;
  std::string action, context;
  double propensity = 0, weight = 0, share = 0, reward = 0;
};

struct PolicyEvaluation {
  std::string candidate;
  std::int64_t rounds = 0;
  std::size_t units = 0;  ///< 0: rounds are taken as independent
  std::size_t actions = 0, contexts = 0;
  double clip = 0;
  stats::WeightDiagnostics weights;
  stats::Estimate mean_weight;            ///< 1 when everything fits together
  std::optional<double> never_logged;     ///< candidate's mass on actions never logged in the context
  std::vector<HeavyRound> heaviest;       ///< the five heaviest rounds
  std::vector<PolicyEstimate> estimates;  ///< "logged" first
  std::size_t headline = 0;               ///< into estimates: chosen by rule, not by result
  struct Step {
    stats::ClippingBias bias;
    stats::Estimate ips;
    std::optional<stats::Estimate> dr;
  };
  std::vector<Step> clips;  ///< ascending; the last one cuts nothing
  std::vector<PolicyWarning> warnings;
};

/// The candidate's value by all estimators. The headline is doubly robust with clipped weights where the
/// candidate's whole decision is known (so that the reward model has an expectation), else self-normalised
/// with clipped weights.
///
/// The reward model: mean reward of (context, action), shrunk to that of (context, class of action) where
/// classes are given, shrunk to the context's, by credibility (stats/credibility.hpp); cross-fitted over
/// `folds` folds of units, so that no decision is predicted from itself (Chernozhukov et al. 2018, Econom. J.
/// 21, definition 3.1). Throws Error(data) when the log has no rounds or no candidate.
PolicyEvaluation evaluate_policy(const PolicyLog& log, const CandidatePolicy& candidate,
                                 const PolicyOptions& options = {});

/// Plain mean reward of a log with its interval: the truth to compare with when the candidate itself ran.
stats::Estimate logged_value(const PolicyLog& log, double alpha);

}  // namespace liftmark
