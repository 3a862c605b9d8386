#include "engine/definition/catalog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "engine/definition/assigner.hpp"
#include "engine/definition/error.hpp"
#include "engine/definition/experiment_fields.hpp"
#include "engine/definition/metric_fields.hpp"
#include "engine/definition/names.hpp"
#include "engine/definition/own_tables.hpp"
#include "engine/definition/plan_words.hpp"
#include "engine/definition/retention.hpp"

namespace liftmark {
namespace {

using nlohmann::json;

constexpr std::string_view kSchema = "liftmark.catalog/1";

template <typename T, typename Read>
std::vector<T> read_list(FieldReader& fields, const json& document, const char* key, Read read) {
  std::vector<T> items;
  fields.known(key);
  if (!fields.has(key)) return items;
  const json& list = document[key];
  if (!list.is_array()) {
    fields.report(key, "must be a list", "Write [ .. ].");
    return items;
  }
  for (std::size_t i = 0; i < list.size(); ++i)
    items.push_back(read(list[i], json_pointer(fields.where(key), i), fields.problems()));
  return items;
}

assign::Layer read_layer(const json& value, const std::string& where, std::vector<Problem>& problems) {
  FieldReader fields(value, where, problems);
  assign::Layer layer;
  fields.field("key", layer.key, kRequired);
  fields.field("salt", layer.salt, kRequired);
  fields.finish();
  return layer;
}

assign::Holdout read_holdout(const json& value, const std::string& where, std::vector<Problem>& problems) {
  FieldReader fields(value, where, problems);
  assign::Holdout holdout;
  fields.field("key", holdout.key, kRequired);
  fields.field("share", holdout.share, {.required = true, .least = 0.0, .most = 0.999999});
  fields.field("salt", holdout.salt, kRequired);
  fields.field("layer", holdout.layer);
  fields.finish();
  return holdout;
}

LedgerDefinition read_ledger(const json& value, const std::string& where, std::vector<Problem>& problems) {
  FieldReader fields(value, where, problems);
  LedgerDefinition ledger;
  fields.field("holdout", ledger.holdout, kRequired);
  fields.field("metrics", ledger.metrics, kRequired);
  fields.field("planned_units", ledger.planned_units, {.least = 2, .most = 1e15});
  fields.field("alpha", ledger.alpha, {.least = 0.0, .most = 1.0, .open = true});
  fields.finish();
  return ledger;
}

/// Checks between the parts of a catalog; each part has been checked by itself.
class Relations {
 public:
  Relations(const Catalog& catalog, std::vector<Problem>& problems)
      : catalog_(catalog), problems_(problems) {}

  void check() {
    unique("/layers", catalog_.layers, [](const auto& item) { return std::string_view(item.key); });
    unique("/holdouts", catalog_.holdouts, [](const auto& item) { return std::string_view(item.key); });
    unique("/metrics", catalog_.metrics, [](const auto& item) { return std::string_view(item.key); });
    unique("/experiments", catalog_.experiments,
           [](const auto& item) { return std::string_view(item.assignment.key); });
    for (std::size_t i = 0; i < catalog_.holdouts.size(); ++i)
      layer_exists(catalog_.holdouts[i].layer, json_pointer("/holdouts", i));
    for (std::size_t i = 0; i < catalog_.metrics.size(); ++i)
      terms(catalog_.metrics[i], json_pointer("/metrics", i));
    for (std::size_t i = 0; i < catalog_.experiments.size(); ++i) {
      const std::string where = json_pointer("/experiments", i);
      layer_exists(catalog_.experiments[i].assignment.layer, where);
      prerequisites(catalog_.experiments[i], where);
      interactions(catalog_.experiments[i], json_pointer(where, "plan"));
      plan(catalog_.experiments[i].plan, json_pointer(where, "plan"));
    }
    for (std::size_t i = 0; i < catalog_.ledgers.size(); ++i)
      ledger(catalog_.ledgers[i], json_pointer("/ledgers", i));
  }

