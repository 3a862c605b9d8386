#pragma once
// The fields of every struct of a scorecard, named once for both directions of reports/json.cpp.
//
// fields(visit, value) calls visit with the name and the value of each field, in the order of the header.
// A new field of a scorecard is one more name here; json_test.cpp counts them against the header.

#include <type_traits>

#include "engine/scorecard/scorecard.hpp"

namespace liftmark::reports {

/// `Value` is `Struct`, const or not.
template <class Value, class Struct>
concept Of = std::is_same_v<std::remove_const_t<Value>, Struct>;

template <class Visitor, Of<Figure> Value>
void fields(Visitor& visit, Value& value) {
  visit("estimate", value.estimate);
  visit("standard_error", value.standard_error);
  visit("lower", value.lower);
  visit("upper", value.upper);
  visit("level", value.level);
  visit("reason", value.reason);
}

template <class Visitor, Of<NamedNumber> Value>
void fields(Visitor& visit, Value& value) {
  visit("name", value.name);
  visit("value", value.value);
}

template <class Visitor, Of<ExperimentInfo> Value>
void fields(Visitor& visit, Value& value) {
  visit("key", value.key);
  visit("name", value.name);
  visit("hypothesis", value.hypothesis);
  visit("owner", value.owner);
  visit("unit", value.unit);
  visit("status", value.status);
  visit("currency", value.currency);
  visit("started", value.started);
  visit("ended", value.ended);
  visit("units", value.units);
  visit("days", value.days);
}

template <class Visitor, Of<ArmSummary> Value>
void fields(Visitor& visit, Value& value) {
  visit("key", value.key);
  visit("role", value.role);
  visit("units", value.units);
  visit("expected_share", value.expected_share);
  visit("fallback_share", value.fallback_share);
  visit("settled_share", value.settled_share);
  visit("crossed_units", value.crossed_units);
  visit("erased_units", value.erased_units);
}

template <class Visitor, Of<Check::Place> Value>
void fields(Visitor& visit, Value& value) {
  visit("dimension", value.dimension);
  visit("group", value.group);
  visit("p_value", value.p_value);
}

template <class Visitor, Of<Check> Value>
void fields(Visitor& visit, Value& value) {
  visit("kind", value.kind);
  visit("status", value.status);
  visit("p_value", value.p_value);
  visit("numbers", value.numbers);
  visit("places", value.places);
  visit("note", value.note);
}

template <class Visitor, Of<Comparison> Value>
void fields(Visitor& visit, Value& value) {
  visit("arm", value.arm);
  visit("against", value.against);
  visit("method", value.method);
  visit("scale", value.scale);
  visit("alpha", value.alpha);
  visit("absolute", value.absolute);
  visit("relative", value.relative);
  visit("p_value", value.p_value);
  visit("absolute_p_value", value.absolute_p_value);
  visit("reading", value.reading);
  visit("reason", value.reason);
  visit("variance_reduction", value.variance_reduction);
  visit("unadjusted_estimate", value.unadjusted_estimate);
  visit("adjusted_p_value", value.adjusted_p_value);
  visit("chance_better", value.chance_better);
  visit("expected_loss", value.expected_loss);
}

template <class Visitor, Of<Distribution> Value>
void fields(Visitor& visit, Value& value) {
  visit("skewness", value.skewness);
  visit("top_share", value.top_share);
  visit("share_capped", value.share_capped);
  visit("median", value.median);
  visit("p90", value.p90);
  visit("p99", value.p99);
  visit("maximum", value.maximum);
}

template <class Visitor, Of<MetricArm> Value>
void fields(Visitor& visit, Value& value) {
  visit("arm", value.arm);
  visit("units", value.units);
  visit("value", value.value);
  visit("variance", value.variance);
  visit("adjusted_value", value.adjusted_value);
  visit("numerator", value.numerator);
  visit("denominator", value.denominator);
  visit("distribution", value.distribution);
  visit("reason", value.reason);
}

template <class Visitor, Of<TimePoint> Value>
void fields(Visitor& visit, Value& value) {
  visit("day", value.day);
  visit("at", value.at);
  visit("units", value.units);
  visit("relative", value.relative);
}

template <class Visitor, Of<Timeline> Value>
void fields(Visitor& visit, Value& value) {
  visit("arm", value.arm);
  visit("against", value.against);
  visit("kind", value.kind);
  visit("points", value.points);
  visit("first_clear_day", value.first_clear_day);
  visit("trend_p_value", value.trend_p_value);
  visit("trend", value.trend);
  visit("early", value.early);
  visit("late", value.late);
}

template <class Visitor, Of<Sensitivity> Value>
void fields(Visitor& visit, Value& value) {
  visit("arm", value.arm);
  visit("against", value.against);
  visit("kind", value.kind);
  visit("parameter", value.parameter);
  visit("relative", value.relative);
  visit("detail", value.detail);
}

template <class Visitor, Of<MetricResult> Value>
void fields(Visitor& visit, Value& value) {
  visit("key", value.key);
  visit("name", value.name);
  visit("description", value.description);
  visit("kind", value.kind);
  visit("role", value.role);
  visit("direction", value.direction);
  visit("format", value.format);
  visit("margin", value.margin);
  visit("window_days", value.window_days);
  visit("cap", value.cap);
  visit("decision_grade", value.decision_grade);
  visit("grade_note", value.grade_note);
  visit("arms", value.arms);
  visit("comparisons", value.comparisons);
  visit("timelines", value.timelines);
  visit("sensitivities", value.sensitivities);
}

template <class Visitor, Of<SegmentRow> Value>
void fields(Visitor& visit, Value& value) {
  visit("group", value.group);
  visit("units", value.units);
  visit("share", value.share);
  visit("arms", value.arms);
  visit("comparisons", value.comparisons);
  visit("shrunken", value.shrunken);
}

template <class Visitor, Of<SegmentTable> Value>
void fields(Visitor& visit, Value& value) {
  visit("metric", value.metric);
  visit("dimension", value.dimension);
  visit("arm", value.arm);
  visit("against", value.against);
  visit("heterogeneity_p_value", value.heterogeneity_p_value);
  visit("i_squared", value.i_squared);
  visit("differs", value.differs);
  visit("method", value.method);
  visit("rows", value.rows);
  visit("cut_points", value.cut_points);
}

template <class Visitor, Of<FunnelStep::Arm> Value>
void fields(Visitor& visit, Value& value) {
  visit("arm", value.arm);
  visit("units", value.units);
  visit("share", value.share);
  visit("step_rate", value.step_rate);
}

template <class Visitor, Of<FunnelStep::Change> Value>
void fields(Visitor& visit, Value& value) {
  visit("arm", value.arm);
  visit("against", value.against);
  visit("relative", value.relative);
}

template <class Visitor, Of<FunnelStep> Value>
void fields(Visitor& visit, Value& value) {
  visit("step", value.step);
  visit("arms", value.arms);
  visit("changes", value.changes);
}

template <class Visitor, Of<Funnel> Value>
void fields(Visitor& visit, Value& value) {
  visit("metric", value.metric);
  visit("name", value.name);
  visit("steps", value.steps);
}

template <class Visitor, Of<Decomposition::Part> Value>
void fields(Visitor& visit, Value& value) {
  visit("part", value.part);
  visit("figure", value.figure);
}

template <class Visitor, Of<Decomposition> Value>
void fields(Visitor& visit, Value& value) {
  visit("metric", value.metric);
  visit("arm", value.arm);
  visit("against", value.against);
  visit("kind", value.kind);
  visit("parts", value.parts);
  visit("total", value.total);
}

template <class Visitor, Of<MoneyRow> Value>
void fields(Visitor& visit, Value& value) {
  visit("arm", value.arm);
  visit("against", value.against);
  visit("kind", value.kind);
  visit("basis", value.basis);
  visit("figure", value.figure);
  visit("assumptions", value.assumptions);
  visit("metric", value.metric);
}

template <class Visitor, Of<Curve::Point> Value>
void fields(Visitor& visit, Value& value) {
  visit("day", value.day);
  visit("value", value.value);
}

template <class Visitor, Of<Curve> Value>
void fields(Visitor& visit, Value& value) {
  visit("metric", value.metric);
  visit("arm", value.arm);
  visit("points", value.points);
}

template <class Visitor, Of<SurvivalComparison> Value>
void fields(Visitor& visit, Value& value) {
  visit("metric", value.metric);
  visit("arm", value.arm);
  visit("against", value.against);
  visit("events", value.events);
  visit("control_events", value.control_events);
  visit("log_rank_p_value", value.log_rank_p_value);
  visit("hazard_ratio", value.hazard_ratio);
  visit("restricted_mean", value.restricted_mean);
  visit("horizon_days", value.horizon_days);
}

template <class Visitor, Of<CatalogBreadth::Change> Value>
void fields(Visitor& visit, Value& value) {
  visit("against", value.against);
  visit("measure", value.measure);
  visit("relative", value.relative);
}

template <class Visitor, Of<RefundRow> Value>
void fields(Visitor& visit, Value& value) {
  visit("metric", value.metric);
  visit("arm", value.arm);
  visit("units", value.units);
  visit("booked", value.booked);
  visit("net", value.net);
  visit("return_rate", value.return_rate);
  visit("settled_share", value.settled_share);
  visit("refunds", value.refunds);
  visit("delay_median_days", value.delay_median_days);
  visit("delay_p90_days", value.delay_p90_days);
}

template <class Visitor, Of<CatalogBreadth> Value>
void fields(Visitor& visit, Value& value) {
  visit("metric", value.metric);
  visit("arm", value.arm);
  visit("coverage", value.coverage);
  visit("diversity", value.diversity);
  visit("novelty", value.novelty);
  visit("effective_items", value.effective_items);
  visit("shown", value.shown);
  visit("items", value.items);
  visit("changes", value.changes);
}

template <class Visitor, Of<Interaction::Effect> Value>
void fields(Visitor& visit, Value& value) {
  visit("other_arm", value.other_arm);
  visit("units", value.units);
  visit("relative", value.relative);
}

template <class Visitor, Of<Interaction> Value>
void fields(Visitor& visit, Value& value) {
  visit("with_experiment", value.with_experiment);
  visit("metric", value.metric);
  visit("arm", value.arm);
  visit("other_arm", value.other_arm);
  visit("cells", value.cells);
  visit("interaction", value.interaction);
  visit("against", value.against);
  visit("other_against", value.other_against);
  visit("effects", value.effects);
}

template <class Visitor, Of<Ledger::Shipped> Value>
void fields(Visitor& visit, Value& value) {
  visit("experiment", value.experiment);
  visit("lift", value.lift);
  visit("arm", value.arm);
  visit("shipped", value.shipped);
  visit("coverage", value.coverage);
  visit("correction", value.correction);
}

template <class Visitor, Of<Ledger> Value>
void fields(Visitor& visit, Value& value) {
  visit("holdout", value.holdout);
  visit("metric", value.metric);
  visit("cumulative", value.cumulative);
  visit("shipped_sum", value.shipped_sum);
  visit("shipped_sum_corrected", value.shipped_sum_corrected);
  visit("gap", value.gap);
  visit("timeline", value.timeline);
  visit("shipped", value.shipped);
  visit("layer", value.layer);
  visit("held_out_units", value.held_out_units);
  visit("open_units", value.open_units);
}

template <class Visitor, Of<PowerPoint> Value>
void fields(Visitor& visit, Value& value) {
  visit("day", value.day);
  visit("units", value.units);
  visit("mde", value.mde);
}

template <class Visitor, Of<PowerSummary> Value>
void fields(Visitor& visit, Value& value) {
  visit("metric", value.metric);
  visit("arm", value.arm);
  visit("against", value.against);
  visit("planned_mde", value.planned_mde);
  visit("power", value.power);
  visit("points", value.points);
}

template <class Visitor, Of<PlanRow> Value>
void fields(Visitor& visit, Value& value) {
  visit("item", value.item);
  visit("planned", value.planned);
  visit("actual", value.actual);
  visit("kept", value.kept);
}

template <class Visitor, Of<VariantVerdict> Value>
void fields(Visitor& visit, Value& value) {
  visit("arm", value.arm);
  visit("word", value.word);
  visit("because", value.because);
  visit("metrics", value.metrics);
}

template <class Visitor, Of<Verdict> Value>
void fields(Visitor& visit, Value& value) {
  visit("word", value.word);
  visit("arm", value.arm);
  visit("rule", value.rule);
  visit("withheld", value.withheld);
  visit("not_until", value.not_until);
  visit("days_to_go", value.days_to_go);
  visit("variants", value.variants);
}

template <class Visitor, Of<Provenance> Value>
void fields(Visitor& visit, Value& value) {
  visit("version", value.version);
  visit("catalog_digest", value.catalog_digest);
  visit("data_digest", value.data_digest);
  visit("plan_digest", value.plan_digest);
  visit("command", value.command);
  visit("method", value.method);
  visit("scheme", value.scheme);
  visit("alpha", value.alpha);
  visit("planned_units", value.planned_units);
  visit("as_of", value.as_of);
  visit("data_through", value.data_through);
  visit("restated", value.restated);
  visit("counts", value.counts);
}

template <class Visitor, Of<Scorecard> Value>
void fields(Visitor& visit, Value& value) {
  visit("experiment", value.experiment);
  visit("arms", value.arms);
  visit("checks", value.checks);
  visit("metrics", value.metrics);
  visit("segments", value.segments);
  visit("funnels", value.funnels);
  visit("decompositions", value.decompositions);
  visit("money", value.money);
  visit("curves", value.curves);
  visit("survival", value.survival);
  visit("breadth", value.breadth);
  visit("refunds", value.refunds);
  visit("interactions", value.interactions);
  visit("ledgers", value.ledgers);
  visit("power", value.power);
  visit("plan_against_run", value.plan_against_run);
  visit("verdict", value.verdict);
  visit("provenance", value.provenance);
}

}  // namespace liftmark::reports
