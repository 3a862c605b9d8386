// "Did some groups react differently?": one table per metric and variant, coloured only where groups differ.
#include <algorithm>
#include <cmath>

#include "reports/axis.hpp"
#include "reports/html/page.hpp"

namespace liftmark::reports::html {
namespace {

constexpr std::size_t kMostRows = 40;

/// The tables of one metric and one variant, in the scorecard's order.
struct Block {
  const SegmentTable* first;
  std::vector<const SegmentTable*> tables;
};

std::vector<Block> blocks_of(const Scorecard& scorecard) {
  std::vector<Block> blocks;
  for (const SegmentTable& table : scorecard.segments) {
    const auto same = std::find_if(blocks.begin(), blocks.end(), [&](const Block& block) {
      return block.first->metric == table.metric && block.first->arm == table.arm &&
             block.first->against == table.against;
    });
    if (same == blocks.end()) {
      blocks.push_back({&table, {&table}});
    } else {
      same->tables.push_back(&table);
    }
  }
  return blocks;
}

const Comparison* comparison_of(const SegmentRow& row, const SegmentTable& table) {
  for (const Comparison& one : row.comparisons)
    if (one.arm == table.arm || row.comparisons.size() == 1) return &one;
  return nullptr;
}

std::optional<double> overall_lift(const Page& page, const SegmentTable& table) {
  for (const MetricResult& metric : page.scorecard.metrics)
    for (const Comparison& one : metric.comparisons)
      if (metric.key == table.metric && one.arm == table.arm && one.against == table.against)
        return one.relative.estimate;
  return std::nullopt;
}

Axis axis_of(Page& page, const Block& block) {
  std::vector<double> reaches;
  for (const SegmentTable* table : block.tables)
    for (const SegmentRow& row : table->rows)
      if (const Comparison* one = comparison_of(row, *table))
        for (const auto& end : {one->relative.lower, one->relative.upper})
          if (end) reaches.push_back(std::abs(*end));
  return {axis_for(std::move(reaches)), page.next_id++, {}};
}

bool has_shrunken(const SegmentTable& table) {
  return std::any_of(table.rows.begin(), table.rows.end(),
                     [](const auto& row) { return row.shrunken.has_value(); });
}

void write_row(Page& page, const Axis& axis, const SegmentTable& table, std::size_t index, bool pulled) {
  Writer& out = page.out;
  const SegmentRow& row = table.rows[index];
  const Comparison* one = comparison_of(row, table);
  const bool coloured = table.differs && page.colours() && one != nullptr;
  const Look look = coloured ? look_of(tone_of(one->reading)) : Look::ink;
  const LiftCell cell = one != nullptr ? lift_cell(one->relative, Tone::flat, page.numbers)
                                       : LiftCell{nullptr, {}, "–", Tone::flat};
  out.markup("<tr>");
  if (index == 0) {
    out.markup("<th class=\"dim\" scope=\"rowgroup\"")
        .attribute("rowspan", std::to_string(std::min(table.rows.size(), kMostRows)))
        .markup(">");
    out.text(page.word(table.dimension, wording::kDimensions));
    if (table.heterogeneity_p_value) {
      const std::string p = page.numbers.p_value(*table.heterogeneity_p_value);
      out.markup("<small>")
          .text(page.say(wording::kDiffersP, {{"p", p.starts_with('<') ? p : "= " + p}}))
          .markup("</small>");
    }
    out.markup("</th>");
  }
  out.markup("<th scope=\"row\">").text(visible(row.group)).markup("</th><td class=\"n\">");
  out.text(row.share ? page.numbers.share(*row.share) : page.numbers.whole(row.units))
      .markup("</td><td class=\"n\">");
  page.lift_cell(cell);
  out.markup("</td>");
  if (pulled) {
    const LiftText text = row.shrunken ? page.numbers.lift(*row.shrunken) : LiftText{};
    out.markup("<td class=\"n\">").text(text.empty() ? "–" : text.estimate);
    if (!text.empty()) out.markup("<small>").text(text.interval).markup("</small>");
    out.markup("</td>");
  }
  page.interval_cell(axis, {cell.figure, look, {}, overall_lift(page, table)});
  out.markup("</tr>");
}

void write_block(Page& page, const Block& block, bool titled) {
  Writer& out = page.out;
  const Axis axis = axis_of(page, block);
  std::string title = metric_name(page.scorecard, block.first->metric);
  if (page.scorecard.arms.size() > 2) title += " · " + page.compared(block.first->arm, block.first->against);
  define_axis(out, axis);
  if (titled) out.markup("<h3>").text(title).markup("</h3>");
  page.open_table("seg six", title);
  out.markup("<thead><tr>");
  page.head("", page.say(wording::kDimension));
  page.head("", page.say(wording::kGroup));
  page.head("n", page.say(wording::kShare));
  page.head("n", page.say(wording::kLift));
  const bool pulled = std::any_of(block.tables.begin(), block.tables.end(),
                                  [](const SegmentTable* table) { return has_shrunken(*table); });
  if (pulled) page.head("n", page.say(wording::kShrunken));
  page.plot_head(axis);
  out.markup("</tr></thead>");
  std::size_t left_out = 0;
  for (const SegmentTable* table : block.tables) {
    const std::size_t shown = std::min(table->rows.size(), kMostRows);
    left_out += table->rows.size() - shown;
    out.markup("<tbody>");
    for (std::size_t i = 0; i < shown; ++i) write_row(page, axis, *table, i, pulled);
    out.markup("</tbody>");
  }
  page.close_table();
  if (left_out > 0)
    out.markup("<p class=\"foot\">")
        .text(page.say(wording::kMoreRows, {{"n", page.numbers.whole(static_cast<std::int64_t>(left_out))}}))
        .markup("</p>");
}

std::string lede_of(const Page& page) {
  std::string differing;
  for (const SegmentTable& table : page.scorecard.segments)
    if (table.differs) {
      const std::string name = page.word(table.dimension, wording::kDimensions);
      if (("," + differing + ",").find("," + name + ",") == std::string::npos)
        differing += (differing.empty() ? "" : ", ") + name;
    }
  if (!page.colours() || differing.empty()) return page.say(wording::kNoneDiffer);
  return page.say(wording::kSomeDiffer, {{"dimensions", differing}});
}

}  // namespace

void write_groups(Page& page) {
  const std::vector<Block> blocks = blocks_of(page.scorecard);
  if (blocks.empty()) return;
  page.open_section("groups", wording::kGroups);
  const auto& segments = page.scorecard.segments;
  const bool pulled = std::any_of(segments.begin(), segments.end(), has_shrunken);
  page.lede(lede_of(page) + (pulled ? " " + page.say(wording::kShrunkenLede) : ""));
  for (const Block& block : blocks) write_block(page, block, blocks.size() > 1);
  page.close_section();
}

}  // namespace liftmark::reports::html