 private:
  void report(std::string where, std::string what, std::string_view value, std::string hint) {
    problems_.push_back({std::move(where), std::move(what), std::string(value), std::move(hint)});
  }

  template <typename Items, typename Key>
  void unique(std::string_view where, const Items& items, Key key) {
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::string_view name = key(items[i]);
      if (!name.empty() && !seen.insert(name).second)
        report(json_pointer(json_pointer(where, i), "key"), "is used twice", name,
               "Every key names one thing.");
    }
  }

  void layer_exists(const std::string& layer, const std::string& where) {
    if (layer.empty()) return;
    std::vector<std::string_view> keys;
    for (const auto& known : catalog_.layers) keys.push_back(known.key);
    if (std::find(keys.begin(), keys.end(), layer) != keys.end()) return;
    report(json_pointer(where, "layer"), "no layer has this key", layer, known("layers", layer, keys));
  }

  static std::string known(std::string_view part, std::string_view written,
                           const std::vector<std::string_view>& keys) {
    const std::string_view meant = nearest(written, keys);
    if (!meant.empty()) return fmt::format("Did you mean \"{}\"?", meant);
    if (keys.empty()) return fmt::format("Define it under \"{}\".", part);
    const std::size_t shown = std::min<std::size_t>(keys.size(), 12);
    return fmt::format("Known {}: {}{}.", part,
                       fmt::join(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                       shown < keys.size() ? ", .." : "");
  }

  const Metric* metric_exists(const std::string& key, const std::string& where) {
    const Metric* metric = catalog_.find_metric(key);
    if (metric) return metric;
    std::vector<std::string_view> keys;
    for (const Metric& candidate : catalog_.metrics) keys.push_back(candidate.key);
    report(where, "no metric has this key", key, known("metrics", key, keys));
    return nullptr;
  }

  void terms(const Metric& metric, const std::string& where) {
    for (std::size_t i = 0; i < metric.terms.size(); ++i) {
      const std::string place = json_pointer(json_pointer(json_pointer(where, "terms"), i), "metric");
      const Metric* term = metric_exists(metric.terms[i].metric, place);
      if (term && term->kind != MetricKind::proportion && term->kind != MetricKind::count &&
          term->kind != MetricKind::mean && term->kind != MetricKind::retention &&
          term->kind != MetricKind::repeat_purchase)
        report(place, "only metrics with one value per unit can be blended", term->key,
               "Use proportions, counts, means, retention or repeat purchase.");
      if (term && term->window_days != metric.window_days)
        report(place, "has another window than the blend", fmt::format("{} days", term->window_days),
               fmt::format("Give both \"window_days\": {}, so that one unit value has one meaning.",
                           metric.window_days));
    }
  }

  void ledger(const LedgerDefinition& ledger, const std::string& where) {
    std::vector<std::string_view> keys;
    for (const auto& holdout : catalog_.holdouts) keys.push_back(holdout.key);
    const bool found = std::find(keys.begin(), keys.end(), ledger.holdout) != keys.end();
    if (!ledger.holdout.empty() && !found)
      report(json_pointer(where, "holdout"), "no holdout has this key", ledger.holdout,
             known("holdouts", ledger.holdout, keys));
    if (catalog_.find_experiment(ledger.holdout))
      report(json_pointer(where, "holdout"), "an experiment has the same key", ledger.holdout,
             "Exposures of a holdout are recorded under its key: rename the experiment.");
    for (std::size_t i = 0; i < ledger.metrics.size(); ++i) {
      const std::string place = json_pointer(json_pointer(where, "metrics"), i);
      const Metric* metric = metric_exists(ledger.metrics[i], place);
      if (metric && metric->maturity == Maturity::any)
        report(place, "counts units before their window is over", metric->key,
               "A ledger is read at any time: use \"maturity\": \"complete\".");
    }
  }

  void interactions(const ExperimentDefinition& experiment, const std::string& where) {
    const auto& list = experiment.plan.interactions;
    for (std::size_t i = 0; i < list.size(); ++i)
      if (list[i] == experiment.assignment.key || !catalog_.find_experiment(list[i]))
        report(json_pointer(json_pointer(where, "interactions"), i), "names no other experiment", list[i],
               "Name another experiment of this catalog.");
  }

  void prerequisites(const ExperimentDefinition& experiment, const std::string& where) {
    const auto& list = experiment.assignment.prerequisites;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string place = json_pointer(json_pointer(where, "prerequisites"), i);
      const ExperimentDefinition* other = catalog_.find_experiment(list[i].experiment);
      if (!other) {
        report(json_pointer(place, "experiment"), "no experiment has this key", list[i].experiment,
               "Name another experiment of this catalog.");
        continue;
      }
      for (const std::string& arm : list[i].arms)
        if (std::none_of(other->assignment.arms.begin(), other->assignment.arms.end(),
                         [&](const assign::Arm& known_arm) { return known_arm.key == arm; }))
          report(json_pointer(place, "arms"), "that experiment has no such arm", arm, "Use its arms' keys.");
    }
  }

