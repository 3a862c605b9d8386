#include "engine/analyse/reward_model.hpp"

#include <algorithm>

#include "stats/credibility.hpp"

namespace liftmark {
namespace {

using stats::GroupSums;

void add(GroupSums& to, double reward) {
  to.n += 1;
  to.sum += reward;
  to.squares += reward * reward;
}

}  // namespace

RewardModel::RewardModel(const PolicyLog& log, const RewardModelOptions& options)
    : log_(log),
      folds_(std::clamp<std::size_t>(static_cast<std::size_t>(std::max(options.folds, 2)), 2,
                                     std::max<std::size_t>(log.rounds.size(), 2))),
      means_(folds_) {
  for (std::size_t fold = 0; fold < folds_; ++fold) fit(fold, options);
}

std::size_t RewardModel::fold_of(std::size_t round) const {
  return (log_.has_units ? log_.rounds[round].unit : round) % folds_;
}

void RewardModel::fit(std::size_t fold, const RewardModelOptions& options) {
  const std::size_t actions = log_.actions.size(), contexts = log_.contexts.size();
  const std::uint32_t classes =
      options.classes.empty() ? 1 : *std::max_element(options.classes.begin(), options.classes.end()) + 1;
  const auto class_of = [&](std::size_t action) {
    return options.classes.empty() ? 0u : options.classes[action];
  };
  GroupSums all;
  std::vector<GroupSums> by_context(contexts), by_class(contexts * classes), by_action(contexts * actions);
  for (std::size_t c = 0; c < contexts; ++c) {
    for (std::size_t k = 0; k < classes; ++k)
      by_class[c * classes + k].parent = static_cast<std::uint32_t>(c);
    for (std::size_t a = 0; a < actions; ++a)
      by_action[c * actions + a].parent = static_cast<std::uint32_t>(c * classes + class_of(a));
  }
  for (std::size_t i = 0; i < log_.rounds.size(); ++i) {
    if (fold_of(i) == fold) continue;
    const LoggedDecision& decision = log_.rounds[i];
    add(all, decision.reward);
    add(by_context[decision.context], decision.reward);
    add(by_class[decision.context * classes + class_of(decision.action)], decision.reward);
    add(by_action[decision.context * actions + decision.action], decision.reward);
  }
  const std::vector<double> root{all.n > 0 ? all.sum / all.n : 0.0};
  const auto context_means = stats::credibility_means(by_context, root);
  const auto class_means = classes == 1 ? context_means : stats::credibility_means(by_class, context_means);
  means_[fold] = stats::credibility_means(by_action, class_means);
}

double RewardModel::mean(std::size_t round, std::uint32_t action) const {
  return means_[fold_of(round)][log_.rounds[round].context * log_.actions.size() + action];
}

std::vector<double> RewardModel::expectations(std::span<const double> table) const {
  const std::size_t actions = log_.actions.size(), contexts = log_.contexts.size();
  std::vector<double> by_fold(folds_ * contexts, 0.0);
  for (std::size_t fold = 0; fold < folds_; ++fold)
    for (std::size_t cell = 0; cell < contexts * actions; ++cell)
      by_fold[fold * contexts + cell / actions] += table[cell] * means_[fold][cell];
  std::vector<double> result;
  result.reserve(log_.rounds.size());
  for (std::size_t i = 0; i < log_.rounds.size(); ++i)
    result.push_back(by_fold[fold_of(i) * contexts + log_.rounds[i].context]);
  return result;
}

}  // namespace liftmark
