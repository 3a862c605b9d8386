#pragma once
// What a decision can be expected to earn, learned from the other decisions: the model part of doubly robust
// estimates.

#include <cstdint>
#include <span>
#include <vector>

#include "engine/aggregate/policy_log.hpp"

namespace liftmark {

struct RewardModelOptions {
  int folds = 5;
  std::span<const std::uint32_t> classes;  ///< by action; empty: no class
};

/// Shrunken mean reward by (context, action), fitted once per fold on the other folds; a unit's decisions
/// share a fold.
class RewardModel {
 public:
  RewardModel(const PolicyLog& log, const RewardModelOptions& options);

  /// Expected reward of `action` in the context of round `round`, from folds that do not hold that round.
  double mean(std::size_t round, std::uint32_t action) const;
  /// By round: the sum over actions of `table` (see CandidatePolicy) times mean.
  std::vector<double> expectations(std::span<const double> table) const;

 private:
  std::size_t fold_of(std::size_t round) const;
  void fit(std::size_t fold, const RewardModelOptions& options);

  const PolicyLog& log_;
  std::size_t folds_;
  std::vector<std::vector<double>> means_;  ///< by fold: [context * actions + action]
};

}  // namespace liftmark
