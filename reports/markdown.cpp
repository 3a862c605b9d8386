// The report for chat and mail: verdict, checks, tables. Names are escaped so that they stay names.
#include "reports/content.hpp"
#include "reports/formats.hpp"
#include "reports/tables.hpp"
#include "reports/unicode.hpp"

namespace liftmark::reports {
namespace {

/// Everything that Markdown or HTML inside it could act on gets a backslash or a character reference.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char character : text) {
    if (character == '<') {
      out += "&lt;";
    } else if (character == '&') {
      out += "&amp;";
    } else {
      if (std::string_view("\\`*_{}[]#!|~>@").find(character) != std::string_view::npos) out += '\\';
      if (character == '(' && out.ends_with(']')) out += '\\';
      out += character;
    }
  }
  return out;
}

class Markdown {
 public:
  explicit Markdown(const Scorecard& scorecard, const RenderOptions& options)
      : scorecard_(scorecard),
        content_(content_of(scorecard, options)),
        options_(options),
        language_(options.language) {}

  std::string render() {
    header();
    checks();
    metrics();
    tables();
    line("");
    line("_" + escaped(content_.made_by) + "_");
    return std::move(out_);
  }

 private:
  std::string say(const Phrase& phrase) const { return std::string(text_of(phrase, language_)); }
  void line(const std::string& text) { out_ += text + "\n"; }
  static std::string rich(const Rich& spans) {
    std::string out;
    for (const Span& span : spans) out += span.strong ? "**" + escaped(span.text) + "**" : escaped(span.text);
    return out;
  }

  void header() {
    line("# " + escaped(content_.title));
    line("");
    std::string facts;
    for (const Fact& fact : content_.facts)
      facts += (facts.empty() ? "" : " · ") + escaped(fact.label) + ": " + escaped(fact.value);
    line(facts);
    if (!content_.hypothesis.empty()) line("\n" + escaped(content_.hypothesis));
    line("");
    const VerdictBox& verdict = content_.verdict;
    line("## " + (verdict.tag.empty() ? "" : escaped(verdict.tag) + " – ") + escaped(verdict.headline));
    line("");
    std::string why;
    for (const Rich& one : verdict.why) why += (why.empty() ? "" : " ") + rich(one);
    line(why);
    if (!content_.others.empty()) line("");
    for (const VerdictBox& other : content_.others)
      line("- **" + escaped(other.headline) + ": " + escaped(other.tag) + "**" +
           (other.why.empty() ? "" : " – " + rich(other.why.front())));
    if (content_.notes.empty()) return;
    line("\n**" + escaped(content_.notes_title) + "**\n");
    for (const Rich& note : content_.notes) line("- " + rich(note));
  }

  void checks() {
    if (content_.checks.empty()) return;
    line("\n## " + say(wording::kTrust) + "\n");
    for (const CheckLine& check : content_.checks)
      line("- " + std::string(symbol_of_check(check.status)) + " **" + escaped(check.title) + "** " +
           escaped(check.status_word) + (check.detail.empty() ? "" : ": " + escaped(check.detail)));
  }

  void metrics() {
    if (content_.groups.empty()) return;
    line("\n## " + say(wording::kMoved));
    const bool armed = scorecard_.arms.size() > 2;
    for (const MetricGroup& group : content_.groups) {
      line("\n**" + escaped(group.title) + "**\n");
      line("| " + say(wording::kMetric) + " | " + say(wording::kControl) + " | " + say(wording::kVariant) +
           " | " + say(wording::kLift) + " | " + say(wording::kIntervalHead) + " | " +
           say(wording::kReading) + " |");
      line("|---|--:|--:|--:|--:|---|");
      for (const MetricLine& metric : group.metrics)
        for (const ComparisonLine& one : metric.comparisons) {
          const bool empty = one.lift.figure == nullptr;
          line("| " + escaped(metric.name) + (armed ? " (" + escaped(one.label) + ")" : "") + " | " +
               escaped(one.control) + " | " + escaped(one.variant) + " | " +
               (empty ? "–" : "**" + escaped(one.lift.text.estimate) + "**") + " | " +
               escaped(empty ? one.lift.missing : one.lift.text.interval) + " | " + one.symbol + " " +
               escaped(one.reading) + " |");
        }
    }
  }

  void tables() {
    for (const ContentSection& section : sections_of(scorecard_, numbers_for(scorecard_, options_))) {
      line("\n## " + escaped(section.title));
      if (!section.note.empty()) line("\n" + escaped(section.note));
      for (const ContentTable& table : section.tables) {
        line(table.title.empty() ? "" : "\n**" + escaped(table.title) + "**\n");
        std::string head = "|", rule = "|";
        for (std::size_t i = 0; i < table.head.size(); ++i) {
          head += " " + escaped(table.head[i]) + " |";
          rule += i < table.names ? "---|" : "--:|";
        }
        line(head);
        line(rule);
        for (const auto& row : table.rows) {
          std::string cells = "|";
          for (const std::string& cell : row) cells += " " + escaped(cell) + " |";
          line(cells);
        }
      }
    }
  }

  const Scorecard& scorecard_;
  Content content_;
  RenderOptions options_;
  Language language_;
  std::string out_;
};

}  // namespace

std::string render_markdown(const Scorecard& scorecard, const RenderOptions& options) {
  return Markdown(scorecard, options).render();
}

}  // namespace liftmark::reports
