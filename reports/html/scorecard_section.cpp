// "What moved?": a forest plot inside a table, and the analyst's numbers behind it.
#include <algorithm>
#include <cmath>

#include "reports/axis.hpp"
#include "reports/html/page.hpp"

namespace liftmark::reports::html {
namespace {

constexpr int kArmColumns = 22;

Axis axis_of(Page& page) {
  std::vector<double> reaches;
  for (const MetricGroup& group : page.content.groups)
    for (const MetricLine& metric : group.metrics)
      for (const ComparisonLine& one : metric.comparisons)
        if (one.lift.figure != nullptr)
          for (const auto& end : {one.lift.figure->lower, one.lift.figure->upper})
            if (end) reaches.push_back(std::abs(*end));
  return {axis_for(std::move(reaches)), page.next_id++, {}};
}

void chip(Writer& out, const ComparisonLine& line) {
  constexpr std::array<Markup, 5> kClasses{"chip good", "chip bad", "chip", "chip held", "chip"};
  out.markup("<span class=\"")
      .markup(kClasses[static_cast<std::size_t>(line.lift.tone)])
      .markup("\"><span aria-hidden=\"true\">");
  out.text(line.symbol).markup("</span> ").text(line.reading).markup("</span>");
}

void comparison_cells(Page& page, const Axis& axis, const ComparisonLine& line) {
  Writer& out = page.out;
  out.markup("<td role=\"cell\" class=\"n\">")
      .text(line.control)
      .markup("</td><td role=\"cell\" class=\"n\">")
      .text(line.variant);
  out.markup("</td><td role=\"cell\" class=\"n lift\"><span class=\"mob\" aria-hidden=\"true\">")
      .text(line.control + " → " + line.variant)
      .markup("</span>");
  page.lift_cell(line.lift);
  out.markup("</td><td role=\"cell\" class=\"plot\">");
  interval_row(out, axis, {line.lift.figure, look_of(line.lift.tone), line.margin, {}}, page.numbers);
  out.markup("</td><td role=\"cell\" class=\"v\">");
  chip(out, line);
  out.markup("</td></tr>");
}

void metric_rows(Page& page, const Axis& axis, const MetricLine& metric, bool decision) {
  Writer& out = page.out;
  const auto name = [&] {
    out.text(metric.name);
    if (!metric.note.empty()) out.markup("<small>").text(metric.note).markup("</small>");
  };
  if (metric.comparisons.size() != 1) {
    out.markup(decision ? Markup("<tr role=\"row\" class=\"name decision\">")
                        : Markup("<tr role=\"row\" class=\"name\">"));
    out.markup("<th role=\"rowheader\" scope=\"rowgroup\" colspan=\"6\">");
    name();
    out.markup("</th></tr>");
  }
  for (const ComparisonLine& line : metric.comparisons) {
    const bool alone = metric.comparisons.size() == 1;
    out.markup(!alone     ? Markup("<tr role=\"row\" class=\"arm\">")
               : decision ? Markup("<tr role=\"row\" class=\"decision\">")
                          : Markup("<tr role=\"row\">"));
    out.markup("<th role=\"rowheader\" scope=\"row\">");
    if (alone) {
      name();
    } else {
      out.text(line.label);
    }
    out.markup("</th>");
    comparison_cells(page, axis, line);
  }
}

/// The arms' own names over the columns when there are only two, else "Control" and "Variant".
std::array<std::string, 2> value_heads(const Page& page) {
  if (page.scorecard.arms.size() == 2)
    for (const MetricGroup& group : page.content.groups)
      for (const MetricLine& metric : group.metrics)
        for (const ComparisonLine& line : metric.comparisons)
          return {shortened(line.against, kArmColumns), shortened(line.arm, kArmColumns)};
  return {page.say(wording::kControl), page.say(wording::kVariant)};
}

void table_head(Page& page, const Axis& axis) {
  Writer& out = page.out;
  out.markup("<caption class=\"vh\">")
      .text(page.say(wording::kScorecardCaption))
      .markup("</caption><thead role=\"rowgroup\"><tr role=\"row\">");
  const auto column = [&](Markup kind, std::string_view text) {
    out.markup("<th role=\"columnheader\" scope=\"col\" class=\"")
        .markup(kind)
        .markup("\">")
        .text(text)
        .markup("</th>");
  };
  const auto heads = value_heads(page);
  column("", page.say(wording::kMetric));
  column("n", heads[0]);
  column("n", heads[1]);
  column("n", page.say(wording::kLift));
  out.markup("<th role=\"columnheader\" scope=\"col\" class=\"plot\">");
  axis_labels(out, axis, page.numbers);
  out.markup("<span class=\"vh\">").text(page.say(wording::kIntervalHead)).markup("</span></th>");
  column("v", page.say(wording::kReading));
  out.markup("</tr></thead>");
}

void analyst_row(Page& page, const MetricResult& metric, const Comparison& comparison) {
  Writer& out = page.out;
  const Numbers& numbers = page.numbers;
  const auto cell = [&](const std::string& text) { out.markup("<td>").text(text).markup("</td>"); };
  const auto p_value = [&](const std::optional<double>& p) {
    return p ? numbers.p_value(*p) : std::string("–");
  };
  const LiftText absolute = numbers.amount(comparison.absolute, format_of(metric));
  out.markup("<tr><th class=\"l\" scope=\"row\">")
      .text(shown_name(metric.name, metric.key))
      .markup("</th><td class=\"l\">");
  out.text(page.compared(comparison.arm, comparison.against))
      .markup("</td><td class=\"l\">")
      .text(page.word(comparison.method, wording::kMethods))
      .markup("</td>");
  cell(comparison.alpha ? numbers.decimal(*comparison.alpha, 4) : "–");
  out.markup("<td>")
      .text(absolute.empty() ? reason_word(comparison.absolute.reason, page.language())
                             : absolute.estimate + " (" + absolute.interval + ")")
      .markup("</td>");
  cell(p_value(comparison.p_value));
  cell(p_value(comparison.adjusted_p_value));
  cell(comparison.variance_reduction ? numbers.percent(*comparison.variance_reduction, 1) : "–");
  out.markup("</tr>");
}

void analyst_table(Page& page) {
  Writer& out = page.out;
  out.markup("<details><summary>").text(page.say(wording::kAnalyst)).markup("</summary>");
  page.open_table("plain full rows", page.say(wording::kAnalyst));
  out.markup("<thead><tr>");
  page.head("l", page.say(wording::kMetric));
  page.head("l", page.say(wording::kVariant));
  page.head("l", page.say(wording::kMethodHead));
  page.head("", "α");
  page.head("", page.say(wording::kDifference));
  page.head("", "p");
  page.head("", page.say(wording::kAdjusted));
  page.head("", page.say(wording::kVarianceReduction));
  out.markup("</tr></thead><tbody>");
  for (const MetricResult& metric : page.scorecard.metrics)
    for (const Comparison& comparison : metric.comparisons) analyst_row(page, metric, comparison);
  out.markup("</tbody>");
  page.close_table();
  out.markup("</details>");
}

}  // namespace

void write_scorecard(Page& page) {
  if (page.content.groups.empty()) return;
  Writer& out = page.out;
  const Axis axis = axis_of(page);
  page.open_section("moved", wording::kMoved);
  page.lede(page.say(page.withheld    ? wording::kMovedWithheld
                     : page.too_early ? wording::kMovedEarly
                                      : wording::kMovedLede));
  define_axis(out, axis);
  out.markup("<div class=\"scroll\" tabindex=\"0\" role=\"region\"")
      .attribute("aria-label", page.region_name(page.say(wording::kScorecard)));
  out.markup("><table class=\"score\" role=\"table\">");
  table_head(page, axis);
  for (std::size_t i = 0; i < page.content.groups.size(); ++i) {
    const MetricGroup& group = page.content.groups[i];
    const bool decision = group.metrics.front().metric->role == "primary";
    out.markup(
           "<tbody role=\"rowgroup\"><tr role=\"row\" class=\"grp\"><th role=\"rowheader\" colspan=\"6\" "
           "scope=\"rowgroup\">")
        .text(group.title);
    out.markup("<span>").text(group.note).markup("</span></th></tr>");
    for (const MetricLine& metric : group.metrics) metric_rows(page, axis, metric, decision);
    out.markup("</tbody>");
  }
  page.close_table();
  analyst_table(page);
  page.close_section();
}

}  // namespace liftmark::reports::html
