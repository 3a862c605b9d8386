#include "apps/service/growthbook.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "apps/service/event_channel.hpp"
#include "engine/definition/time_point.hpp"

namespace liftmark::service {
namespace {

using assign::Predicate;
using nlohmann::ordered_json;

/// Parameters of the scheme that a rule takes as they are written.
constexpr const char* kPassed[] = {"hashAttribute", "weights", "ranges", "filters", "namespace"};

ordered_json json_of(const assign::Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return nullptr;
}

std::string escaped(const std::string& text) {
  std::string pattern;
  for (const char c : text) {
    if (std::string_view(R"(\^$.|?*+()[]{}/-)").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

/// The operator that compares with one value, or empty.
std::string_view comparison_of(Predicate::Op op) noexcept {
  switch (op) {
    case Predicate::Op::equals:
      return "$eq";
    case Predicate::Op::less:
      return "$lt";
    case Predicate::Op::less_equal:
      return "$lte";
    case Predicate::Op::greater:
      return "$gt";
    case Predicate::Op::greater_equal:
      return "$gte";
    case Predicate::Op::version_less:
      return "$vlt";
    case Predicate::Op::version_less_equal:
      return "$vlte";
    case Predicate::Op::version_greater:
      return "$vgt";
    case Predicate::Op::version_greater_equal:
      return "$vgte";
    case Predicate::Op::version_equals:
      return "$veq";
    default:
      return {};
  }
}

std::optional<ordered_json> condition_of(const Predicate& predicate);

std::optional<ordered_json> conditions_of(const std::vector<Predicate>& children) {
  ordered_json list = ordered_json::array();
  for (const Predicate& child : children) {
    auto condition = condition_of(child);
    if (!condition) return std::nullopt;
    list.push_back(std::move(*condition));
  }
  return list;
}

/// An attribute that is absent fits nothing, as in ours; a pattern would fit the text "undefined".
ordered_json pattern_on(const std::string& attribute, const std::string& pattern) {
  return {{attribute, {{"$exists", true}, {"$regex", pattern}}}};
}

/// GrowthBook's condition, or nothing when it has none that means the same.
std::optional<ordered_json> condition_of(const Predicate& predicate) {
  const std::string& attribute = predicate.attribute;
  const auto text = [&] { return std::get_if<std::string>(&predicate.values.at(0)); };
  switch (predicate.op) {
    case Predicate::Op::all:
    case Predicate::Op::any: {
      auto list = conditions_of(predicate.children);
      // An empty $or is true over there and false here.
      if (!list || (predicate.op == Predicate::Op::any && list->empty())) return std::nullopt;
      if (list->empty()) return ordered_json::object();
      return ordered_json{{predicate.op == Predicate::Op::all ? "$and" : "$or", std::move(*list)}};
    }
    case Predicate::Op::negate: {
      auto list = conditions_of(predicate.children);
      if (!list || list->size() != 1) return std::nullopt;
      return ordered_json{{"$not", list->front()}};
    }
    case Predicate::Op::in: {
      ordered_json values = ordered_json::array();
      for (const auto& value : predicate.values) values.push_back(json_of(value));
      return ordered_json{{attribute, {{"$in", std::move(values)}}}};
    }
    case Predicate::Op::present:
      return ordered_json{{attribute, {{"$exists", true}}}};
    case Predicate::Op::prefix:
      return text() ? std::optional(pattern_on(attribute, "^" + escaped(*text()))) : std::nullopt;
    case Predicate::Op::suffix:
      return text() ? std::optional(pattern_on(attribute, escaped(*text()) + "$")) : std::nullopt;
    case Predicate::Op::contains:
      return text() ? std::optional(pattern_on(attribute, escaped(*text()))) : std::nullopt;
    case Predicate::Op::matches:     // RE2 and JavaScript differ
    case Predicate::Op::in_segment:  // known to the service only
      return std::nullopt;
    default:
      return ordered_json{{attribute, {{comparison_of(predicate.op), json_of(predicate.values.at(0))}}}};
  }
}

/// Whether a parameter of the hashing is this text.
bool says(const assign::Experiment& experiment, const std::string& parameter, std::string_view text) {
  const auto found = experiment.hashing.parameters.find(parameter);
  return found != experiment.hashing.parameters.end() && found->second.text == text;
}

/// Why an SDK could not decide as the service does; empty: it can.
std::string_view obstacle(const Catalog& catalog, const ExperimentDefinition& definition) {
  const assign::Experiment& experiment = definition.assignment;
  const auto global = [](const assign::Holdout& holdout) {
    return holdout.layer.empty() && holdout.share > 0.0;
  };
  if (experiment.hashing.scheme != "growthbook-v2") return "another scheme";
  if (says(experiment, "kind", "rollout")) return "a rollout";
  if (says(experiment, "sdk", "python")) return "hashed as the Python SDK does";
  if (!experiment.layer.empty()) return "in a layer";
  if (std::any_of(catalog.holdouts.begin(), catalog.holdouts.end(), global))
    return "there is a global holdout";
  if (!experiment.prerequisites.empty()) return "has prerequisites";
  if (experiment.sticky) return "keeps arms in the store";
  if (!condition_of(experiment.audience)) return "its audience cannot be said as a condition";
  return {};
}

ordered_json value_of(const assign::Arm& arm) {
  return arm.payload.empty() ? ordered_json(arm.key) : ordered_json::parse(arm.payload);
}

ordered_json feature_of(const assign::Experiment& experiment, const ordered_json& hashing) {
  ordered_json rules = ordered_json::array();
  const std::string unit = hashing.value("hashAttribute", "id");
  for (const auto& [id, arm] : experiment.overrides)
    for (const assign::Arm& known : experiment.arms)
      if (known.key == arm) rules.push_back({{"condition", {{unit, id}}}, {"force", value_of(known)}});
  const std::string key = hashing.value("key", experiment.key);
  ordered_json rule{{"key", key}, {"seed", hashing.value("seed", key)}, {"hashVersion", 2}};
  rule["coverage"] = hashing.contains("coverage") ? hashing["coverage"] : ordered_json(experiment.traffic);
  double total = 0.0;
  for (const assign::Arm& arm : experiment.arms) total += arm.weight;
  for (const assign::Arm& arm : experiment.arms) {
    rule["variations"].push_back(value_of(arm));
    rule["weights"].push_back(total >= 0.99 && total <= 1.01 ? arm.weight : arm.weight / total);
    rule["meta"].push_back({{"key", arm.key}});
  }
  for (const char* name : kPassed)
    if (hashing.contains(name)) rule[name] = hashing[name];
  if (auto condition = *condition_of(experiment.audience); !condition.empty()) rule["condition"] = condition;
  rules.push_back(std::move(rule));
  const auto control = std::find_if(experiment.arms.begin(), experiment.arms.end(),
                                    [](const assign::Arm& arm) { return arm.role == assign::Role::control; });
  return {{"defaultValue", value_of(control == experiment.arms.end() ? experiment.arms.front() : *control)},
          {"rules", std::move(rules)}};
}

}  // namespace

std::string growthbook_payload(const Flags& flags) {
  ordered_json features = ordered_json::object(), left_out = ordered_json::array();
  const ordered_json written =
      flags.version == 0 ? ordered_json::object() : ordered_json::parse(flags.catalog.text);
  for (std::size_t i = 0; i < flags.catalog.experiments.size(); ++i) {
    const ExperimentDefinition& definition = flags.catalog.experiments[i];
    const assign::Experiment& experiment = definition.assignment;
    if (const auto why = obstacle(flags.catalog, definition); !why.empty())
      left_out.push_back({{"key", experiment.key}, {"reason", why}});
    else if (experiment.status == assign::Status::running)
      features[experiment.key] = feature_of(experiment, written["experiments"][i]["hashing"]);
  }
  return ordered_json{{"status", 200},
                      {"features", std::move(features)},
                      {"dateUpdated", format_time(flags.recorded_at)},
                      {"leftOut", std::move(left_out)}}
      .dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string feature_event(const Flags& flags) {
  return format_event(fmt::format("{}", flags.version), "features", growthbook_payload(flags));
}

}  // namespace liftmark::service
