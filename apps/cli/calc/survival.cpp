// calc rows: time to event.

#include "stats/survival.hpp"

#include <array>
#include <map>

#include "apps/cli/calc/inputs.hpp"
#include "apps/cli/calc/table.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::json;

std::vector<stats::FollowUp> follow_ups(const json& inputs) {
  const auto time = numbers(inputs, "time"), event = numbers(inputs, "event");
  require(time.size() == event.size(), "time and event must have equal lengths");
  std::vector<stats::FollowUp> units;
  for (std::size_t i = 0; i < time.size(); ++i) {
    require(time[i] >= 0, "times must not be negative");
    units.push_back({time[i], event[i] != 0});
  }
  return units;
}

/// The units by their group's number, ascending; exactly two groups.
std::array<std::vector<stats::FollowUp>, 2> two_groups(const json& inputs) {
  const auto units = follow_ups(inputs);
  const auto group = numbers(inputs, "group");
  require(group.size() == units.size(), "time and group must have equal lengths");
  std::map<double, std::vector<stats::FollowUp>> groups;
  for (std::size_t i = 0; i < units.size(); ++i) groups[group[i]].push_back(units[i]);
  require(groups.size() == 2, "two groups are needed");
  return {groups.begin()->second, groups.rbegin()->second};
}

json or_undefined(const std::optional<double>& value) {
  return value ? json(*value) : json("NaN");
}

json kaplan_meier(const json& inputs, stats::SurvivalInterval kind) {
  const auto units = follow_ups(inputs);
  if (units.empty()) refuse(stats::Reason::too_few_units, "no units");
  const double alpha = number(inputs, "alpha", 0.05);
  require(alpha > 0 && alpha < 1, "alpha must lie inside (0, 1)");
  const auto curve = stats::kaplan_meier(units);
  std::vector<double> times;
  if (inputs.contains("eval_times"))
    times = numbers(inputs, "eval_times");
  else
    for (const auto& step : curve) times.push_back(step.time);
  json survival = json::array(), error = json::array(), at_risk = json::array(), lower = json::array(),
       upper = json::array();
  for (const double t : times) {
    const auto at = stats::survival_at(units, curve, t, alpha, kind);
    survival.push_back(at.survival);
    error.push_back(or_undefined(at.standard_error));
    at_risk.push_back(at.at_risk);
    lower.push_back(or_undefined(at.lower));
    upper.push_back(or_undefined(at.upper));
  }
  return {{"survival", survival},
          {"std_err_greenwood", error},
          {"n_risk", at_risk},
          {"lower", lower},
          {"upper", upper}};
}

json log_rank(const json& inputs) {
  const auto groups = two_groups(inputs);
  const auto plain = stats::log_rank(groups[0], groups[1]);
  if (!plain.chi_square) refuse(stats::Reason::too_few_units, "no event while both groups are at risk");
  const auto peto = stats::log_rank(groups[0], groups[1], 1.0);
  return {{"chisq", *plain.chi_square},
          {"p", *plain.p_value},
          {"observed", plain.observed},
          {"expected", plain.expected},
          {"peto_chisq_rho1", or_undefined(peto.chi_square)}};
}

json cox(const json& inputs) {
  const auto groups = two_groups(inputs);
  require(text(inputs, "ties", "efron") == "efron", "ties are handled by Efron's method only");
  const auto result = stats::hazard_ratio(groups[1], groups[0], number(inputs, "alpha", 0.05));
  if (!result.interval) refuse(result.reason, "the hazard ratio has no finite estimate");
  return {{"hr", *result.point},
          {"lower", *result.interval->lower},
          {"upper", *result.interval->upper},
          {"se_log", *result.standard_error},
          {"p", *result.p_value}};
}

json restricted_mean(const json& inputs) {
  const auto result =
      stats::restricted_mean(follow_ups(inputs), number(inputs, "horizon"), number(inputs, "alpha", 0.05));
  if (!result.point) refuse(result.reason, "no restricted mean");
  json answer{{"mean", *result.point}, {"std_err", or_undefined(result.standard_error)}};
  answer["lower"] = result.interval ? json(*result.interval->lower) : json("NaN");
  answer["upper"] = result.interval ? json(*result.interval->upper) : json("NaN");
  return answer;
}

constexpr std::array kMethods{
    CalcMethod{"km/plain", [](const json& in) { return kaplan_meier(in, stats::SurvivalInterval::plain); },
               "Kaplan-Meier, symmetric interval"},
    CalcMethod{"km/log", [](const json& in) { return kaplan_meier(in, stats::SurvivalInterval::log); },
               "Kaplan-Meier, interval on the log scale"},
    CalcMethod{"km/log_log",
               [](const json& in) { return kaplan_meier(in, stats::SurvivalInterval::log_log); },
               "Kaplan-Meier, log-log interval"},
    CalcMethod{"km/restricted_mean", restricted_mean, "mean time within a horizon"},
    CalcMethod{"logrank/two_sample", log_rank, "log-rank and Peto tests of two groups"},
    CalcMethod{"cox/hazard_ratio", cox, "hazard ratio of two groups, Efron ties"},
};

}  // namespace

std::span<const CalcMethod> survival_methods() {
  return kMethods;
}

}  // namespace liftmark::cli
