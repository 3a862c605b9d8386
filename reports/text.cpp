// The terminal report: verdict first, then what it rests on. Plain lines, at most `width` columns.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/axis.hpp"
#include "reports/content.hpp"
#include "reports/formats.hpp"
#include "reports/tables.hpp"
#include "reports/terminal.hpp"
#include "reports/unicode.hpp"

namespace liftmark::reports {
namespace {

constexpr int kNameColumns = 28;
constexpr int kLiftColumns = 9;
constexpr int kReadingColumns = 18;

/// The one symmetric axis that all lifts of the table share: its right end, as a fraction.
double axis_end(const Content& content) {
  std::vector<double> reaches;
  for (const MetricGroup& group : content.groups)
    for (const MetricLine& metric : group.metrics)
      for (const ComparisonLine& one : metric.comparisons)
        if (one.lift.figure != nullptr)
          for (const auto& end : {one.lift.figure->lower, one.lift.figure->upper})
            if (end) reaches.push_back(std::abs(*end));
  return axis_for(std::move(reaches));
}

/// An interval as box characters: ├──●──┤ on `columns` columns, the zero line through the middle.
std::string interval_plot(const ComparisonLine& line, double end, int columns) {
  std::vector<std::string> cells(static_cast<std::size_t>(columns), " ");
  const int middle = columns / 2;
  const auto column_of = [&](double value) {
    return middle + static_cast<int>(std::lround(std::clamp(value / end, -2.0, 2.0) * middle));
  };
  const auto put = [&](int column, std::string_view mark) {
    if (column >= 0 && column < columns) cells[static_cast<std::size_t>(column)] = mark;
  };
  put(middle, "│");
  if (line.margin) put(column_of(*line.margin), "┊");
  if (line.lift.figure != nullptr) {
    const Figure& lift = *line.lift.figure;
    const int low = lift.lower ? column_of(*lift.lower) : -1;
    const int high = lift.upper ? column_of(*lift.upper) : columns;
    for (int column = std::max(low, 0); column <= std::min(high, columns - 1); ++column)
      put(column, column == middle ? "┼" : "─");
    put(low, "├");
    put(high, "┤");
    if (low < 0) put(0, "◂");
    if (high >= columns) put(columns - 1, "▸");
    const bool clear =
        line.lift.tone == Tone::good || line.lift.tone == Tone::bad || line.lift.tone == Tone::held;
    put(column_of(*lift.estimate), clear ? "●" : "○");
  }
  std::string out;
  for (const std::string& cell : cells) out += cell;
  return out;
}

void write_header(Terminal& terminal, const Content& content) {
  terminal.paragraph({{content.title, true}}, 0);
  std::string facts;
  for (const Fact& fact : content.facts)
    facts += (facts.empty() ? "" : " · ") + fact.label + " " + fact.value;
  terminal.paragraph({{facts, false}}, 0);
  if (!content.hypothesis.empty()) terminal.paragraph({{content.hypothesis, false}}, 0);
  terminal.line();
}

void write_verdict(Terminal& terminal, const Content& content) {
  const VerdictBox& verdict = content.verdict;
  const std::string_view sgr = sgr_of(verdict.tone);
  std::string tag = verdict.tag.empty() ? "" : "▌ " + shortened(verdict.tag, 30) + " ";
  terminal.line(
      terminal.styled(tag, sgr.empty() ? "1" : "1;" + std::string(sgr)) +
      (verdict.rule.empty()
           ? ""
           : "  " + terminal.faint(shortened(verdict.rule, terminal.width() - display_width(tag) - 2))));
  terminal.paragraph({{verdict.headline, true}}, 2);
  Rich all;
  for (const Rich& why : verdict.why) {
    if (!all.empty()) all.push_back({" ", false});
    all.insert(all.end(), why.begin(), why.end());
  }
  terminal.paragraph(all, 2);
  for (const VerdictBox& other : content.others)
    terminal.paragraph({{other.headline + ": " + other.tag, true},
                        {other.why.empty() ? "" : " – " + other.why.front().front().text, false}},
                       4, "  –");
  terminal.line();
  if (content.notes.empty()) return;
  terminal.line(terminal.strong(content.notes_title));
  for (const Rich& note : content.notes) terminal.paragraph(note, 4, "  •");
  terminal.line();
}

void write_checks(Terminal& terminal, const Content& content, const RenderOptions& options) {
  if (content.checks.empty()) return;
  terminal.line(terminal.strong(text_of(wording::kTrust, options.language)));
  for (const CheckLine& check : content.checks) {
    const bool bad = check.status == "failed" || check.status == "watched";
    const std::string title = left_aligned(shortened(check.title, 26), 26);
    const std::string symbol(symbol_of_check(check.status));
    const std::string status =
        check.status == "passed" ? "" : check.status_word + (check.detail.empty() ? "" : ": ");
    terminal.line("  " + terminal.styled(symbol, sgr_of(bad ? Tone::bad : Tone::good)) + " " +
                  (bad ? terminal.strong(title) : title) + " " +
                  shortened(status + check.detail, terminal.width() - 31));
  }
  terminal.line();
}

void write_comparison(Terminal& terminal, const std::string& name, const ComparisonLine& line, double end) {
  const int plot = terminal.width() - kNameColumns - kLiftColumns - kReadingColumns - 4;
  const std::string_view sgr = sgr_of(line.lift.tone);
  const bool empty = line.lift.figure == nullptr;
  const std::string lift = empty ? "–" : line.lift.text.estimate;
  const int left = kNameColumns + kLiftColumns - display_width(lift);
  terminal.line(left_aligned(shortened(name, left - 1), left) + terminal.strong(lift) + "  " +
                terminal.styled(interval_plot(line, end, plot), sgr) + "  " +
                terminal.styled(line.symbol + " " + shortened(line.reading, kReadingColumns - 2), sgr));
  const std::string values = "    " + line.control + " → " + line.variant;
  const std::string interval = empty ? line.lift.missing : line.lift.text.interval;
  terminal.line(terminal.faint(
      left_aligned(shortened(values, kNameColumns + kLiftColumns), kNameColumns + kLiftColumns + 2) +
      shortened(interval, terminal.width() - kNameColumns - kLiftColumns - 2)));
}

void write_metrics(Terminal& terminal, const Content& content, const Numbers& numbers) {
  if (content.groups.empty()) return;
  const Language language = numbers.language();
  const double end = axis_end(content);
  const int plot = terminal.width() - kNameColumns - kLiftColumns - kReadingColumns - 4;
  const std::string heading(text_of(wording::kMoved, language));
  std::string axis = left_aligned(numbers.axis_label(-end), plot / 2) + "0";
  axis += right_aligned(numbers.axis_label(end), plot - display_width(axis));
  terminal.line(terminal.strong(left_aligned(heading, kNameColumns)) +
                terminal.faint(right_aligned(text_of(wording::kLift, language), kLiftColumns) + "  " + axis));
  for (const MetricGroup& group : content.groups) {
    terminal.line("  " + terminal.strong(group.title));
    for (const MetricLine& metric : group.metrics)
      for (const ComparisonLine& line : metric.comparisons) {
        const bool several = metric.comparisons.size() > 1;
        if (several && &line == &metric.comparisons.front())
          terminal.line("  " + shortened(metric.name, terminal.width() - 2));
        write_comparison(terminal, several ? "    " + line.label : "  " + metric.name, line, end);
      }
  }
  terminal.line();
}

}  // namespace

std::string render_text(const Scorecard& scorecard, const RenderOptions& options) {
  const Content content = content_of(scorecard, options);
  Terminal terminal(options);
  write_header(terminal, content);
  write_verdict(terminal, content);
  write_checks(terminal, content, options);
  write_metrics(terminal, content, numbers_for(scorecard, options));
  for (const ContentSection& section : sections_of(scorecard, numbers_for(scorecard, options)))
    write_section(terminal, section, options.language);
  terminal.line(terminal.faint(shortened(content.made_by, terminal.width())));
  return terminal.take();
}

}  // namespace liftmark::reports
