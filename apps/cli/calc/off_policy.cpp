// calc rows: off-policy values of a logged policy's alternatives.

#include "stats/off_policy.hpp"

#include <algorithm>
#include <array>

#include "apps/cli/calc/inputs.hpp"
#include "apps/cli/calc/table.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::json;
using stats::OffPolicyMethod;

struct Log {
  std::vector<double> reward, propensity;
  std::vector<std::size_t> action;
  std::vector<std::vector<double>> policy, model;
};

Log read_log(const json& inputs) {
  Log log{.reward = numbers(inputs, "reward"),
          .propensity = {},
          .action = {},
          .policy = number_rows(inputs, "evaluation_policy"),
          .model = {}};
  for (const double action : numbers(inputs, "action")) {
    require(action >= 0 && action == static_cast<double>(static_cast<std::size_t>(action)),
            "actions are numbers from 0");
    log.action.push_back(static_cast<std::size_t>(action));
  }
  if (inputs.contains("pscore")) log.propensity = numbers(inputs, "pscore");
  if (inputs.contains("q_hat")) log.model = number_rows(inputs, "q_hat");
  const std::size_t n = log.reward.size();
  if (n == 0) refuse(stats::Reason::too_few_units, "no rounds");
  require(log.action.size() == n && log.policy.size() == n &&
              (log.propensity.empty() || log.propensity.size() == n) &&
              (log.model.empty() || log.model.size() == n),
          "all columns must have equal lengths");
  for (std::size_t i = 0; i < n; ++i) {
    require(log.action[i] < log.policy[i].size(), "an action is outside the evaluation policy");
    require(log.model.empty() || log.model[i].size() == log.policy[i].size(),
            "q_hat and evaluation_policy must have equal widths");
    require(log.propensity.empty() || log.propensity[i] > 0, "propensities must be positive");
  }
  return log;
}

json policy_value(const json& inputs) {
  const Log log = read_log(inputs);
  require(!log.propensity.empty(), "pscore is missing");
  std::vector<stats::LoggedRound> rounds;
  for (std::size_t i = 0; i < log.reward.size(); ++i) {
    stats::LoggedRound round{.reward = log.reward[i],
                             .weight = log.policy[i][log.action[i]] / log.propensity[i]};
    if (!log.model.empty()) {
      round.predicted_logged = log.model[i][log.action[i]];
      for (std::size_t a = 0; a < log.policy[i].size(); ++a)
        round.predicted_policy += log.policy[i][a] * log.model[i][a];
    }
    rounds.push_back(round);
  }
  const double clip = number(inputs, "lambda", 2.0), shrink = number(inputs, "lambda_dros", 1.0);
  json answer;
  const auto put = [&](const char* key, OffPolicyMethod method, std::optional<double> lambda) {
    const auto value = stats::off_policy_value(rounds, method, {.clip = lambda, .alpha = 0.05, .unit = {}});
    answer[key] = value.point ? json(*value.point) : json("NaN");
    if (lambda == std::nullopt && value.standard_error)
      answer[std::string(key) + "_se"] = *value.standard_error;
  };
  put("ips", OffPolicyMethod::ips, {});
  put("snips", OffPolicyMethod::snips, {});
  put("ips_clipped_lambda2", OffPolicyMethod::ips, clip);
  if (!log.model.empty()) {
    put("dm", OffPolicyMethod::dm, {});
    put("dr", OffPolicyMethod::dr, {});
    put("sndr", OffPolicyMethod::sndr, {});
    put("dr_clipped_lambda2", OffPolicyMethod::dr, clip);
    put("switch_dr_lambda2", OffPolicyMethod::switch_dr, clip);
    put("dros_lambda1", OffPolicyMethod::dr_shrunk, shrink);
  }
  const auto weights = stats::diagnose_weights(rounds);
  answer["effective_sample_size"] = weights.effective_sample_size;
  answer["max_weight"] = weights.maximum;
  return answer;
}

/// Mean reward over the rounds in which a deterministic candidate would have done the same. Li et al. 2011.
json replay(const json& inputs) {
  const Log log = read_log(inputs);
  double sum = 0.0, matched = 0.0;
  for (std::size_t i = 0; i < log.reward.size(); ++i) {
    const auto& row = log.policy[i];
    if (static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin()) != log.action[i])
      continue;
    sum += log.reward[i];
    matched += 1.0;
  }
  if (matched == 0.0) refuse(stats::Reason::too_few_units, "no round matches the evaluation policy");
  return {{"value", sum / matched}, {"matched", matched}};
}

constexpr std::array kMethods{
    CalcMethod{"ope/policy_value", policy_value, "IPS, SNIPS, DM, DR and their clipped forms"},
    CalcMethod{"ope/replay", replay, "mean reward of matching rounds"},
};

}  // namespace

std::span<const CalcMethod> off_policy_methods() {
  return kMethods;
}

}  // namespace liftmark::cli