  /// What a primary or a guardrail must be for this plan to read it.
  void decides(const Plan& plan, const Metric& metric, const std::string& place) {
    if (metric.maturity == Maturity::any && looks_repeatedly(plan.method))
      report(place,
             fmt::format(
                 "counts units before their window is over, which must not decide under the method \"{}\"",
                 name(plan.method)),
             metric.key, "Use \"maturity\": \"complete\", or make it secondary.");
    std::optional<int> last = plan.horizon_days;
    if (plan.method == Method::group_sequential && !plan.look_days.empty()) last = plan.look_days.back();
    const int needed = metric.maturity == Maturity::any ? 1 : metric.window_days + metric.settle_days + 1;
    if (last && *last < needed)
      report(
          place, fmt::format("is never complete by the plan's last day, {}", *last), metric.key,
          fmt::format("Its window and settling take {} days from a unit's first exposure: plan at least {} "
                      "days, and as many more as units arrive.",
                      needed - 1, needed));
  }

  void plan(const Plan& plan, const std::string& where) {
    std::set<std::string_view> used;
    const auto once = [&](const std::string& key, const std::string& place) {
      if (!used.insert(key).second)
        report(place, "stands in the plan twice", key,
               "A metric has one role: primary, secondary or guardrail.");
    };
    bool ratios_only = !plan.primary.empty();
    for (std::size_t i = 0; i < plan.primary.size(); ++i) {
      const std::string place = json_pointer(json_pointer(where, "primary"), i);
      once(plan.primary[i], place);
      const Metric* metric = metric_exists(plan.primary[i], place);
      ratios_only = ratios_only && metric && metric->kind == MetricKind::ratio;
      if (metric) decides(plan, *metric, place);
      if (metric && (metric->kind == MetricKind::funnel || metric->kind == MetricKind::breadth))
        report(place, "cannot be a primary metric", metric->key, "Use one of its steps as a proportion.");
    }
    if (ratios_only)
      report(json_pointer(where, "primary"), "a ratio must not be the only primary metric",
             plan.primary.front(),
             "It conditions on its denominator (AOV on buying), which treatment may move: add a value per "
             "exposed unit, "
             "for example revenue.");
    for (std::size_t i = 0; i < plan.secondary.size(); ++i) {
      const std::string place = json_pointer(json_pointer(where, "secondary"), i);
      once(plan.secondary[i], place);
      metric_exists(plan.secondary[i], place);
    }
    for (std::size_t i = 0; i < plan.guardrails.size(); ++i) {
      const std::string place = json_pointer(json_pointer(json_pointer(where, "guardrails"), i), "metric");
      once(plan.guardrails[i].metric, place);
      if (const Metric* metric = metric_exists(plan.guardrails[i].metric, place))
        decides(plan, *metric, place);
    }
  }

