#include "reports/html/page.hpp"

#include "reports/formats.hpp"
#include "reports/html/style.hpp"
#include "reports/unicode.hpp"

namespace liftmark::reports {
namespace html {

void Page::open_section(Markup id, const Phrase& title) {
  out.markup("<section aria-labelledby=\"").markup(id).markup("\"><h2 id=\"").markup(id).markup("\">");
  ++regions[std::string(text_of(title, language()))];  // the section is a region of this name itself
  out.text(text_of(title, language())).markup("</h2>");
}

void Page::lede(std::string_view text) {
  out.markup("<p class=\"lede\">").text(text).markup("</p>");
}

std::string Page::region_name(std::string_view name) {
  const int times = ++regions[std::string(name)];
  return times == 1 ? std::string(name) : std::string(name) + " (" + std::to_string(times) + ")";
}

void Page::open_table(Markup kind, std::string_view name) {
  out.markup("<div class=\"scroll\" tabindex=\"0\" role=\"region\"")
      .attribute("aria-label", region_name(name));
  out.markup("><table class=\"").markup(kind).markup("\">");
}

void Page::head(Markup kind, std::string_view text) {
  out.markup("<th scope=\"col\"");
  if (!kind.text().empty()) out.markup(" class=\"").markup(kind).markup("\"");
  out.markup(">").text(text).markup("</th>");
}

void Page::plot_head(const Axis& axis) {
  out.markup("<th scope=\"col\" class=\"plot\">");
  axis_labels(out, axis, numbers);
  out.markup("<span class=\"vh\">").text(text_of(wording::kIntervalHead, language())).markup("</span></th>");
}

void Page::lift_cell(const LiftCell& cell) {
  if (cell.figure == nullptr) {
    out.markup("–<small class=\"m\">").text(cell.missing).markup("</small>");
    return;
  }
  out.markup("<b>")
      .text(cell.text.estimate)
      .markup("</b><small>")
      .text(cell.text.interval)
      .markup("</small>");
}

void Page::interval_cell(const Axis& axis, const IntervalRow& row) {
  out.markup("<td class=\"plot\">");
  interval_row(out, axis, row, numbers);
  out.markup("</td>");
}

void Page::table(const ContentTable& table) {
  if (!table.title.empty()) out.markup("<h3>").text(table.title).markup("</h3>");
  open_table("plain full rows", table.title.empty() ? table.head.front() : table.title);
  out.markup("<thead><tr>");
  for (std::size_t i = 0; i < table.head.size(); ++i)
    head(i < table.names ? Markup("l") : Markup(""), table.head[i]);
  out.markup("</tr></thead><tbody>");
  for (const auto& row : table.rows) {
    out.markup("<tr><th class=\"l\" scope=\"row\">").text(row.front()).markup("</th>");
    for (std::size_t i = 1; i < row.size(); ++i)
      out.markup(i < table.names ? Markup("<td class=\"l\">") : Markup("<td>")).text(row[i]).markup("</td>");
    out.markup("</tr>");
  }
  out.markup("</tbody>");
  close_table();
}

std::string metric_name(const Scorecard& scorecard, const std::string& key) {
  for (const MetricResult& metric : scorecard.metrics)
    if (metric.key == key) return shown_name(metric.name, metric.key);
  return visible(key);
}

std::size_t arm_index(const Scorecard& scorecard, const std::string& arm) {
  std::size_t index = 0;
  while (index < scorecard.arms.size() && scorecard.arms[index].key != arm) ++index;
  return index;
}

void write_header(Page& page) {
  Writer& out = page.out;
  out.markup("<a class=\"skip\" href=\"#moved\">")
      .text(page.say(wording::kSkip))
      .markup("</a><header class=\"top\"><div>");
  out.markup("<p class=\"crumb\">").text(page.say(wording::kReport)).markup("</p><h1>");
  out.text(shortened(page.content.title, 160)).markup("</h1>");
  if (!page.content.hypothesis.empty())
    out.markup("<p class=\"hyp\">").text(page.content.hypothesis).markup("</p>");
  out.markup("</div><dl>");
  for (const Fact& fact : page.content.facts)
    out.markup("<div><dt>").text(fact.label).markup("</dt><dd>").text(fact.value).markup("</dd></div>");
  out.markup("</dl></header>");
}

namespace {

void write_hero(Page& page, const Hero& hero) {
  Writer& out = page.out;
  const Look look = look_of(hero.lift.tone);
  const bool struck = hero.lift.tone == Tone::withheld;
  out.markup("<figure class=\"key\"><figcaption>")
      .text(shortened(hero.caption, 120))
      .markup("</figcaption><p class=\"big");
  if (look == Look::good) out.markup(" good");
  if (look == Look::bad) out.markup(" bad");
  if (struck) out.markup(" withheld");
  out.markup("\">")
      .markup(struck && page.withheld ? Markup("<s>") : Markup("<span>"))
      .text(hero.lift.text.estimate);
  out.markup(struck && page.withheld ? Markup("</s>") : Markup("</span>")).markup("</p><p class=\"rng\">");
  if (!hero.caveat.empty()) out.markup("<b>").text(hero.caveat).markup("</b> ");
  out.text(hero.interval).markup("</p>");
  hero_interval(out, *hero.lift.figure, look, page.numbers);
  out.markup("<p class=\"sub\">").text(hero.sub).markup("</p></figure>");
}

Markup tone_class(Tone tone) {
  if (tone == Tone::good) return "good";
  return tone == Tone::bad ? Markup("bad") : Markup("flat");
}

}  // namespace

void write_verdict(Page& page) {
  Writer& out = page.out;
  const VerdictBox& verdict = page.content.verdict;
  out.markup("<section class=\"verdict ").markup(tone_class(verdict.tone));
  if (!page.content.hero) out.markup(" alone");
  out.markup("\" aria-labelledby=\"v\"><div><p class=\"eyebrow\">");
  if (!verdict.tag.empty())
    out.markup("<span class=\"tag\">").text(shortened(verdict.tag, 40)).markup("</span> ");
  out.text(verdict.rule)
      .markup("</p><h2 id=\"v\">")
      .text(shortened(verdict.headline, 160))
      .markup("</h2><p class=\"why\">");
  for (const Rich& why : verdict.why) out.rich(why).markup(" ");
  out.markup("</p>");
  if (!page.content.others.empty()) {
    out.markup("<ul class=\"others\">");
    for (const VerdictBox& other : page.content.others) {
      out.markup("<li><span class=\"tag ")
          .markup(tone_class(other.tone))
          .markup("\">")
          .text(other.tag)
          .markup("</span> <b>");
      out.text(other.headline).markup("</b> – ");
      for (const Rich& why : other.why) out.rich(why);
      out.markup("</li>");
    }
    out.markup("</ul>");
  }
  out.markup("</div>");
  if (page.content.hero) write_hero(page, *page.content.hero);
  out.markup("</section>");
  if (page.content.notes.empty()) return;
  out.markup("<section class=\"look\" aria-labelledby=\"look\"><h2 id=\"look\">")
      .text(page.content.notes_title)
      .markup("</h2><ul>");
  for (const Rich& note : page.content.notes) out.markup("<li>").rich(note).markup("</li>");
  out.markup("</ul></section>");
}

void write_checks(Page& page) {
  if (page.content.checks.empty()) return;
  Writer& out = page.out;
  page.open_section("trust", wording::kTrust);
  out.markup("<ul class=\"checks\">");
  for (const CheckLine& check : page.content.checks) {
    out.markup("<li").attribute("class", check.status == "passed"    ? "passed"
                                         : check.status == "watched" ? "watched"
                                         : check.status == "failed"  ? "failed"
                                                                     : "not_run");
    out.markup("><span class=\"ic\" aria-hidden=\"true\">")
        .text(symbol_of_check(check.status))
        .markup("</span><span><b>");
    out.text(check.title).markup("</b> ");
    const bool quiet = check.status == "passed";
    out.markup(quiet ? Markup("<span class=\"vh\">") : Markup("<span>"))
        .text(check.status_word)
        .markup("</span><small>");
    out.text(check.detail).markup("</small></span></li>");
  }
  out.markup("</ul>");
  page.close_section();
}

void open_document(Writer& out, std::string_view title, Language language) {
  out.markup("<!doctype html>\n<html").attribute("lang", language == Language::german ? "de" : "en");
  out.markup("><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\"");
  out.attribute("content", content_security_policy())
      .markup(">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
  out.markup(
      "<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"referrer\" content=\"no-referrer\">");
  out.markup("<link rel=\"icon\" href=\"data:,\">\n<title>")
      .text(title)
      .markup("</title><style>")
      .markup(kStyle);
  out.markup("</style></head><body>\n");
}

}  // namespace html

std::string render_html(const Scorecard& scorecard, const RenderOptions& options) {
  using namespace html;
  const Content content = content_of(scorecard, options);
  const Numbers numbers = numbers_for(scorecard, options);
  Page page{scorecard, content, numbers, is_withheld(scorecard), is_before_horizon(scorecard), {}, 1, {}};
  open_document(page.out, shortened(content.title, 80) + ": " + shortened(content.verdict.headline, 80),
                options.language);
  write_header(page);
  page.out.markup("<main>\n");
  constexpr std::array kSections{write_verdict,
                                 write_checks,
                                 write_scorecard,
                                 write_time,
                                 write_population,
                                 write_groups,
                                 write_spenders_and_power,
                                 write_money,
                                 write_ledger,
                                 write_plan,
                                 write_method};
  for (const auto write : kSections) {
    write(page);
    page.out.markup("\n");
  }
  page.out.markup("</main></body></html>\n");
  return page.out.take();
}

}  // namespace liftmark::reports
