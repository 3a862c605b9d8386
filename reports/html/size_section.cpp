// "Is it a few big spenders?" and "Was it big enough?", side by side.
#include <algorithm>
#include <cmath>

#include "reports/axis.hpp"
#include "reports/html/page.hpp"

namespace liftmark::reports::html {
namespace {

constexpr std::size_t kMostMetrics = 3;

/// Metrics with other treatments of their data; decision metrics first, then guardrails.
std::vector<const MetricResult*> sensitive_metrics(const Scorecard& scorecard) {
  std::vector<const MetricResult*> metrics;
  for (const int rank : {0, 1, 2})
    for (const MetricResult& metric : scorecard.metrics) {
      const int own = metric.role == "primary" ? 0 : metric.role == "guardrail" ? 1 : 2;
      if (own == rank && !metric.sensitivities.empty()) metrics.push_back(&metric);
    }
  return metrics;
}

void write_sensitivities(Page& page, const MetricResult& metric) {
  Writer& out = page.out;
  std::vector<double> reaches;
  for (const Sensitivity& one : metric.sensitivities)
    for (const auto& end : {one.relative.lower, one.relative.upper})
      if (end) reaches.push_back(std::abs(*end));
  const Axis axis{axis_for(std::move(reaches)), page.next_id++, {}};
  const std::string name = shown_name(metric.name, metric.key);
  define_axis(out, axis);
  page.open_table("seg", name);
  out.markup("<thead><tr>");
  page.head("", name);
  page.head("n", page.say(wording::kLift));
  page.plot_head(axis);
  out.markup("</tr></thead><tbody>");
  for (const Sensitivity& one : metric.sensitivities) {
    const LiftCell cell = lift_cell(one.relative, Tone::flat, page.numbers);
    const bool used = one.kind == "cap" && metric.cap && one.parameter && *metric.cap == *one.parameter;
    std::string note = used ? page.say(wording::kUsedAbove) : "";
    if (page.scorecard.arms.size() > 2)
      note += (note.empty() ? "" : " · ") + page.compared(one.arm, one.against);
    out.markup("<tr><th scope=\"row\">").text(treatment_text(metric, one, page.numbers));
    if (!note.empty()) out.markup("<small>").text(note).markup("</small>");
    out.markup("</th><td class=\"n\">");
    page.lift_cell(cell);
    out.markup("</td>");
    page.interval_cell(axis, {cell.figure, Look::ink, {}, {}});
    out.markup("</tr>");
  }
  out.markup("</tbody>");
  page.close_table();
}

void write_spenders(Page& page, std::vector<const MetricResult*> metrics) {
  const std::size_t left_out = metrics.size() > kMostMetrics ? metrics.size() - kMostMetrics : 0;
  metrics.resize(metrics.size() - left_out);
  page.open_section("spenders", wording::kSpenders);
  page.lede(page.say(wording::kSpendersLede));
  for (const MetricResult* metric : metrics) write_sensitivities(page, *metric);
  for (const MetricResult* metric : metrics) {
    double top = 0.0;
    for (const MetricArm& arm : metric->arms) top = std::max(top, arm.distribution.top_share.value_or(0.0));
    if (top > 0.0)
      page.out.markup("<p class=\"foot\">")
          .text(page.say(wording::kTopShare, {{"metric", shown_name(metric->name, metric->key)},
                                              {"share", page.numbers.share(top)}}))
          .markup("</p>");
  }
  if (left_out > 0)
    page.out.markup("<p class=\"foot\">")
        .text(
            page.say(wording::kMoreMetrics, {{"n", page.numbers.whole(static_cast<std::int64_t>(left_out))}}))
        .markup("</p>");
  page.close_section();
}

void write_power_chart(Page& page, const PowerSummary& power) {
  Writer& out = page.out;
  const std::string name = metric_name(page.scorecard, power.metric);
  TimeChart chart;
  chart.large = false;
  chart.signed_labels = false;
  std::vector<Figure> figures(power.points.size());
  Line line{{}, "ink"};
  for (std::size_t i = 0; i < power.points.size(); ++i) {
    figures[i].estimate = power.points[i].mde;
    line.points.push_back(
        {static_cast<double>(power.points[i].day), power.points[i].mde ? &figures[i] : nullptr});
  }
  chart.lines.push_back(std::move(line));
  chart.title = page.say(wording::kPowerTitle, {{"metric", name}});
  const auto& last = power.points.back();
  chart.summary = page.say(
      wording::kPowerSummary,
      {{"mde", last.mde ? page.numbers.percent(*last.mde, 1) : "–"}, {"n", page.numbers.whole(last.day)}});
  if (power.planned_mde) {
    chart.level = power.planned_mde;
    chart.level_text = page.say(wording::kPlannedLevel, {{"mde", page.numbers.share(*power.planned_mde)}});
  }
  out.markup("<h3>")
      .text(name)
      .markup("</h3><figure class=\"scroll small\" tabindex=\"0\" role=\"region\"")
      .attribute("aria-label", page.region_name(chart.title))
      .markup(">");
  time_chart(out, chart, page.numbers, page.next_id++);
  out.markup("</figure>");
}

void write_power(Page& page) {
  constexpr std::size_t kMostCharts = 2;
  page.open_section("enough", wording::kBigEnough);
  const auto& first = page.scorecard.power.front();
  page.lede(first.power ? page.say(wording::kPowerLede, {{"power", page.numbers.share(*first.power)}})
                        : page.say(wording::kPowerLedePlain));
  std::size_t charts = 0;
  for (const PowerSummary& power : page.scorecard.power)
    if (power.points.size() > 1 && charts++ < kMostCharts) write_power_chart(page, power);
  if (charts == 0)  // a table has one moment only: nothing to draw
    for (const ContentTable& table : power_tables(page.scorecard, page.numbers)) page.table(table);
  page.close_section();
}

}  // namespace

void write_spenders_and_power(Page& page) {
  const auto metrics = sensitive_metrics(page.scorecard);
  const bool power = !page.scorecard.power.empty();
  if (!metrics.empty() && power) page.out.markup("<div class=\"two\">");
  if (!metrics.empty()) write_spenders(page, metrics);
  if (power) write_power(page);
  if (!metrics.empty() && power) page.out.markup("</div>");
}

}  // namespace liftmark::reports::html
