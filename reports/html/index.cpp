#include "reports/index.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/axis.hpp"
#include "reports/html/page.hpp"
#include "reports/html/style.hpp"

namespace liftmark::reports {
namespace html {
namespace {

/// What stands in one row, and where it belongs.
struct Row {
  const IndexEntry* entry;
  Content content;
  int group;  ///< 0 to decide, 1 running, 2 the rest
};

int group_of(const Scorecard& scorecard) {
  const std::string& word = scorecard.verdict.word;
  const bool over = scorecard.experiment.status == "stopped" || scorecard.experiment.status == "archived";
  if (over) return 2;
  if (is_withheld(scorecard) || word == "Ship" || word == "Stop") return 0;
  return 1;
}

/// A link to a file beside this one; every byte that could mean more than a name is percent-encoded.
std::string link_of(std::string_view file) {
  std::string link = "./";
  for (const char character : file) {
    const auto byte = static_cast<unsigned char>(character);
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= '0' && byte <= '9') || character == '-' || character == '.' ||
                       character == '_';
    link += plain ? std::string(1, character) : fmt::format("%{:02X}", byte);
  }
  return link;
}

/// Failed and watched checks by name, or "all passed".
std::string health_of(const Page& page) {
  std::string troubled;
  for (const CheckLine& check : page.content.checks)
    if (check.status == "failed" || check.status == "watched")
      troubled += (troubled.empty() ? "" : ", ") + check.title + " (" + check.status_word + ")";
  if (!troubled.empty()) return std::string("! ") + troubled;
  return page.content.checks.empty() ? "–" : "✓ " + page.say(wording::kAllPassed);
}

std::string time_of(const Page& page) {
  const Scorecard& card = page.scorecard;
  if (is_before_horizon(card))
    return page.say(wording::kNotUntil, {{"date", page.numbers.date(*card.verdict.not_until)}});
  const auto days = card.verdict.days_to_go;
  if (!days || *days <= 0) return "–";
  return page.say(*days == 1 ? wording::kOneDayToGo : wording::kDaysToGo, {{"n", page.numbers.whole(*days)}});
}

void write_row(Page& page, const Row& row, const Axis& axis) {
  Writer& out = page.out;
  const Content& content = page.content;
  out.markup("<tr><th scope=\"row\">");
  const std::string name = shortened(content.title, 80);
  if (row.entry->file.empty()) {
    out.text(name);
  } else {
    out.markup("<a")
        .attribute("href", link_of(row.entry->file) + row.entry->query)
        .markup(">")
        .text(name)
        .markup("</a>");
  }
  out.markup("<small>").text(shortened(content.key, 60)).markup("</small></th><td>");
  out.text(page.word(page.scorecard.experiment.status, wording::kStatuses))
      .markup("</td><td><span class=\"tag ");
  out.markup(content.verdict.tone == Tone::good  ? Markup("good")
             : content.verdict.tone == Tone::bad ? Markup("bad")
                                                 : Markup("flat"));
  out.markup("\">").text(shortened(content.verdict.tag, 30)).markup("</span></td><td class=\"n\">");
  if (content.hero) {
    page.lift_cell(content.hero->lift);
  } else {
    out.markup("–");
  }
  out.markup("</td>");
  page.interval_cell(axis, {content.hero ? content.hero->lift.figure : nullptr,
                            content.hero ? look_of(content.hero->lift.tone) : Look::flat,
                            {},
                            {}});
  out.markup("<td>").text(time_of(page)).markup("</td><td>").text(health_of(page)).markup("</td></tr>");
}

Axis axis_of(const std::vector<Row>& rows) {
  std::vector<double> reaches;
  for (const Row& row : rows)
    if (row.content.hero)
      for (const auto& end : {row.content.hero->lift.figure->lower, row.content.hero->lift.figure->upper})
        if (end) reaches.push_back(std::abs(*end));
  return {axis_for(std::move(reaches)), 1, {}};
}

void write_table(Writer& out, const std::vector<Row>& rows, int group, const RenderOptions& options) {
  const Numbers numbers(options.language, options.currency);
  const Axis axis = axis_of(rows);
  const auto say = [&](const Phrase& phrase) { return std::string(text_of(phrase, options.language)); };
  constexpr std::array<Phrase, 3> kTitles{wording::kToDecide, wording::kRunning, wording::kTheRest};
  const Phrase& title = kTitles[static_cast<std::size_t>(group)];
  if (std::none_of(rows.begin(), rows.end(), [&](const Row& row) { return row.group == group; })) return;
  out.markup("<section")
      .attribute("aria-labelledby", fmt::format("s{}", group))
      .markup("><h2")
      .attribute("id", fmt::format("s{}", group));
  out.markup(">")
      .text(say(title))
      .markup("</h2><div class=\"scroll\" tabindex=\"0\" role=\"region\"")
      .attribute("aria-label", say(wording::kExperiments) + ": " + say(title));
  out.markup("><table class=\"seg list\"><thead><tr>");
  const auto head = [&](Markup kind, const Phrase& phrase) {
    out.markup("<th scope=\"col\" class=\"").markup(kind).markup("\">").text(say(phrase)).markup("</th>");
  };
  head("", wording::kExperiment);
  head("", wording::kStatus);
  head("", wording::kVerdict);
  head("n", wording::kLift);
  out.markup("<th scope=\"col\" class=\"plot\">");
  axis_labels(out, axis, numbers);
  out.markup("<span class=\"vh\">").text(say(wording::kIntervalHead)).markup("</span></th>");
  head("", wording::kToGo);
  head("", wording::kHealth);
  out.markup("</tr></thead><tbody>");
  for (const Row& row : rows) {
    if (row.group != group) continue;
    const Scorecard& card = *row.entry->scorecard;
    const Numbers own = numbers_for(card, options);
    Page page{card, row.content, own, is_withheld(card), is_before_horizon(card), std::move(out), 1, {}};
    write_row(page, row, axis);
    out = std::move(page.out);
  }
  out.markup("</tbody></table></div></section>");
}

}  // namespace
}  // namespace html

std::string render_index(const std::vector<IndexEntry>& entries, const RenderOptions& options) {
  using namespace html;
  std::vector<Row> rows;
  for (const IndexEntry& entry : entries)
    rows.push_back({&entry, content_of(*entry.scorecard, options), group_of(*entry.scorecard)});
  Writer out;
  const std::string title(text_of(wording::kExperiments, options.language));
  open_document(out, title, options.language);
  out.markup("<header class=\"top\"><div><p class=\"crumb\">liftmark</p><h1>")
      .text(title)
      .markup("</h1></div></header><main>");
  if (rows.empty()) {
    out.markup("<p class=\"lede\">").text(text_of(wording::kNoExperiments, options.language)).markup("</p>");
  } else {
    define_axis(out, axis_of(rows));
  }
  for (int group = 0; group < 3; ++group) write_table(out, rows, group, options);
  out.markup("</main></body></html>\n");
  return out.take();
}

}  // namespace liftmark::reports
