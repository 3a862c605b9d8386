#include "engine/definition/experiment_fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <set>

#include "engine/definition/names.hpp"
#include "engine/definition/plan_fields.hpp"
#include "engine/definition/plan_words.hpp"
#include "engine/definition/predicate.hpp"
#include "engine/definition/time_point.hpp"

namespace liftmark {
namespace {

using assign::Experiment;
using assign::Parameter;
using nlohmann::json;

Parameter parameter(const json& value) {
  Parameter result;
  if (value.is_boolean()) {
    result.kind = Parameter::Kind::boolean;
    result.boolean = value.get<bool>();
  } else if (value.is_number()) {
    result.kind = Parameter::Kind::number;
    result.number = value.get<double>();
  } else if (value.is_string()) {
    result.kind = Parameter::Kind::text;
    result.text = value.get<std::string>();
  } else if (value.is_array()) {
    result.kind = Parameter::Kind::list;
    for (const json& item : value) result.items.push_back(parameter(item));
  } else if (value.is_object()) {
    result.kind = Parameter::Kind::object;
    for (const auto& [name, item] : value.items()) {
      result.names.push_back(name);
      result.items.push_back(parameter(item));
    }
  }
  return result;
}

json write_parameter(const Parameter& value) {
  switch (value.kind) {
    case Parameter::Kind::null:
      return nullptr;
    case Parameter::Kind::boolean:
      return value.boolean;
    case Parameter::Kind::number:
      return value.number;
    case Parameter::Kind::text:
      return value.text;
    case Parameter::Kind::list: {
      json list = json::array();
      for (const Parameter& item : value.items) list.push_back(write_parameter(item));
      return list;
    }
    case Parameter::Kind::object:
      break;
  }
  json object = json::object();
  for (std::size_t i = 0; i < value.items.size(); ++i)
    object[value.names[i]] = write_parameter(value.items[i]);
  return object;
}

std::vector<assign::SlotRange> read_slots(const json& value, const std::string& where,
                                          std::vector<Problem>& problems) {
  std::vector<assign::SlotRange> slots;
  const auto bad = [&](const std::string& place, const json& found) {
    problems.push_back({place, "must be a range [first, last) within [0, 1]", shortened(found),
                        "Write for example [[0, 0.5]]."});
  };
  if (!value.is_array() || value.empty()) {
    bad(where, value);
    return slots;
  }
  for (std::size_t i = 0; i < value.size(); ++i) {
    const json& range = value[i];
    const bool numbers =
        range.is_array() && range.size() == 2 && range[0].is_number() && range[1].is_number();
    const assign::SlotRange slot = numbers ? assign::SlotRange{range[0].get<double>(), range[1].get<double>()}
                                           : assign::SlotRange{0.0, -1.0};
    if (slot.first < 0.0 || slot.last > 1.0 || slot.first >= slot.last)
      bad(json_pointer(where, i), range);
    else
      slots.push_back(slot);
  }
  return slots;
}

json write_slots(const std::vector<assign::SlotRange>& slots) {
  json list = json::array();
  for (const auto& slot : slots) list.push_back({slot.first, slot.last});
  return list;
}

std::map<std::string, std::string> read_overrides(const json& value, const std::string& where,
                                                  std::vector<Problem>& problems) {
  std::map<std::string, std::string> overrides;
  if (!value.is_object()) {
    problems.push_back(
        {where, "must be an object of unit id: arm", shortened(value), R"(Write {"qa-user-1": "variant"}.)"});
    return overrides;
  }
  for (const auto& [unit, arm] : value.items()) {
    if (arm.is_string())
      overrides[unit] = arm.get<std::string>();
    else
      problems.push_back({json_pointer(where, unit), "must be an arm's key", shortened(arm),
                          "Write the arm's key in quotes."});
  }
  return overrides;
}

/// A 64-bit threshold: as a number it would not survive other JSON tools, so it is 16 hexadecimal digits.
std::uint64_t read_threshold(const json& value, const std::string& where, std::vector<Problem>& problems) {
  std::uint64_t threshold = 0;
  const std::string text = value.is_string() ? value.get<std::string>() : std::string();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), threshold, 16);
  if (text.size() != 16 || error != std::errc() || end != text.data() + text.size())
    problems.push_back(
        {where, "must be 16 hexadecimal digits", shortened(value), "Copy the ranges that `apply` prints."});
  return threshold;
}

