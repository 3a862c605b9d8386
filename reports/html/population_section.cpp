// "Who was in it, and where did they go?": the split, what is known of each arm, the funnel.
#include <algorithm>
#include <cmath>

#include "reports/axis.hpp"
#include "reports/html/page.hpp"

namespace liftmark::reports::html {
namespace {

Markup swatch(std::string_view hue) {
  if (hue == "c") return "<span class=\"sw c\"></span> ";
  return hue == "t" ? Markup("<span class=\"sw\"></span> ") : Markup("<span class=\"sw u\"></span> ");
}

void write_split(Page& page) {
  Writer& out = page.out;
  double total = 0.0;
  for (const ArmSummary& arm : page.scorecard.arms) total += static_cast<double>(arm.units);
  std::string spoken;
  out.markup("<p class=\"legend\">");
  for (std::size_t i = 0; i < page.scorecard.arms.size(); ++i) {
    const ArmSummary& arm = page.scorecard.arms[i];
    const std::string text =
        visible(arm.key) + ", " + page.say(wording::kUnits, {{"n", page.numbers.whole(arm.units)}});
    out.markup(swatch(arm_hue(i))).text(text).markup(" ");
    spoken += (spoken.empty() ? "" : "; ") + text;
  }
  out.markup("</p>");
  if (total <= 0.0) return;
  out.markup("<svg class=\"split\" height=\"44\" role=\"img\"").attribute("aria-label", spoken).markup(">");
  double from = 0.0, planned = 0.0;
  for (std::size_t i = 0; i < page.scorecard.arms.size(); ++i) {
    const double width = 100.0 * static_cast<double>(page.scorecard.arms[i].units) / total;
    out.markup("<rect class=\"bar ").text(arm_hue(i)).markup("\" y=\"14\" height=\"20\"").percent("x", from);
    out.percent("width", std::max(width - 0.2, 0.1)).markup("/>");
    from += width;
  }
  for (std::size_t i = 0; i + 1 < page.scorecard.arms.size(); ++i) {
    if (!page.scorecard.arms[i].expected_share) break;
    planned += 100.0 * *page.scorecard.arms[i].expected_share;
    out.markup("<line class=\"evt\" y1=\"8\" y2=\"40\"")
        .percent("x1", planned)
        .percent("x2", planned)
        .markup("/>");
    if (i == 0)
      out.markup("<text class=\"tk\" y=\"9\" dx=\"5\"")
          .percent("x", planned)
          .markup(">")
          .text(page.say(wording::kPlannedSplit))
          .markup("</text>");
  }
  out.markup("</svg>");
}

/// Settled, fallback, crossed and erased units per arm; only columns that say something.
void write_arms(Page& page) {
  Writer& out = page.out;
  out.markup("<details><summary>").text(page.say(wording::kArmsTable)).markup("</summary>");
  page.open_table("plain", page.say(wording::kArmsTable));
  out.markup("<thead><tr>");
  page.head("l", page.say(wording::kArm));
  for (const Phrase& phrase : {wording::kUnitsHead, wording::kPlannedShare, wording::kSettled,
                               wording::kFallback, wording::kCrossed, wording::kErased})
    page.head("", page.say(phrase));
  out.markup("</tr></thead><tbody>");
  const auto share = [&](const std::optional<double>& value) {
    return value ? page.numbers.share(*value) : std::string("–");
  };
  for (const ArmSummary& arm : page.scorecard.arms) {
    out.markup("<tr><th class=\"l\" scope=\"row\">").text(visible(arm.key)).markup("</th>");
    for (const std::string& text :
         {page.numbers.whole(arm.units), share(arm.expected_share), share(arm.settled_share),
          share(arm.fallback_share), page.numbers.whole(arm.crossed_units),
          page.numbers.whole(arm.erased_units)})
      out.markup("<td>").text(text).markup("</td>");
    out.markup("</tr>");
  }
  out.markup("</tbody>");
  page.close_table();
  out.markup("</details>");
}

void step_bars(Page& page, const FunnelStep& step) {
  Writer& out = page.out;
  out.markup("<td class=\"share\"><svg aria-hidden=\"true\"")
      .coordinate("height", 12.0 * static_cast<double>(step.arms.size()))
      .markup(">");
  for (std::size_t i = 0; i < step.arms.size(); ++i) {
    out.markup("<rect class=\"bar ")
        .text(arm_hue(i))
        .markup("\" height=\"10\"")
        .coordinate("y", 12.0 * static_cast<double>(i));
    out.percent("width", 100.0 * std::clamp(step.arms[i].share.value_or(0.0), 0.0, 1.0)).markup("/>");
  }
  out.markup("</svg></td>");
}

void funnel_rows(Page& page, const Axis& axis, const FunnelStep& step) {
  Writer& out = page.out;
  const std::size_t rows = std::max<std::size_t>(1, step.changes.size());
  for (std::size_t row = 0; row < rows; ++row) {
    out.markup("<tr>");
    if (row == 0) {
      out.markup("<th scope=\"row\"")
          .attribute("rowspan", std::to_string(rows))
          .markup(">")
          .text(visible(step.step))
          .markup("</th>");
      step_bars(page, step);
      for (const FunnelStep::Arm& arm : step.arms)
        out.markup("<td class=\"n\">")
            .text(arm.share ? page.numbers.percent(*arm.share, 2) : page.numbers.whole(arm.units))
            .markup("</td>");
    } else {
      out.markup("<td").attribute("colspan", std::to_string(step.arms.size() + 1)).markup("></td>");
    }
    if (step.changes.empty()) {
      out.markup("<td class=\"n\">–</td>");
      page.interval_cell(axis, {});
    } else {
      const FunnelStep::Change& change = step.changes[row];
      const LiftCell cell = lift_cell(change.relative, Tone::flat, page.numbers);
      out.markup("<td class=\"n\">");
      page.lift_cell(cell);
      if (rows > 1) out.markup("<small>").text(page.compared(change.arm, change.against)).markup("</small>");
      out.markup("</td>");
      page.interval_cell(axis, {cell.figure, Look::ink, {}, {}});
    }
    out.markup("</tr>");
  }
}

void write_funnel(Page& page, const Funnel& funnel) {
  Writer& out = page.out;
  std::vector<double> reaches;
  for (const FunnelStep& step : funnel.steps)
    for (const FunnelStep::Change& change : step.changes)
      for (const auto& end : {change.relative.lower, change.relative.upper})
        if (end) reaches.push_back(std::abs(*end));
  const Axis axis{axis_for(std::move(reaches)), page.next_id++, {}};
  const std::string name = shown_name(funnel.name, funnel.metric);
  define_axis(out, axis);
  if (page.scorecard.funnels.size() > 1) out.markup("<h3>").text(name).markup("</h3>");
  page.open_table("fun", name);
  out.markup("<thead><tr>");
  page.head("", page.say(wording::kStep));
  page.head("share", page.say(wording::kGotThisFar));
  if (!funnel.steps.empty())
    for (const FunnelStep::Arm& arm : funnel.steps.front().arms)
      page.head("n", shortened(visible(arm.arm), 22));
  page.head("n", page.say(wording::kStepRate));
  page.plot_head(axis);
  out.markup("</tr></thead><tbody>");
  for (const FunnelStep& step : funnel.steps) funnel_rows(page, axis, step);
  out.markup("</tbody>");
  page.close_table();
}

}  // namespace

void write_population(Page& page) {
  if (page.scorecard.arms.empty()) return;
  page.open_section("who", wording::kWho);
  write_split(page);
  for (const Funnel& funnel : page.scorecard.funnels) write_funnel(page, funnel);
  write_arms(page);
  page.close_section();
}

}  // namespace liftmark::reports::html
