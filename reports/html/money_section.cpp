// "Where did the money come from?": decompositions, money rows, catalog breadth, curves, interactions.
#include <algorithm>
#include <cmath>

#include "reports/axis.hpp"
#include "reports/html/page.hpp"

namespace liftmark::reports::html {
namespace {

std::string_view format_of_metric(const Scorecard& scorecard, const std::string& key) {
  for (const MetricResult& metric : scorecard.metrics)
    if (metric.key == key) return format_of(metric);
  return "number";
}

std::string with_arm(const Page& page, const std::string& text, const std::string& arm) {
  return page.scorecard.arms.size() > 2 ? text + " · " + visible(arm) : text;
}

LiftCell amount_cell(const Page& page, const Figure& figure, std::string_view format) {
  LiftCell cell;
  cell.text = format.empty() ? page.numbers.lift(figure) : page.numbers.amount(figure, format);
  if (cell.text.empty()) {
    cell.missing = reason_word(figure.reason, page.language());
  } else {
    cell.figure = &figure;
  }
  return cell;
}

void write_part(Page& page, const Axis& axis, const std::string& name, const Figure& figure) {
  const LiftCell cell = amount_cell(page, figure, axis.format);
  page.out.markup("<tr><th scope=\"row\">").text(name).markup("</th><td class=\"n\">");
  page.lift_cell(cell);
  page.out.markup("</td>");
  page.interval_cell(axis, {cell.figure, Look::ink, {}, {}});
  page.out.markup("</tr>");
}

void write_decomposition(Page& page, const Decomposition& one) {
  Writer& out = page.out;
  const bool factors = one.kind == "factors";
  std::vector<double> reaches;
  const auto reach = [&](const Figure& figure) {
    for (const auto& end : {figure.lower, figure.upper})
      if (end) reaches.push_back(std::abs(*end));
  };
  reach(one.total);
  for (const auto& part : one.parts) reach(part.figure);
  const Axis axis{axis_for(std::move(reaches)), page.next_id++,
                  factors ? std::string_view() : format_of_metric(page.scorecard, one.metric)};
  const std::string name = with_arm(page, metric_name(page.scorecard, one.metric), one.arm);
  define_axis(out, axis);
  out.markup("<div class=\"keep\"><h3>")
      .text(name + " · " + page.word(one.kind, wording::kDecompositions))
      .markup("</h3>");
  page.open_table("seg", name);
  out.markup("<thead><tr>");
  page.head("", page.say(wording::kPart));
  page.head("n", page.say(factors ? wording::kLogPoints : wording::kDifference));
  page.plot_head(axis);
  out.markup("</tr></thead><tbody>");
  for (const auto& part : one.parts)
    write_part(page, axis, page.word(part.part, wording::kParts), part.figure);
  write_part(page, axis, page.say(wording::kTotal), one.total);
  out.markup("</tbody>");
  page.close_table();
  out.markup("</div>");
}

void write_money_rows(Page& page) {
  if (page.scorecard.money.empty()) return;
  Writer& out = page.out;
  out.markup("<h3>").text(page.say(wording::kInMoney)).markup("</h3>");
  page.open_table("plain full rows", page.say(wording::kInMoney));
  out.markup("<thead><tr>");
  for (const Phrase& phrase : {wording::kVariant, wording::kMeasure, wording::kBasis})
    page.head("l", page.say(phrase));
  page.head("", page.say(wording::kAmount));
  page.head("", page.say(wording::kIntervalHead));
  page.head("", page.say(wording::kAssumptions));
  out.markup("</tr></thead><tbody>");
  for (const MoneyRow& row : page.scorecard.money) {
    const bool factor = row.kind == "return_on_cost";
    const LiftText text = page.numbers.amount(row.figure, factor ? "number" : "currency");
    std::string assumptions;
    for (const NamedNumber& one : row.assumptions)
      if (one.value)
        assumptions += (assumptions.empty() ? "" : ", ") + page.word(one.name, wording::kCounts) + " " +
                       page.numbers.value(*one.value, "number");
    out.markup("<tr><th class=\"l\" scope=\"row\">")
        .text(visible(row.arm))
        .markup("</th><td class=\"l\">")
        .text(page.word(row.kind, wording::kMoneyKinds));
    out.markup("</td><td class=\"l\">")
        .text(page.word(row.basis, wording::kMoneyBases))
        .markup("</td><td>")
        .text(text.empty() ? "–" : text.estimate)
        .markup("</td><td>");
    out.text(text.empty() ? reason_word(row.figure.reason, page.language()) : text.interval)
        .markup("</td><td>")
        .text(assumptions)
        .markup("</td></tr>");
  }
  out.markup("</tbody>");
  page.close_table();
}

void write_breadth(Page& page) {
  if (page.scorecard.breadth.empty()) return;
  Writer& out = page.out;
  out.markup("<h3>").text(page.say(wording::kBreadth)).markup("</h3>");
  page.open_table("plain", page.say(wording::kBreadth));
  out.markup("<thead><tr>");
  page.head("l", page.say(wording::kMetric));
  page.head("l", page.say(wording::kArm));
  for (const Phrase& phrase : {wording::kCoverage, wording::kDiversity, wording::kNovelty})
    page.head("", page.say(phrase));
  out.markup("</tr></thead><tbody>");
  const auto cell = [&](const std::optional<double>& value, bool share) {
    out.markup("<td>")
        .text(!value  ? "–"
              : share ? page.numbers.percent(*value, 1)
                      : page.numbers.decimal(*value, 2))
        .markup("</td>");
  };
  for (const CatalogBreadth& one : page.scorecard.breadth) {
    out.markup("<tr><th class=\"l\" scope=\"row\">")
        .text(metric_name(page.scorecard, one.metric))
        .markup("</th><td class=\"l\">")
        .text(visible(one.arm))
        .markup("</td>");
    cell(one.coverage, true);
    cell(one.diversity, false);
    cell(one.novelty, false);
    out.markup("</tr>");
  }
  out.markup("</tbody>");
  page.close_table();
}

void write_curves(Page& page) {
  std::vector<std::string> metrics;
  for (const Curve& curve : page.scorecard.curves)
    if (std::find(metrics.begin(), metrics.end(), curve.metric) == metrics.end())
      metrics.push_back(curve.metric);
  if (metrics.empty()) return;
  Writer& out = page.out;
  out.markup("<div class=\"two small\">");
  for (const std::string& metric : metrics) {
    TimeChart chart;
    chart.large = false;
    chart.signed_labels = false;
    chart.title = page.say(wording::kCurveTitle, {{"metric", metric_name(page.scorecard, metric)}});
    out.markup("<div class=\"keep\"><h3>")
        .text(metric_name(page.scorecard, metric))
        .markup("</h3><p class=\"legend\">");
    for (const Curve& curve : page.scorecard.curves) {
      if (curve.metric != metric) continue;
      const std::string_view hue = arm_hue(arm_index(page.scorecard, curve.arm));
      Line line{{}, hue};
      for (const Curve::Point& point : curve.points) line.points.push_back({point.day, &point.value});
      chart.lines.push_back(std::move(line));
      out.markup(hue == "c"   ? Markup("<span class=\"sw c\"></span> ")
                 : hue == "t" ? Markup("<span class=\"sw\"></span> ")
                              : Markup("<span class=\"sw u\"></span> "));
      out.text(visible(curve.arm)).markup(" ");
      if (!curve.points.empty()) {
        const LiftText last = page.numbers.amount(curve.points.back().value, "percent");
        if (!last.empty())
          chart.summary +=
              (chart.summary.empty() ? "" : "; ") +
              page.say(wording::kCurveSummary,
                       {{"arm", visible(curve.arm)}, {"value", last.estimate}, {"interval", last.interval}});
      }
    }
    out.markup("</p><figure class=\"scroll\" tabindex=\"0\" role=\"region\"")
        .attribute("aria-label", page.region_name(chart.title))
        .markup(">");
    time_chart(out, chart, page.numbers, page.next_id++);
    out.markup("</figure>");
    if (!chart.summary.empty()) out.markup("<p class=\"foot\">").text(chart.summary).markup("</p>");
    out.markup("</div>");
  }
  out.markup("</div>");
}

void write_interactions(Page& page) {
  if (page.scorecard.interactions.empty()) return;
  Writer& out = page.out;
  out.markup("<h3>").text(page.say(wording::kInteractions)).markup("</h3>");
  page.open_table("plain full rows", page.say(wording::kInteractions));
  out.markup("<thead><tr>");
  for (const Phrase& phrase : {wording::kWith, wording::kMetric, wording::kArms})
    page.head("l", page.say(phrase));
  page.head("", page.say(wording::kInteraction));
  page.head("", page.say(wording::kIntervalHead));
  out.markup("</tr></thead><tbody>");
  for (const Interaction& one : page.scorecard.interactions) {
    const LiftText text = page.numbers.lift(one.interaction);
    out.markup("<tr><th class=\"l\" scope=\"row\">")
        .text(visible(one.with_experiment))
        .markup("</th><td class=\"l\">")
        .text(metric_name(page.scorecard, one.metric));
    out.markup("</td><td class=\"l\">")
        .text(visible(one.arm) + " × " + visible(one.other_arm))
        .markup("</td><td>")
        .text(text.empty() ? "–" : text.estimate);
    out.markup("</td><td>")
        .text(text.empty() ? reason_word(one.interaction.reason, page.language()) : text.interval)
        .markup("</td></tr>");
  }
  out.markup("</tbody>");
  page.close_table();
}

void write_one_ledger(Page& page, const Ledger& ledger) {
  Writer& out = page.out;
  const LiftText lift = page.numbers.lift(ledger.cumulative);
  const std::string metric = metric_name(page.scorecard, ledger.metric);
  out.markup("<h3>").text(visible(ledger.holdout) + " · " + metric).markup("</h3><p class=\"lede\">");
  out.text(lift.empty()
               ? reason_word(ledger.cumulative.reason, page.language())
               : page.say(wording::kLedgerLift, {{"lift", lift.estimate}, {"interval", lift.interval}}));
  if (ledger.shipped_sum_corrected.estimate && ledger.shipped_sum.estimate)
    out.text(" " +
             page.say(wording::kLedgerSums,
                      {{"sum", page.numbers.lift_bound(*ledger.shipped_sum.estimate)},
                       {"corrected", page.numbers.lift_bound(*ledger.shipped_sum_corrected.estimate)}}));
  out.markup("</p>");
  if (ledger.timeline.size() > 1) {
    TimeChart chart;
    chart.title = page.say(wording::kLedgerTitle, {{"metric", metric}});
    chart.summary = lift.empty() ? "" : lift.estimate + ", " + lift.interval;
    Line line{{}, "ink"};
    for (const TimePoint& point : ledger.timeline)
      line.points.push_back(
          {static_cast<double>(point.day), point.relative.estimate ? &point.relative : nullptr});
    chart.lines.push_back(std::move(line));
    out.markup("<figure class=\"scroll\" tabindex=\"0\" role=\"region\"")
        .attribute("aria-label", page.region_name(chart.title))
        .markup(">");
    time_chart(out, chart, page.numbers, page.next_id++);
    out.markup("</figure>");
  }
  if (ledger.shipped.empty()) return;
  page.open_table("plain", page.say(wording::kShippedTable));
  out.markup("<thead><tr>");
  page.head("l", page.say(wording::kShippedTable));
  page.head("", page.say(wording::kLift));
  page.head("", page.say(wording::kIntervalHead));
  out.markup("</tr></thead><tbody>");
  for (const Ledger::Shipped& shipped : ledger.shipped) {
    const LiftText text = page.numbers.lift(shipped.lift);
    out.markup("<tr><th class=\"l\" scope=\"row\">")
        .text(visible(shipped.experiment))
        .markup("</th><td>")
        .text(text.empty() ? "–" : text.estimate);
    out.markup("</td><td>")
        .text(text.empty() ? reason_word(shipped.lift.reason, page.language()) : text.interval)
        .markup("</td></tr>");
  }
  out.markup("</tbody>");
  page.close_table();
}

}  // namespace

void write_money(Page& page) {
  const Scorecard& card = page.scorecard;
  if (card.decompositions.empty() && card.money.empty()) {
    if (card.breadth.empty() && card.curves.empty() && card.interactions.empty()) return;
  }
  Writer& out = page.out;
  if (!card.decompositions.empty() || !card.money.empty()) {
    page.open_section("money", wording::kMoney);
    if (!card.decompositions.empty()) {
      page.lede(page.say(wording::kMoneyLede));
      out.markup("<div class=\"two\">");
      for (const Decomposition& one : card.decompositions) write_decomposition(page, one);
      out.markup("</div>");
    }
    write_money_rows(page);
    page.close_section();
  }
  if (card.breadth.empty() && card.curves.empty() && card.interactions.empty()) return;
  page.open_section("beyond", wording::kBeyond);
  write_curves(page);
  write_breadth(page);
  write_interactions(page);
  page.close_section();
}

void write_ledger(Page& page) {
  if (page.scorecard.ledgers.empty()) return;
  page.open_section("ledger", wording::kLedger);
  for (const Ledger& ledger : page.scorecard.ledgers) write_one_ledger(page, ledger);
  page.close_section();
}

}  // namespace liftmark::reports::html