json write_threshold(const std::uint64_t& threshold) {
  return fmt::format("{:016x}", threshold);
}

/// Ranges name their arm by key in the file; the struct holds its index.
struct NamedRange {
  std::string arm;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

template <typename Fields>
void describe_ranges(Fields& fields, Experiment& experiment) {
  std::vector<NamedRange> ranges;
  for (const auto& range : experiment.ranges)
    ranges.push_back({experiment.arms.at(range.arm).key, range.first, range.last});
  fields.objects("ranges", ranges, [](auto& f, NamedRange& range) {
    f.field("arm", range.arm, kRequired);
    f.custom("first", range.first, read_threshold, write_threshold, kRequired);
    f.custom("last", range.last, read_threshold, write_threshold, kRequired);
  });
  if constexpr (!Fields::kReading) return;
  experiment.ranges.clear();
  for (const NamedRange& range : ranges)
    for (std::uint32_t arm = 0; arm < experiment.arms.size(); ++arm)
      if (experiment.arms[arm].key == range.arm) experiment.ranges.push_back({range.first, range.last, arm});
  if constexpr (Fields::kReading)
    if (experiment.ranges.size() != ranges.size())
      fields.report("ranges", "a range names an arm that is not there", "Use the keys of \"arms\".");
}

template <typename Fields>
void describe_arm(Fields& fields, assign::Arm& arm) {
  fields.field("key", arm.key, kRequired);
  fields.field("weight", arm.weight, {.least = 0.0, .most = 1e9});
  fields.choice("role", arm.role, kRoles);
  fields.custom(
      "payload", arm.payload,
      [](const json& value, const std::string&, std::vector<Problem>&) { return canonical_json(value); },
      [](const std::string& payload) { return payload.empty() ? json() : json::parse(payload); });
}

/// Beside scheme and salt stand the scheme's own parameters; the scheme says which there are.
template <typename Fields>
void describe_hashing(Fields& fields, assign::Hashing& hashing) {
  fields.field("scheme", hashing.scheme, {.may_be_empty = false});
  fields.field("salt", hashing.salt);
  fields.others(hashing.parameters, parameter, write_parameter);
}

template <typename Fields>
void describe_assignment(Fields& fields, Experiment& experiment) {
  fields.field("key", experiment.key, kRequired);
  fields.field("unit", experiment.unit, {.may_be_empty = false});
  fields.field("layer", experiment.layer);
  fields.custom("slots", experiment.slots, read_slots, write_slots);
  fields.field("traffic", experiment.traffic, {.least = 0.0, .most = 1.0});
  fields.objects(
      "arms", experiment.arms, [](auto& f, assign::Arm& arm) { describe_arm(f, arm); }, kRequired);
  fields.custom(
      "audience", experiment.audience,
      [](const json& value, const std::string& where, std::vector<Problem>& problems) {
        return read_predicate(value, where, PredicateSubject::attribute, problems);
      },
      [](const assign::Predicate& predicate) {
        return write_predicate(predicate, PredicateSubject::attribute);
      });
  fields.custom("overrides", experiment.overrides, read_overrides,
                [](const std::map<std::string, std::string>& overrides) { return json(overrides); });
  fields.objects("prerequisites", experiment.prerequisites, [](auto& f, assign::Prerequisite& prerequisite) {
    f.field("experiment", prerequisite.experiment, kRequired);
    f.field("arms", prerequisite.arms);
  });
  fields.object(
      "hashing", experiment.hashing, [](auto& f, assign::Hashing& hashing) { describe_hashing(f, hashing); },
      kRequired);
  fields.choice("status", experiment.status, kStatuses);
  fields.field("epoch", experiment.epoch, {.least = 1, .most = 1'000'000});
  fields.field("sticky", experiment.sticky);
  fields.field("needs_consent", experiment.needs_consent);
  describe_ranges(fields, experiment);
}

std::optional<std::int64_t> read_moment(const json& value, const std::string& where,
                                        std::vector<Problem>& problems) {
  const auto moment = value.is_string() ? parse_time(value.get<std::string>()) : std::nullopt;
  if (!moment)
    problems.push_back({where, "must be a date or time", shortened(value),
                        R"(Write "2026-03-01" or "2026-03-01T12:00:00Z".)"});
  return moment;
}

template <typename Fields>
void describe_shipped(Fields& fields, std::optional<ExperimentDefinition::Shipped>& shipped) {
  if constexpr (Fields::kReading) {
    if (!fields.has("shipped")) return fields.known("shipped");
  } else if (!shipped) {
    return;
  }
  auto what = shipped.value_or(ExperimentDefinition::Shipped{});
  fields.object("shipped", what, [](auto& f, ExperimentDefinition::Shipped& target) {
    f.field("arm", target.arm, kRequired);
    f.custom(
        "at", target.at,
        [](const json& value, const std::string& where, std::vector<Problem>& problems) {
          return read_moment(value, where, problems).value_or(0);
        },
        [](const std::int64_t& at) { return json(format_time(at)); }, kRequired);
  });
  shipped = what;
}

template <typename Fields>
void describe(Fields& fields, ExperimentDefinition& experiment) {
  describe_assignment(fields, experiment.assignment);
  fields.choice("exposure", experiment.exposure, kExposures);
  fields.field("name", experiment.name);
  fields.field("hypothesis", experiment.hypothesis);
  fields.field("owner", experiment.owner);
  if (Fields::kReading || experiment.start)
    fields.custom("start", experiment.start, read_moment, [](const std::optional<std::int64_t>& start) {
      return json(format_time(start.value_or(0)));
    });
  describe_shipped(fields, experiment.shipped);
  fields.object(
      "plan", experiment.plan, [](auto& f, Plan& plan) { describe_plan(f, plan); }, kRequired);
}

void check_arms(FieldReader& fields, const Experiment& experiment) {
  if (!fields.has("arms")) return;
  double total = 0.0;
  bool control = false;
  std::set<std::string_view> keys;
  for (std::size_t i = 0; i < experiment.arms.size(); ++i) {
    const assign::Arm& arm = experiment.arms[i];
    total += arm.weight;
    control = control || arm.role == assign::Role::control;
    if (!arm.key.empty() && !keys.insert(arm.key).second)
      fields.problems().push_back({json_pointer(json_pointer(fields.where("arms"), i), "key"),
                                   "is used twice", arm.key, "Every arm needs its own key."});
  }
  if (experiment.arms.empty()) return;
  if (!(total > 0.0))
    fields.report("arms", "all weights are zero", "Give at least one arm a positive weight.");
  if (!control)
    fields.report("arms", "no arm is the control",
                  R"(Add "role": "control" to the arm the others are compared with.)");
  for (const auto& [unit, arm] : experiment.overrides)
    if (!keys.count(arm))
      fields.problems().push_back({json_pointer(fields.where("overrides"), unit), "no arm has this key", arm,
                                   fmt::format("Arms: {}.", fmt::join(keys, ", "))});
}

void check_hashing(FieldReader& fields, const Experiment& experiment) {
  const bool native = experiment.hashing.scheme.rfind("liftmark-", 0) == 0;
  if (fields.has("hashing") && native && experiment.hashing.salt.empty())
    fields.report("hashing", "needs a salt",
                  fmt::format("Add \"salt\": any fixed text, for example \"{}-1\". It decides who gets which "
                              "arm: never change it, "
                              "and do not derive it from a key you may rename.",
                              experiment.key));
  if (experiment.layer.empty() && fields.has("slots"))
    fields.report("slots", "slots belong to a layer",
                  "Add \"layer\", or use \"traffic\" for a share of the units.");
}

template <typename Report>
void check_spending(const Plan& plan, const Report& report) {
  const auto spending = std::find_if(std::begin(kSpendings), std::end(kSpendings),
                                     [&](const SpendingName& one) { return one.name == plan.spending; });
  if (spending == std::end(kSpendings)) {
    std::vector<std::string_view> names;
    for (const SpendingName& one : kSpendings) names.push_back(one.name);
    return report("spending", "is not a known choice", plan.spending,
                  fmt::format("Use one of: {}.", fmt::join(names, ", ")));
  }
  if (spending->parameter.empty() && plan.spending_parameter)
    report("spending_parameter", "this spending has none", fmt::format("{}", *plan.spending_parameter),
           "Remove it, or use \"spending\": \"kim_demets\" or \"hwang_shih_decani\".");
  if (!spending->parameter.empty() && !plan.spending_parameter)
    report("spending_parameter", fmt::format("{} needs its {}", spending->name, spending->parameter), {},
           fmt::format("Add \"spending_parameter\", for example {}.", spending->usual));
  if (spending->name == "kim_demets" && plan.spending_parameter.value_or(1.0) <= 0)
    report("spending_parameter", "rho must be above 0", fmt::format("{}", *plan.spending_parameter),
           fmt::format("For example {}: as careful early as O'Brien and Fleming.", spending->usual));
}

void check_plan(FieldReader& fields, const ExperimentDefinition& experiment) {
  const Plan& plan = experiment.plan;
  const std::string where = fields.where("plan");
  const auto report = [&](std::string_view key, std::string what, std::string value, std::string hint) {
    fields.problems().push_back(
        {json_pointer(where, key), std::move(what), std::move(value), std::move(hint)});
  };
  for (const std::string& arm : plan.against) {
    bool found = false;
    for (const assign::Arm& known : experiment.assignment.arms)
      found = found || (known.key == arm && known.role == assign::Role::control);
    if (!found)
      report("against", "no control arm has this key", arm, "Name arms with \"role\": \"control\".");
  }
  const bool looks = plan.method == Method::group_sequential;
  if (looks && plan.look_days.empty())
    report("look_days", "a group-sequential plan needs its looks", {}, "Add \"look_days\": [7, 14, 28].");
  if (looks && !plan.planned_units)
    report("planned_units", "a group-sequential plan needs its planned units: alpha is spent by them", {},
           "Add \"planned_units\": the planned total of the two compared arms; `liftmark plan` computes it.");
  if (!looks && !plan.look_days.empty())
    report("look_days", "looks belong to \"method\": \"group_sequential\"", {}, "Remove \"look_days\".");
  for (std::size_t i = 1; i < plan.look_days.size(); ++i)
    if (plan.look_days[i] <= plan.look_days[i - 1])
      report("look_days", "looks must be ascending", fmt::format("{}", plan.look_days[i]), "Order the days.");
  if (plan.method == Method::fixed && !plan.horizon_days)
    report("horizon_days", "a fixed-horizon plan needs its horizon", {},
           "Add \"horizon_days\", for example 28.");
  if (plan.correction == Correction::dunnett && plan.method != Method::fixed)
    report("correction", "Dunnett is for fixed-horizon plans", "dunnett",
           "Use \"allocation\", or \"method\": \"fixed\".");
  check_spending(plan, report);
  if (std::find(std::begin(kRuleNames), std::end(kRuleNames), plan.rule) == std::end(kRuleNames))
    report("rule", "is not a known choice", plan.rule,
           fmt::format("Use one of: {}.", fmt::join(kRuleNames, ", ")));
}

}  // namespace

ExperimentDefinition read_experiment(const json& value, const std::string& where,
                                     std::vector<Problem>& problems) {
  FieldReader fields(value, where, problems);
  ExperimentDefinition experiment;
  describe(fields, experiment);
  check_arms(fields, experiment.assignment);
  check_hashing(fields, experiment.assignment);
  if (fields.has("plan")) check_plan(fields, experiment);
  const auto& arms = experiment.assignment.arms;
  if (experiment.shipped && !experiment.shipped->arm.empty() &&
      std::none_of(arms.begin(), arms.end(),
                   [&](const assign::Arm& arm) { return arm.key == experiment.shipped->arm; }))
    fields.report("shipped", "names no arm of this experiment", "Use the key of the arm that was shipped.");
  fields.finish();
  return experiment;
}

json write_experiment(const ExperimentDefinition& experiment) {
  FieldWriter fields;
  ExperimentDefinition copy = experiment;
  describe(fields, copy);
  return fields.take();
}

json write_plan(const Plan& plan) {
  FieldWriter fields;
  Plan copy = plan;
  describe_plan(fields, copy);
  return fields.take();
}

}  // namespace liftmark