  const Catalog& catalog_;
  std::vector<Problem>& problems_;
};

/// What only the assigner knows: slots, schemes and their parameters, patterns, cycles of prerequisites. A
/// place that is already reported is not reported again.
void check_assignment(const Catalog& catalog, std::vector<Problem>& problems) {
  for (Problem& found : assign::Assigner::compile(assignment_definitions(catalog)).problems) {
    const auto same_place = [&](const Problem& known) {
      return known.where.rfind(found.where, 0) == 0 || found.where.rfind(known.where, 0) == 0;
    };
    if (std::none_of(problems.begin(), problems.end(), same_place)) problems.push_back(std::move(found));
  }
}

void read_head(FieldReader& fields, Catalog& catalog) {
  std::string schema;
  fields.field("schema", schema, kRequired);
  if (fields.has("schema") && schema != kSchema)
    fields.report("schema", "is not a catalog this version reads", fmt::format("Write \"{}\".", kSchema));
  fields.field("currency", catalog.currency);
  const bool iso =
      catalog.currency.size() == 3 && std::all_of(catalog.currency.begin(), catalog.currency.end(),
                                                  [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!catalog.currency.empty() && !iso)
    fields.report("currency", "must be an ISO 4217 code", "For example \"EUR\".");
  fields.field("day_offset_minutes", catalog.day_offset_minutes, {.least = -1440, .most = 1440});
  RetentionDays checked;  // the store reads it from the text: retention_of()
  fields.custom("retention", checked, read_retention, nullptr);
  OwnTables tables;  // as well: own_tables_of()
  fields.custom("tables", tables, read_own_tables, nullptr);
}

}  // namespace

std::string_view name(MetricKind kind) noexcept {
  return word(kMetricKinds, kind);
}
std::string_view name(Aggregation aggregation) noexcept {
  return word(kAggregations, aggregation);
}
std::string_view name(BreadthMeasure measure) noexcept {
  return word(kBreadthMeasures, measure);
}
std::string_view name(Method method) noexcept {
  return word(kMethods, method);
}

const Metric* Catalog::find_metric(std::string_view key) const noexcept {
  for (const Metric& metric : metrics)
    if (metric.key == key) return &metric;
  return nullptr;
}

const ExperimentDefinition* Catalog::find_experiment(std::string_view key) const noexcept {
  for (const ExperimentDefinition& experiment : experiments)
    if (experiment.assignment.key == key) return &experiment;
  return nullptr;
}

Catalog parse_catalog(std::string_view json_text) {
  std::vector<Problem> problems;
  const json document = read_json(json_text, problems);
  if (!problems.empty()) throw Error(ErrorCode::definition, std::move(problems));
  Catalog catalog;
  FieldReader fields(document, "", problems);
  read_head(fields, catalog);
  catalog.layers = read_list<assign::Layer>(fields, document, "layers", read_layer);
  catalog.holdouts = read_list<assign::Holdout>(fields, document, "holdouts", read_holdout);
  catalog.metrics = read_list<Metric>(fields, document, "metrics", read_metric);
  catalog.experiments = read_list<ExperimentDefinition>(fields, document, "experiments", read_experiment);
  catalog.ledgers = read_list<LedgerDefinition>(fields, document, "ledgers", read_ledger);
  fields.finish();
  Relations(catalog, problems).check();
  check_assignment(catalog, problems);
  if (!problems.empty()) throw Error(ErrorCode::definition, std::move(problems));
  catalog.text = canonical_json(document);
  catalog.digest = sha256_hex(catalog.text);
  return catalog;
}

std::string plan_digest(const Catalog& catalog, const ExperimentDefinition& experiment) {
  json frozen{{"plan", write_plan(experiment.plan)}, {"metrics", json::object()}};
  std::vector<std::string> keys = experiment.plan.primary;
  keys.insert(keys.end(), experiment.plan.secondary.begin(), experiment.plan.secondary.end());
  for (const Guardrail& guardrail : experiment.plan.guardrails) keys.push_back(guardrail.metric);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Metric* metric = catalog.find_metric(keys[i]);
    if (!metric) continue;
    frozen["metrics"][metric->key] = write_metric(*metric);
    for (const Metric::Term& term : metric->terms) keys.push_back(term.metric);
  }
  return sha256_hex(canonical_json(frozen));
}

}  // namespace liftmark
