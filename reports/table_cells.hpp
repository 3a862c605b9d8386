#pragma once
// The cells that tables of a report are made of: names made visible, numbers formatted, no lift without its
// interval.

#include <array>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "reports/content.hpp"
#include "reports/tables.hpp"
#include "reports/unicode.hpp"
#include "reports/wording.hpp"

namespace liftmark::reports {

using TableRow = std::vector<std::string>;

/// A scorecard, its numbers and its language, and the cells made of them.
struct Cells {
  const Scorecard& card;
  const Numbers& numbers;

  Language language() const { return numbers.language(); }
  std::string say(const Phrase& phrase) const { return std::string(text_of(phrase, language())); }
  TableRow heads(std::initializer_list<Phrase> phrases) const {
    TableRow head;
    for (const Phrase& phrase : phrases) head.push_back(say(phrase));
    return head;
  }
  template <std::size_t N>
  std::string word(std::string_view code, const std::array<CodeWord, N>& table) const {
    return visible(word_for(code, table, language()));
  }
  std::string metric(const std::string& key) const {
    for (const MetricResult& one : card.metrics)
      if (one.key == key) return shown_name(one.name, one.key);
    return visible(key);
  }
  std::string_view format(const std::string& key) const {
    for (const MetricResult& one : card.metrics)
      if (one.key == key) return format_of(one);
    return "number";
  }
  std::string compared(const std::string& arm, const std::string& against) const {
    return compared_name(card, arm, against, language());
  }

  /// Estimate and interval, or a dash and the reason. Neither without the other.
  void add(TableRow& row, const Figure& figure, const LiftText& text) const {
    row.push_back(text.empty() ? "–" : text.estimate);
    row.push_back(text.empty() ? reason_word(figure.reason, language()) : text.interval);
  }
  void add_lift(TableRow& row, const Figure& figure) const { add(row, figure, numbers.lift(figure)); }
  void add_amount(TableRow& row, const Figure& figure, std::string_view format) const {
    add(row, figure, numbers.amount(figure, format));
  }
  /// A figure that is no difference, so without a sign: a hazard ratio.
  void add_plain(TableRow& row, const Figure& figure) const {
    LiftText text;
    if (figure.estimate && figure.lower && figure.upper)
      text = {numbers.decimal(*figure.estimate, 2),
              fill(text_of(wording::kFromTo, language()), {{"low", numbers.decimal(*figure.lower, 2)},
                                                           {"high", numbers.decimal(*figure.upper, 2)}})};
    add(row, figure, text);
  }
  std::string value(const std::optional<double>& number, std::string_view format) const {
    return number ? numbers.value(*number, format) : "–";
  }
  std::string percent(const std::optional<double>& fraction) const {
    return fraction ? numbers.percent(*fraction, 1) : "–";
  }
  std::string decimal(const std::optional<double>& number, int decimals) const {
    return number ? numbers.decimal(*number, decimals) : "–";
  }
};

/// Tables without rows are left out.
inline void keep(std::vector<ContentTable>& tables, ContentTable table) {
  if (!table.rows.empty()) tables.push_back(std::move(table));
}

}  // namespace liftmark::reports
