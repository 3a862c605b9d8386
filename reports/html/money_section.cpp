// "Where did the money come from?": decompositions, money rows; what else changed: curves and tables; the
// ledger.
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

std::string with_arm(const Page& page, const std::string& text, const std::string& arm,
                     const std::string& against) {
  return page.scorecard.arms.size() > 2 ? text + " · " + page.compared(arm, against) : text;
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
  const std::string name = with_arm(page, metric_name(page.scorecard, one.metric), one.arm, one.against);
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
        const Figure& last = curve.points.back().value;
        const auto percent = [&](double share) { return page.numbers.percent(share, 1); };
        if (last.estimate && last.lower && last.upper)
          chart.summary +=
              (chart.summary.empty() ? "" : "; ") +
              page.say(wording::kCurveSummary,
                       {{"arm", visible(curve.arm)},
                        {"value", percent(*last.estimate)},
                        {"interval", page.say(wording::kFromTo, {{"low", percent(*last.lower)},
                                                                 {"high", percent(*last.upper)}})}});
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

void write_one_ledger(Page& page, const Ledger& ledger) {
  Writer& out = page.out;
  const LiftText lift = page.numbers.lift(ledger.cumulative);
  const std::string metric = metric_name(page.scorecard, ledger.metric);
  out.markup("<p class=\"lede\">");
  out.text(lift.empty()
               ? reason_word(ledger.cumulative.reason, page.language())
               : page.say(wording::kLedgerLift, {{"lift", lift.estimate}, {"interval", lift.interval}}));
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
  for (const ContentTable& table : ledger_tables(ledger, page.numbers)) page.table(table);
}

}  // namespace

void write_money(Page& page) {
  const Scorecard& card = page.scorecard;
  Writer& out = page.out;
  if (!card.decompositions.empty() || !card.money.empty()) {
    page.open_section("money", wording::kMoney);
    if (!card.decompositions.empty()) {
      page.lede(page.say(wording::kMoneyLede));
      out.markup("<div class=\"two\">");
      for (const Decomposition& one : card.decompositions) write_decomposition(page, one);
      out.markup("</div>");
    }
    for (const ContentTable& table : money_tables(card, page.numbers)) page.table(table);
    page.close_section();
  }
  const auto tables = beyond_tables(card, page.numbers);
  if (tables.empty() && card.curves.empty()) return;
  page.open_section("beyond", wording::kBeyond);
  write_curves(page);
  for (const ContentTable& table : tables) page.table(table);
  page.close_section();
}

void write_ledger(Page& page) {
  if (page.scorecard.ledgers.empty()) return;
  page.open_section("ledger", wording::kLedger);
  for (const Ledger& ledger : page.scorecard.ledgers) write_one_ledger(page, ledger);
  page.close_section();
}

}  // namespace liftmark::reports::html
