#include <algorithm>
#include <cmath>

#include "engine/analyse/log_parts.hpp"
#include "engine/analyse/sections.hpp"

namespace liftmark {
namespace {

using Group = MetricStatistics::Group;

std::vector<const Group*> groups_of(const MetricStatistics& data, const std::string& dimension) {
  std::vector<const Group*> groups;
  for (const auto& group : data.groups)
    if (group.dimension == dimension && group.group != kNoValue) groups.push_back(&group);
  return groups;
}

/// The lift among the units of one arm of the other experiment, on the log scale.
struct ArmEffect {
  Look look;
  stats::ScaledResult scaled;
};

ArmEffect effect_of(const MetricTask& task, const Group& group, ArmPair pair) {
  ArmEffect effect{.look = look_of(task, group.cells, pair), .scaled = {}};
  const bool any_time = plan_method(task.plan.method).any_time;
  if (effect.look.contrast.reason != stats::Reason::none)
    effect.scaled.reason = effect.look.contrast.reason;
  else if (any_time && before_burn_in(effect.look))
    effect.scaled.reason = stats::Reason::burn_in;
  else
    effect.scaled = stats::on_scale(effect.look.contrast, stats::Scale::log,
                                    any_time ? stats::ErrorRule::larger_of_both : stats::ErrorRule::own);
  return effect;
}

/// The four cells share no units: variances of the two log lifts add up.
Figure interaction_of(const MetricTask& task, const ArmEffect& base, const ArmEffect& other) {
  for (const auto* effect : {&base, &other})
    if (!effect->scaled.scaled) return no_figure(effect->scaled.reason);
  const double value = other.scaled.scaled->value - base.scaled.scaled->value;
  const double error = std::hypot(other.scaled.scaled->standard_error, base.scaled.scaled->standard_error);
  const double half = critical_value(task, base.look.units() + other.look.units(), task.role.alpha) * error;
  return {.estimate = std::expm1(value),
          .standard_error = error,
          .lower = std::expm1(value - half),
          .upper = std::expm1(value + half),
          .level = 1 - task.role.alpha};
}

Interaction cross(const MetricTask& task, const Statistics& statistics, ArmPair pair, const Group& base,
                  const Group& other) {
  Interaction result{.with_experiment = base.dimension.substr(kExperimentDimension.size()),
                     .metric = task.metric.key,
                     .arm = statistics.arms[pair.treatment].key,
                     .other_arm = other.group,
                     .against = statistics.arms[pair.control].key,
                     .other_against = base.group};
  std::vector<ArmEffect> effects;
  int place = 0;
  for (const auto* group : {&base, &other}) {
    effects.push_back(effect_of(task, *group, pair));
    const auto& look = effects.back().look;
    const bool known = look.contrast.reason == stats::Reason::none;
    const std::string suffix = "_b" + std::to_string(place++);
    result.cells.push_back(
        {"a0" + suffix, known ? std::optional(look.contrast.control.value) : std::nullopt});
    result.cells.push_back(
        {"a1" + suffix, known ? std::optional(look.contrast.treatment.value) : std::nullopt});
    result.effects.push_back({.other_arm = group->group,
                              .units = known ? std::llround(look.units()) : 0,
                              .relative = relative_lift(task, look, method_for(task.plan, look))});
  }
  result.interaction = interaction_of(task, effects[0], effects[1]);
  return result;
}

}  // namespace

std::vector<Interaction> interactions(const MetricTask& task, const Statistics& statistics,
                                      const std::vector<ArmPair>& pairs) {
  std::vector<Interaction> all;
  for (const auto& other : statistics.crossed) {
    const auto groups = groups_of(task.data, std::string(kExperimentDimension) + other.experiment);
    const auto base = std::find_if(groups.begin(), groups.end(),
                                   [&](const Group* group) { return group->group == other.control; });
    if (base == groups.end()) continue;
    for (const auto* group : groups)
      if (group != *base)
        for (const auto pair : pairs) all.push_back(cross(task, statistics, pair, **base, *group));
  }
  return all;
}

}  // namespace liftmark
