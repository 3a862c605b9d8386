#include "engine/analyse/policy_value.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/analyse/reward_model.hpp"
#include "engine/definition/error.hpp"
#include "stats/co_moments.hpp"

namespace liftmark {
namespace {

using stats::OffPolicyMethod;

constexpr double kDominatingShare = 0.05;
constexpr double kFewRounds = 100.0, kFewShare = 0.01;
constexpr double kNeverLogged = 1e-3;
constexpr std::size_t kHeaviestShown = 5;

struct NamedMethod {
  OffPolicyMethod method;
  std::string_view name;
  bool needs_model;
};
constexpr NamedMethod kMethods[] = {{OffPolicyMethod::ips, "ips", false},
                                    {OffPolicyMethod::snips, "snips", false},
                                    {OffPolicyMethod::dm, "dm", true},
                                    {OffPolicyMethod::dr, "dr", true},
                                    {OffPolicyMethod::sndr, "sndr", true}};

/// A log with the candidate's weights and the model's predictions: what the estimators take.
class Evaluation {
 public:
  Evaluation(const PolicyLog& log, const CandidatePolicy& candidate, const PolicyOptions& options)
      : log_(log), candidate_(candidate), options_(options) {
    for (const LoggedDecision& decision : log.rounds) {
      rounds_.push_back({.reward = decision.reward, .weight = share_of(decision) / decision.propensity});
      if (log.has_units) unit_.push_back(decision.unit);
      lowest_ = std::min(lowest_, decision.reward);
      highest_ = std::max(highest_, decision.reward);
    }
    whole_decision_ = !candidate.table.empty() || !log.share_begins.empty();
    if (whole_decision_) predict();
  }

  PolicyEvaluation result() {
    PolicyEvaluation out;
    out.candidate = candidate_.label;
    out.rounds = static_cast<std::int64_t>(rounds_.size());
    out.units = log_.has_units ? log_.units : 0;
    out.actions = log_.actions.size();
    out.contexts = log_.contexts.size();
    out.clip = options_.clip.value_or(std::sqrt(static_cast<double>(rounds_.size())));
    out.weights = stats::diagnose_weights(rounds_);
    out.mean_weight = mean_weight();
    out.never_logged = never_logged();
    add_heaviest(out);
    add_estimates(out);
    add_clips(out);
    add_warnings(out);
    return out;
  }

 private:
  double share_of(const LoggedDecision& decision) const {
    if (!candidate_.table.empty())
      return candidate_.table[decision.context * log_.actions.size() + decision.action];
    if (decision.candidate) return *decision.candidate;
    throw Error(ErrorCode::data, "--policy", "the log does not say what the candidate would do",
                "give --policy uniform, a table, or a column");
  }

  void predict() {
    const RewardModel model(log_, {options_.folds, options_.classes});
    for (std::size_t i = 0; i < rounds_.size(); ++i)
      rounds_[i].predicted_logged = model.mean(i, log_.rounds[i].action);
    if (!candidate_.table.empty()) {
      const std::vector<double> expected = model.expectations(candidate_.table);
      for (std::size_t i = 0; i < rounds_.size(); ++i) rounds_[i].predicted_policy = expected[i];
      return;
    }
    for (std::size_t i = 0; i < rounds_.size(); ++i)
      for (std::size_t s = log_.share_begins[i]; s < log_.share_begins[i + 1]; ++s)
        rounds_[i].predicted_policy += log_.shares[s].probability * model.mean(i, log_.shares[s].action);
  }

  stats::Estimate estimate(OffPolicyMethod method, std::optional<double> clip) const {
    return off_policy_value(rounds_, method, {.clip = clip, .alpha = options_.alpha, .unit = unit_});
  }

  /// IPS of the constant reward 1.
  stats::Estimate mean_weight() const {
    std::vector<stats::LoggedRound> ones = rounds_;
    for (auto& round : ones) round.reward = 1.0;
    return off_policy_value(ones, OffPolicyMethod::ips, {.clip = {}, .alpha = options_.alpha, .unit = unit_});
  }

  std::optional<double> never_logged() const {
    if (!whole_decision_) return {};
    const std::size_t actions = log_.actions.size();
    std::vector<char> seen(actions * log_.contexts.size(), 0);
    for (const LoggedDecision& decision : log_.rounds) seen[decision.context * actions + decision.action] = 1;
    double missing = 0.0;
    for (std::size_t i = 0; i < log_.rounds.size(); ++i) {
      const std::size_t context = log_.rounds[i].context * actions;
      if (!candidate_.table.empty()) {
        for (std::size_t a = 0; a < actions; ++a)
          if (!seen[context + a]) missing += candidate_.table[context + a];
        continue;
      }
      for (std::size_t s = log_.share_begins[i]; s < log_.share_begins[i + 1]; ++s)
        if (!seen[context + log_.shares[s].action]) missing += log_.shares[s].probability;
    }
    return missing / static_cast<double>(log_.rounds.size());
  }

