#include "apps/service/flags.hpp"

#include <charconv>

#include "apps/service/problems.hpp"
#include "engine/definition/assigner.hpp"

namespace liftmark::service {
namespace {

Flag flag_of(const ExperimentDefinition& definition) {
  const assign::Experiment& experiment = definition.assignment;
  Flag flag;
  flag.head = "{\"key\":" + json_text(experiment.key) +
              ",\"metadata\":{\"layer\":" + json_text(experiment.layer) + ",\"why\":\"";
  for (const assign::Arm& arm : experiment.arms) {
    std::string text = ",\"variant\":" + json_text(arm.key);
    // No value means "use the code's default".
    if (arm.payload != "null")
      text += ",\"value\":" + (arm.payload.empty() ? json_text(arm.key) : arm.payload);
    flag.keys.push_back(arm.key);
    flag.arms.push_back(text + "}");
  }
  flag.segments = definition.plan.segments;
  flag.layer = experiment.layer;
  flag.records = definition.exposure == ExposureBy::evaluation;
  flag.sticky = experiment.sticky;
  return flag;
}

std::string_view reason_of(assign::Reason reason) noexcept {
  switch (reason) {
    case assign::Reason::assigned:
    case assign::Reason::sticky:
      return "SPLIT";
    case assign::Reason::overridden:
      return "TARGETING_MATCH";
    case assign::Reason::not_running:
      return "DISABLED";
    default:
      return "STATIC";  // the default arm, which everybody outside of the experiment gets
  }
}

}  // namespace

Flags::Flags() : assigner(compile_assigner(catalog)) {}

Flags::Flags(const CatalogVersion& stored)
    : catalog(parse_catalog(stored.json)),
      version(stored.version),
      bytes(stored.json.size()),
      recorded_at(stored.recorded_at),
      assigner(compile_assigner(catalog)) {
  for (const ExperimentDefinition& definition : catalog.experiments) {
    flags.push_back(flag_of(definition));
    flags.back().holdouts = holdouts_in_scope(catalog, flags.back().layer);
    any_sticky = any_sticky || flags.back().sticky;
  }
}

void append_answer(const Flag& flag, const assign::Assignment& given, std::string& text) {
  text.append(flag.head).append(name(given.reason)).append("\",\"epoch\":");
  char digits[12];
  text.append(digits, std::to_chars(digits, digits + sizeof digits, given.epoch).ptr);
  text.append(given.measured() ? ",\"measured\":true" : ",\"measured\":false");
  if (given.sticky_unreadable) text.append(",\"sticky_unreadable\":true");
  text.append("},\"reason\":\"").append(reason_of(given.reason)).append("\"");
  for (std::size_t i = 0; i < flag.keys.size(); ++i) {
    if (flag.keys[i] != given.arm()) continue;
    text.append(flag.arms[i]);
    return;
  }
  text.append("}");
}

}  // namespace liftmark::service
