#pragma once
// One page being written: the scorecard, its words and numbers, and the writer. Each section is a function.

#include <map>
#include <string>

#include "reports/content.hpp"
#include "reports/html/marks.hpp"
#include "reports/html/writer.hpp"
#include "reports/tables.hpp"
#include "reports/unicode.hpp"

namespace liftmark::reports::html {

struct Page {
  const Scorecard& scorecard;
  const Content& content;
  const Numbers& numbers;
  bool withheld;   ///< a failed sample-ratio check: nothing is coloured
  bool too_early;  ///< before the plan's date: nothing is coloured
  Writer out;
  int next_id = 1;                     ///< of axes and charts
  std::map<std::string, int> regions;  ///< how often a region of this name was opened

  Language language() const { return numbers.language(); }
  std::string say(const Phrase& phrase, const Fillings& fillings = {}) const {
    return fill(text_of(phrase, language()), fillings);
  }
  template <std::size_t N>
  std::string word(std::string_view code, const std::array<CodeWord, N>& table) const {
    return visible(word_for(code, table, language()));
  }
  std::string compared(const std::string& arm, const std::string& against) const {
    return compared_name(scorecard, arm, against, language());
  }
  bool colours() const { return !withheld && !too_early; }

  void open_section(Markup id, const Phrase& title);
  void close_section() { out.markup("</section>"); }
  void lede(std::string_view text);
  /// `name`, numbered when it was used before: landmarks need names of their own.
  std::string region_name(std::string_view name);
  /// A region that scrolls sideways on a narrow screen, and a table in it.
  void open_table(Markup kind, std::string_view name);
  void close_table() { out.markup("</table></div>"); }
  /// A column's head; `kind` is its class, "" for none.
  void head(Markup kind, std::string_view text);
  void plot_head(const Axis& axis);
  /// "<b>+4.2%</b><small>+1.2% to +7.3%</small>", or the reason.
  void lift_cell(const LiftCell& cell);
  void interval_cell(const Axis& axis, const IntervalRow& row);
  /// Its title as a heading, then rows of words and numbers.
  void table(const ContentTable& table);
};

/// The name of the metric with this key, made visible; the key itself if there is none.
std::string metric_name(const Scorecard& scorecard, const std::string& key);
/// Where the arm stands in the scorecard; the number of arms if it is not there.
std::size_t arm_index(const Scorecard& scorecard, const std::string& arm);

/// In the order of the page. A section without content writes nothing.
void write_header(Page& page);
void write_verdict(Page& page);
void write_checks(Page& page);
void write_scorecard(Page& page);
void write_time(Page& page);
void write_population(Page& page);
void write_groups(Page& page);
void write_spenders_and_power(Page& page);
void write_money(Page& page);
void write_ledger(Page& page);
void write_plan(Page& page);
void write_method(Page& page);

}  // namespace liftmark::reports::html
