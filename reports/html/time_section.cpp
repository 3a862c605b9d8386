// "Was it steady?": the cumulative lift with its intervals, for decision metrics and guardrails.
#include <algorithm>

#include "reports/html/page.hpp"

namespace liftmark::reports::html {
namespace {

constexpr std::size_t kMostCharts = 6;
constexpr std::size_t kMostRows = 16;

struct Shown {
  const MetricResult* metric;
  const Timeline* timeline;
  Tone tone;
};

/// A lift without an interval is not drawn: an interval stands beside every lift.
const Figure* drawn(const TimePoint& point) {
  const Figure& lift = point.relative;
  return lift.estimate && (lift.lower || lift.upper) ? &lift : nullptr;
}
bool has_drawn(const Timeline& timeline) {
  return std::any_of(timeline.points.begin(), timeline.points.end(),
                     [](const TimePoint& point) { return drawn(point) != nullptr; });
}

/// Cumulative lines of decision metrics first, then of guardrails.
std::vector<Shown> shown_lines(const Page& page) {
  std::vector<Shown> lines;
  for (const std::string_view role : {"primary", "guardrail"})
    for (const MetricResult& metric : page.scorecard.metrics) {
      if (metric.role != role) continue;
      for (const Timeline& timeline : metric.timelines) {
        if (timeline.kind != "cumulative" || timeline.points.size() < 2 || !has_drawn(timeline)) continue;
        Tone tone = Tone::flat;
        for (const Comparison& comparison : metric.comparisons)
          if (comparison.arm == timeline.arm && comparison.against == timeline.against)
            tone = tone_of(shown_reading(page.scorecard, comparison));
        lines.push_back({&metric, &timeline, tone});
      }
    }
  return lines;
}

std::string hue_of(Tone tone) {
  if (tone == Tone::good) return "good";
  return tone == Tone::bad ? "bad" : "flat";
}

void write_chart(Page& page, const Shown& shown, bool large, bool several) {
  Writer& out = page.out;
  const std::string hue = hue_of(shown.tone);
  const std::string name = shown_name(shown.metric->name, shown.metric->key);
  const TimePoint& last = shown.timeline->points.back();
  const LiftText lift = page.numbers.lift(last.relative);
  TimeChart chart;
  chart.large = large;
  chart.title =
      page.say(wording::kChartTitle,
               {{"metric", name}, {"arm", page.compared(shown.timeline->arm, shown.timeline->against)}});
  chart.summary = page.say(
      wording::kChartSummary,
      {{"n", page.numbers.whole(last.day)},
       {"lift", lift.empty() ? "–" : lift.estimate},
       {"interval", lift.empty() ? reason_word(last.relative.reason, page.language()) : lift.interval}});
  Line line{{}, hue};
  for (const TimePoint& point : shown.timeline->points)
    line.points.push_back({static_cast<double>(point.day), drawn(point)});
  chart.lines.push_back(std::move(line));
  if (page.colours() && shown.timeline->first_clear_day &&
      (shown.tone == Tone::good || shown.tone == Tone::bad)) {
    chart.marked_day = shown.timeline->first_clear_day;
    chart.mark = page.say(large ? wording::kFirstClear : wording::kFirstClearShort,
                          {{"n", page.numbers.whole(*shown.timeline->first_clear_day)}});
  }
  if (several) {
    out.markup("<h3>").text(name);
    if (page.scorecard.arms.size() > 2)
      out.text(" · " + page.compared(shown.timeline->arm, shown.timeline->against));
    out.markup("</h3>");
  }
  out.markup("<figure class=\"scroll\" tabindex=\"0\" role=\"region\"")
      .attribute("aria-label", page.region_name(chart.title))
      .markup(">");
  time_chart(out, chart, page.numbers, page.next_id++);
  out.markup("</figure>");
}

void write_rows(Page& page, const Shown& shown) {
  Writer& out = page.out;
  const auto& points = shown.timeline->points;
  const std::string name =
      page.say(wording::kChartTitle, {{"metric", shown_name(shown.metric->name, shown.metric->key)},
                                      {"arm", page.compared(shown.timeline->arm, shown.timeline->against)}});
  out.markup("<details><summary>").text(page.say(wording::kTableBehind)).markup("</summary>");
  page.open_table("plain", name);
  out.markup("<thead><tr>");
  page.head("", page.say(wording::kDayHead));
  page.head("", page.say(wording::kUnitsSoFar));
  page.head("", page.say(wording::kLift));
  page.head("", page.say(wording::kIntervalHead));
  out.markup("</tr></thead><tbody>");
  const std::size_t every = (points.size() + kMostRows - 1) / kMostRows;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if ((points.size() - 1 - i) % every != 0) continue;
    const LiftText lift = page.numbers.lift(points[i].relative);
    out.markup("<tr><th scope=\"row\">").text(page.numbers.whole(points[i].day)).markup("</th><td>");
    out.text(page.numbers.whole(points[i].units))
        .markup("</td><td>")
        .text(lift.empty() ? "–" : lift.estimate)
        .markup("</td><td>");
    out.text(lift.empty() ? reason_word(points[i].relative.reason, page.language()) : lift.interval)
        .markup("</td></tr>");
  }
  out.markup("</tbody>");
  page.close_table();
  if (every > 1) out.markup("<p class=\"foot\">").text(page.say(wording::kRestInCsv)).markup("</p>");
  out.markup("</details>");
}

bool is_other_line(const MetricResult& metric, const Timeline& timeline) {
  return metric.role == "primary" && (timeline.kind == "daily" || timeline.kind == "since_exposure") &&
         timeline.points.size() >= 2 && has_drawn(timeline);
}
bool has_other_lines(const Scorecard& scorecard) {
  for (const MetricResult& metric : scorecard.metrics)
    for (const Timeline& timeline : metric.timelines)
      if (is_other_line(metric, timeline)) return true;
  return false;
}

/// Day by day, and by days since first exposure: lines of decision metrics beside the cumulative ones, as
/// many as there is room for.
void write_other_lines(Page& page, std::size_t room) {
  Writer& out = page.out;
  std::size_t written = 0;
  for (const MetricResult& metric : page.scorecard.metrics) {
    for (const Timeline& timeline : metric.timelines) {
      if (!is_other_line(metric, timeline) || written == room) continue;
      const bool daily = timeline.kind == "daily";
      TimeChart chart;
      chart.large = false;
      chart.title = page.say(daily ? wording::kDaily : wording::kSinceExposure) + ": " +
                    shown_name(metric.name, metric.key) + ", " +
                    page.compared(timeline.arm, timeline.against);
      Line line{{}, "ink"};
      for (const TimePoint& point : timeline.points)
        line.points.push_back({static_cast<double>(point.day), drawn(point)});
      chart.lines.push_back(std::move(line));
      ++written;
      out.markup("<div class=\"keep\"><h3>")
          .text(chart.title)
          .markup("</h3><figure class=\"scroll\" tabindex=\"0\" role=\"region\"")
          .attribute("aria-label", page.region_name(chart.title))
          .markup(">");
      time_chart(out, chart, page.numbers, page.next_id++);
      out.markup("</figure></div>");
    }
  }
}

}  // namespace

