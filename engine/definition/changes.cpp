#include "engine/definition/changes.hpp"

#include <map>
#include <set>

#include "engine/definition/experiment_fields.hpp"
#include "engine/definition/metric_fields.hpp"
#include "engine/definition/retention.hpp"

namespace liftmark {
namespace {

using nlohmann::json;
using Parts = std::vector<std::pair<std::string, json>>;  // key and content, in the catalog's order

Parts layers(const Catalog& catalog) {
  Parts parts;
  for (const auto& layer : catalog.layers) parts.push_back({layer.key, {{"salt", layer.salt}}});
  return parts;
}

Parts holdouts(const Catalog& catalog) {
  Parts parts;
  for (const auto& holdout : catalog.holdouts)
    parts.push_back(
        {holdout.key, {{"share", holdout.share}, {"salt", holdout.salt}, {"layer", holdout.layer}}});
  return parts;
}

Parts metrics(const Catalog& catalog) {
  Parts parts;
  for (const Metric& metric : catalog.metrics) parts.push_back({metric.key, write_metric(metric)});
  return parts;
}

Parts experiments(const Catalog& catalog) {
  Parts parts;
  for (const auto& experiment : catalog.experiments)
    parts.push_back({experiment.assignment.key, write_experiment(experiment)});
  return parts;
}

Parts head(const Catalog& catalog) {
  json fields{{"currency", catalog.currency},
              {"day_offset_minutes", catalog.day_offset_minutes},
              {"retention", retention_of(catalog.text)}};
  const json document = json::parse(catalog.text, nullptr, false);
  if (document.is_object() && document.contains("tables")) fields["tables"] = document["tables"];
  return {{"", std::move(fields)}};
}

/// Metrics that a running experiment's plan names.
std::set<std::string> frozen_metrics(const Catalog& catalog) {
  std::set<std::string> keys;
  for (const auto& experiment : catalog.experiments) {
    if (experiment.assignment.status != assign::Status::running) continue;
    keys.insert(experiment.plan.primary.begin(), experiment.plan.primary.end());
    keys.insert(experiment.plan.secondary.begin(), experiment.plan.secondary.end());
    for (const Guardrail& guardrail : experiment.plan.guardrails) keys.insert(guardrail.metric);
  }
  return keys;
}

class Comparison {
 public:
  Comparison(std::string kind, std::vector<Change>& changes) : kind_(std::move(kind)), changes_(changes) {}

  void compare(const Parts& before, const Parts& after) {
    const std::map<std::string, json> old(before.begin(), before.end());
    const std::map<std::string, json> now(after.begin(), after.end());
    for (const auto& [key, content] : after) {
      const auto known = old.find(key);
      if (known == old.end())
        changes_.push_back({kind_, key, {}, {}, content.dump(), false});
      else
        descend(key, "", known->second, content);
    }
    for (const auto& [key, content] : before)
      if (!now.count(key)) changes_.push_back({kind_, key, {}, content.dump(), {}, false});
  }

 private:
  static std::string text(const json* value) { return value ? value->dump() : std::string(); }

  void descend(const std::string& key, const std::string& field, const json& before, const json& after) {
    if (before == after) return;
    if (before.is_array() && after.is_array() && before.size() == after.size()) {
      for (std::size_t i = 0; i < before.size(); ++i)
        descend(key, json_pointer(field, i), before[i], after[i]);
      return;
    }
    if (!before.is_object() || !after.is_object()) {
      changes_.push_back({kind_, key, field, before.dump(), after.dump(), false});
      return;
    }
    std::set<std::string> names;
    for (const auto& [name, value] : before.items()) names.insert(name);
    for (const auto& [name, value] : after.items()) names.insert(name);
    for (const std::string& name : names) {
      const json* was = before.contains(name) ? &before[name] : nullptr;
      const json* is = after.contains(name) ? &after[name] : nullptr;
      if (was && is)
        descend(key, json_pointer(field, name), *was, *is);
      else
        changes_.push_back({kind_, key, json_pointer(field, name), text(was), text(is), false});
    }
  }

  std::string kind_;
  std::vector<Change>& changes_;
};

}  // namespace

std::vector<Change> describe_changes(const Catalog& before, const Catalog& after) {
  std::vector<Change> changes;
  Comparison("catalog", changes).compare(head(before), head(after));
  Comparison("layer", changes).compare(layers(before), layers(after));
  Comparison("holdout", changes).compare(holdouts(before), holdouts(after));
  Comparison("metric", changes).compare(metrics(before), metrics(after));
  Comparison("experiment", changes).compare(experiments(before), experiments(after));
  const std::set<std::string> frozen = frozen_metrics(before);
  for (Change& change : changes) {
    if (change.kind == "metric") change.plan_after_start = frozen.count(change.key) != 0;
    if (change.kind != "experiment" || change.field.rfind("/plan", 0) != 0) continue;
    const auto* experiment = before.find_experiment(change.key);
    change.plan_after_start = experiment && experiment->assignment.status == assign::Status::running;
  }
  return changes;
}

}  // namespace liftmark