  void add_heaviest(PolicyEvaluation& out) const {
    std::vector<std::size_t> order(rounds_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const std::size_t shown = std::min(kHeaviestShown, order.size());
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(shown), order.end(),
                      [&](std::size_t a, std::size_t b) {
                        return rounds_[a].weight != rounds_[b].weight ? rounds_[a].weight > rounds_[b].weight
                                                                      : a < b;
                      });
    const double total = out.weights.mean * static_cast<double>(rounds_.size());
    for (std::size_t i = 0; i < shown && rounds_[order[i]].weight > 0.0; ++i) {
      const LoggedDecision& decision = log_.rounds[order[i]];
      const double weight = rounds_[order[i]].weight;
      out.heaviest.push_back({decision.line, log_.actions[decision.action], log_.contexts[decision.context],
                              decision.propensity, weight, weight / total, decision.reward});
    }
  }

  void add_estimates(PolicyEvaluation& out) const {
    const bool one_dominates = out.weights.share_of_largest > kDominatingShare;
    out.estimates.push_back({"logged", {}, logged_value(log_, options_.alpha), false});
    for (const bool clipped : {false, true}) {
      for (const NamedMethod& method : kMethods) {
        if ((method.needs_model && !whole_decision_) || (clipped && method.method == OffPolicyMethod::dm))
          continue;
        const auto clip = clipped ? std::optional(out.clip) : std::nullopt;
        const bool weighted = method.method != OffPolicyMethod::dm;
        if (clipped && method.method == (whole_decision_ ? OffPolicyMethod::dr : OffPolicyMethod::snips))
          out.headline = out.estimates.size();
        out.estimates.push_back(
            {method.name, clip, estimate(method.method, clip), one_dominates && weighted && !clipped});
      }
    }
  }

  void add_clips(PolicyEvaluation& out) const {
    std::vector<double> clips{2, 10, 100, 1000, out.clip};
    std::sort(clips.begin(), clips.end());
    clips.erase(std::unique(clips.begin(), clips.end()), clips.end());
    std::erase_if(clips, [&](double clip) { return clip >= out.weights.maximum; });
    clips.push_back(std::max(out.weights.maximum, 1.0));
    for (const double clip : clips) {
      PolicyEvaluation::Step step{
          clipping_bias(rounds_, clip, lowest_, highest_), estimate(OffPolicyMethod::ips, clip), {}};
      if (whole_decision_) step.dr = estimate(OffPolicyMethod::dr, clip);
      out.clips.push_back(std::move(step));
    }
  }

  void add_warnings(PolicyEvaluation& out) const {
    const auto n = static_cast<double>(out.rounds);
    if (out.weights.share_of_largest > kDominatingShare)
      out.warnings.push_back(PolicyWarning::one_round_dominates);
    if (out.weights.effective_sample_size < std::max(kFewRounds, kFewShare * n))
      out.warnings.push_back(PolicyWarning::few_effective_rounds);
    const auto& mean = out.mean_weight.interval;
    if (mean && mean->lower && mean->upper && (*mean->lower > 1.0 || *mean->upper < 1.0))
      out.warnings.push_back(PolicyWarning::weights_do_not_average_one);
    if (out.never_logged && *out.never_logged > kNeverLogged)
      out.warnings.push_back(PolicyWarning::actions_never_logged);
  }

  const PolicyLog& log_;
  const CandidatePolicy& candidate_;
  const PolicyOptions& options_;
  std::vector<stats::LoggedRound> rounds_;
  std::vector<std::uint32_t> unit_;
  bool whole_decision_ = false;
  double lowest_ = 0.0, highest_ = 0.0;
};

}  // namespace

std::string_view name(PolicyWarning warning) noexcept {
  switch (warning) {
    case PolicyWarning::one_round_dominates:
      return "one_round_dominates";
    case PolicyWarning::few_effective_rounds:
      return "few_effective_rounds";
    case PolicyWarning::weights_do_not_average_one:
      return "weights_do_not_average_one";
    case PolicyWarning::actions_never_logged:
      return "actions_never_logged";
  }
  return "";
}

CandidatePolicy uniform_policy(const PolicyLog& log) {
  const std::size_t actions = std::max<std::size_t>(log.actions.size(), 1);
  return {"uniform", std::vector<double>(actions * log.contexts.size(), 1.0 / static_cast<double>(actions))};
}

PolicyEvaluation evaluate_policy(const PolicyLog& log, const CandidatePolicy& candidate,
                                 const PolicyOptions& options) {
  if (log.rounds.empty())
    throw Error(ErrorCode::data, "", "the log holds no usable decision", "see the rejected rows");
  return Evaluation(log, candidate, options).result();
}

stats::Estimate logged_value(const PolicyLog& log, double alpha) {
  std::vector<stats::LoggedRound> rounds;
  std::vector<std::uint32_t> unit;
  for (const LoggedDecision& decision : log.rounds) {
    rounds.push_back({.reward = decision.reward, .weight = 1.0});
    if (log.has_units) unit.push_back(decision.unit);
  }
  return off_policy_value(rounds, OffPolicyMethod::ips, {.clip = {}, .alpha = alpha, .unit = unit});
}

}  // namespace liftmark