void write_time(Page& page) {
  const std::vector<Shown> lines = shown_lines(page);
  if (lines.empty()) return;
  Writer& out = page.out;
  page.open_section("steady", wording::kSteady);
  page.lede(page.say(wording::kSteadyLede));
  const bool several = lines.size() > 1;
  write_chart(page, lines.front(), true, several);
  write_rows(page, lines.front());
  const std::size_t room = kMostCharts - std::min(lines.size(), kMostCharts);
  if (several || (room > 0 && has_other_lines(page.scorecard))) {
    out.markup("<div class=\"two small\">");
    for (std::size_t i = 1; i < std::min(lines.size(), kMostCharts); ++i) {
      out.markup("<div class=\"keep\">");
      write_chart(page, lines[i], false, true);
      write_rows(page, lines[i]);
      out.markup("</div>");
    }
    write_other_lines(page, room);
    out.markup("</div>");
  }
  for (const ContentTable& table : trend_tables(page.scorecard, page.numbers)) page.table(table);
  if (lines.size() > kMostCharts)
    out.markup("<p class=\"foot\">")
        .text(page.say(wording::kMoreCharts,
                       {{"n", page.numbers.whole(static_cast<std::int64_t>(lines.size() - kMostCharts))}}))
        .markup("</p>");
  page.close_section();
}

}  // namespace liftmark::reports::html
