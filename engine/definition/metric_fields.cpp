#include "engine/definition/metric_fields.hpp"

#include <fmt/format.h>

#include "engine/definition/names.hpp"
#include "engine/definition/predicate.hpp"

namespace liftmark {
namespace {

using nlohmann::json;

constexpr int kLongestWindow = 400;  // days; events older than this are refused by the store

/// Which parts a kind of metric has, and how its numerator aggregates when the catalog does not say.
struct KindRow {
  MetricKind kind;
  Aggregation aggregate;
  bool numerator, denominator, retention, orders, quantile, steps, terms, item, cap;
};
constexpr KindRow kKinds[] = {
    // kind, aggregate, numerator, denominator, retention, orders, quantile, steps, terms, item, cap
    {MetricKind::proportion, Aggregation::any, true, false, false, false, false, false, false, false, false},
    {MetricKind::count, Aggregation::count, true, false, false, false, false, false, false, false, true},
    {MetricKind::mean, Aggregation::sum, true, false, false, false, false, false, false, false, true},
    {MetricKind::ratio, Aggregation::count, true, true, false, false, false, false, false, false, true},
    {MetricKind::retention, Aggregation::any, true, false, true, false, false, false, false, false, false},
    {MetricKind::repeat_purchase, Aggregation::count, true, false, false, true, false, false, false, false,
     false},
    {MetricKind::quantile, Aggregation::sum, true, false, false, false, true, false, false, false, false},
    {MetricKind::funnel, Aggregation::any, false, false, false, false, false, true, false, false, false},
    {MetricKind::time_to_event, Aggregation::count, true, false, false, true, false, false, false, false,
     false},
    {MetricKind::blend, Aggregation::sum, false, false, false, false, false, false, true, false, false},
    {MetricKind::breadth, Aggregation::count, true, false, false, false, false, false, false, true, false},
};

const KindRow& row_of(MetricKind kind) {
  for (const KindRow& row : kKinds)
    if (row.kind == kind) return row;
  return kKinds[0];
}

template <typename Fields>
void describe_source(Fields& fields, Source& source) {
  fields.one_or_more("event", source.events, kRequired);
  fields.choice("aggregate", source.aggregation, kAggregations);
  fields.field("value", source.value);
  fields.custom(
      "where", source.where,
      [](const json& value, const std::string& where, std::vector<Problem>& problems) {
        return read_predicate(value, where, PredicateSubject::property, problems);
      },
      [](const assign::Predicate& predicate) {
        return write_predicate(predicate, PredicateSubject::property);
      });
}

struct Step {
  std::string name;
  Source source;
};

template <typename Fields>
void describe_steps(Fields& fields, Metric& metric) {
  std::vector<Step> steps;
  for (std::size_t i = 0; i < metric.steps.size(); ++i)
    steps.push_back({metric.step_names[i], metric.steps[i]});
  fields.objects(
      "steps", steps,
      [](auto& step_fields, Step& step) {
        step_fields.field("name", step.name, kRequired);
        describe_source(step_fields, step.source);
      },
      kRequired);
  metric.steps.clear();
  metric.step_names.clear();
  for (Step& step : steps) {
    metric.steps.push_back(std::move(step.source));
    metric.step_names.push_back(std::move(step.name));
  }
}

template <typename Fields>
void describe_cap(Fields& fields, Metric& metric) {
  Cap cap = metric.cap.value_or(Cap{});
  if constexpr (Fields::kReading) {
    if (!fields.has("cap")) return fields.known("cap");
  } else if (!metric.cap) {
    return;
  }
  fields.object("cap", cap, [](auto& cap_fields, Cap& target) {
    cap_fields.field("absolute", target.absolute, {.least = 0.0, .open = true});
    cap_fields.field("percentile", target.percentile, {.least = 0.0, .most = 1.0, .open = true});
    if constexpr (std::remove_reference_t<decltype(cap_fields)>::kReading)
      if (cap_fields.has("absolute") == cap_fields.has("percentile"))
        cap_fields.problems().push_back({cap_fields.where(),
                                         "needs exactly one of \"absolute\" and \"percentile\"",
                                         {},
                                         "A cap is one threshold, fixed beforehand: keep one of the two."});
  });
  metric.cap = cap;
}

template <typename Fields>
void describe_parts(Fields& fields, Metric& metric) {
  const KindRow& row = row_of(metric.kind);
  if (row.numerator)
    fields.object(
        "numerator", metric.numerator, [](auto& f, Source& s) { describe_source(f, s); }, kRequired);
  if (row.denominator)
    fields.object(
        "denominator", metric.denominator, [](auto& f, Source& s) { describe_source(f, s); }, kRequired);
  if (row.retention)
    fields.object(
        "retention", metric.retention,
        [](auto& f, Retention& retention) {
          f.choice("kind", retention.kind, kRetentionKinds, kRequired);
          f.field("day", retention.day, {.required = true, .least = 1, .most = kLongestWindow});
          f.field("until_day", retention.until_day, {.least = 0, .most = kLongestWindow});
        },
        kRequired);
  if (row.orders) {
    fields.field("minimum_orders", metric.minimum_orders, {.least = 1, .most = 1000});
    fields.one_or_more("refund_event", metric.refund_events);
  }
  if (row.quantile) fields.field("quantile", metric.quantile, {.least = 0.0, .most = 1.0, .open = true});
  if (row.steps) describe_steps(fields, metric);
  if (row.terms)
    fields.objects(
        "terms", metric.terms,
        [](auto& f, Metric::Term& term) {
          f.field("metric", term.metric, kRequired);
          f.field("weight", term.weight, {.required = true});
        },
        kRequired);
  if (row.item) {
    fields.field("item", metric.item, kRequired);
    fields.choice("measure", metric.measure, kBreadthMeasures);
  }
  if (row.cap) describe_cap(fields, metric);
}

template <typename Fields>
void describe(Fields& fields, Metric& metric) {
  fields.field("key", metric.key, kRequired);
  fields.choice("kind", metric.kind, kMetricKinds, kRequired);
  if constexpr (Fields::kReading) metric.numerator.aggregation = row_of(metric.kind).aggregate;
  fields.field("name", metric.name);
  fields.field("description", metric.description);
  describe_parts(fields, metric);
  fields.field("window_days", metric.window_days, {.least = 1, .most = kLongestWindow});
  fields.field("settle_days", metric.settle_days, {.least = 0, .most = kLongestWindow});
  fields.choice("maturity", metric.maturity, kMaturities);
  struct Covariate {
    int lookback_days;
  } covariate{metric.lookback_days};
  fields.object("covariate", covariate, [](auto& f, Covariate& target) {
    f.field("lookback_days", target.lookback_days, {.required = true, .least = 0, .most = kLongestWindow});
  });
  metric.lookback_days = covariate.lookback_days;
  fields.choice("direction", metric.direction, kDirections);
  fields.choice("scale", metric.scale, kScales);
  fields.field("format", metric.format);
  fields.field("surface", metric.surface);
}

/// The parts of other kinds: known words, but without meaning here.
void report_foreign_parts(FieldReader& fields, const Metric& metric) {
  const KindRow& row = row_of(metric.kind);
  const std::pair<const char*, bool> parts[] = {{"numerator", row.numerator},
                                                {"denominator", row.denominator},
                                                {"retention", row.retention},
                                                {"minimum_orders", row.orders},
                                                {"refund_event", row.orders},
                                                {"quantile", row.quantile},
                                                {"steps", row.steps},
                                                {"terms", row.terms},
                                                {"item", row.item},
                                                {"measure", row.item},
                                                {"cap", row.cap}};
  for (const auto& [key, belongs] : parts) {
    if (belongs) continue;
    fields.known(key);
    if (fields.has(key))
      fields.report(key, fmt::format("has no meaning for a metric of kind \"{}\"", name(metric.kind)),
                    "Remove it.");
  }
}

void check_aggregates(FieldReader& fields, const Metric& metric) {
  const bool zero_one = metric.kind == MetricKind::proportion || metric.kind == MetricKind::retention;
  if (zero_one && metric.numerator.aggregation != Aggregation::any)
    fields.report("numerator", fmt::format("a {} needs \"aggregate\": \"any\"", name(metric.kind)),
                  "Leave \"aggregate\" out, or use kind \"count\" or \"mean\".");
  if (metric.kind == MetricKind::count && metric.numerator.aggregation != Aggregation::count &&
      metric.numerator.aggregation != Aggregation::distinct_days)
    fields.report("numerator", "a count needs \"aggregate\": \"count\" or \"distinct_days\"",
                  "Use kind \"mean\" for sums.");
  if (metric.numerator.aggregation == Aggregation::distinct_days && !metric.surface.empty())
    fields.report("surface", "distinct days cannot be split by surface: a day on two surfaces is one day",
                  "Remove \"surface\", or count events.");
}

void check_meaning(FieldReader& fields, Metric& metric) {
  const Retention& retention = metric.retention;
  if (metric.kind == MetricKind::retention) {
    if (retention.kind == Retention::Kind::on_or_after && retention.until_day <= retention.day)
      fields.report("retention", "\"on_or_after\" needs \"until_day\" after \"day\"",
                    "Without an end later visitors would have longer to come back.");
    if (retention.kind != Retention::Kind::on_or_after && retention.until_day != 0)
      fields.report("retention", "\"until_day\" belongs to \"on_or_after\" only", "Remove \"until_day\".");
    if (fields.has("window_days"))
      fields.report("window_days", "a retention's window follows from its days", "Remove \"window_days\".");
    metric.window_days = retention.kind == Retention::Kind::on_day        ? retention.day + 1
                         : retention.kind == Retention::Kind::on_or_after ? std::max(retention.until_day, 1)
                                                                          : retention.day;
  }
  if ((metric.kind == MetricKind::retention || metric.kind == MetricKind::repeat_purchase ||
       metric.kind == MetricKind::time_to_event) &&
      metric.maturity == Maturity::any)
    fields.report("maturity", "retention, repeat purchase and time to event are always complete",
                  "Remove \"maturity\".");
  if (metric.kind == MetricKind::funnel && metric.steps.size() < 2 && fields.has("steps"))
    fields.report("steps", "a funnel needs at least two steps", "For one step use kind \"proportion\".");
  if (metric.kind == MetricKind::repeat_purchase && metric.minimum_orders < 2)
    fields.report("minimum_orders", "a repeat purchase needs at least 2 orders",
                  "For one order use kind \"proportion\".");
  check_aggregates(fields, metric);
  if (!metric.format.empty() && metric.format != "percent" && metric.format != "currency" &&
      metric.format != "number" && metric.format != "duration")
    fields.report("format", "is not a known choice", "Use one of: percent, currency, number, duration.");
}

}  // namespace

Metric read_metric(const json& value, const std::string& where, std::vector<Problem>& problems) {
  FieldReader fields(value, where, problems);
  Metric metric;
  describe(fields, metric);
  report_foreign_parts(fields, metric);
  check_meaning(fields, metric);
  fields.finish();
  return metric;
}

json write_metric(const Metric& metric) {
  FieldWriter fields;
  Metric copy = metric;
  describe(fields, copy);
  return fields.take();
}

}  // namespace liftmark
