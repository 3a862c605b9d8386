#pragma once
// The sections of a report that are tables of words and numbers: money, time to event, breadth, refunds,
// interactions, ledgers, funnels, sensitivities, plan against run. Built once, laid out by the page, Markdown
// and the terminal, so that they say the same.

#include <string>
#include <vector>

#include "engine/scorecard/scorecard.hpp"
#include "reports/numbers.hpp"

namespace liftmark::reports {

struct ContentTable {
  std::string title;
  std::vector<std::string> head;
  std::size_t names = 1;  ///< leading columns that are words; the others are numbers
  std::vector<std::vector<std::string>> rows;
};

/// Tables under one question of the page.
struct ContentSection {
  std::string title, note;
  std::vector<ContentTable> tables;
};

/// How the data were treated, e.g. "Cap at €500".
std::string treatment_text(const MetricResult& metric, const Sensitivity& sensitivity,
                           const Numbers& numbers);

// Tables of one kind; empty where the scorecard has none. Names are made visible, numbers formatted.
std::vector<ContentTable> funnel_tables(const Scorecard& scorecard, const Numbers& numbers);
std::vector<ContentTable> segment_tables(const Scorecard& scorecard, const Numbers& numbers);
std::vector<ContentTable> sensitivity_tables(const Scorecard& scorecard, const Numbers& numbers);
std::vector<ContentTable> power_tables(const Scorecard& scorecard, const Numbers& numbers);
std::vector<ContentTable> trend_tables(const Scorecard& scorecard, const Numbers& numbers);
std::vector<ContentTable> decomposition_tables(const Scorecard& scorecard, const Numbers& numbers);
std::vector<ContentTable> money_tables(const Scorecard& scorecard, const Numbers& numbers);
/// Time to event, what was shown and bought, refunds, interactions.
std::vector<ContentTable> beyond_tables(const Scorecard& scorecard, const Numbers& numbers);
std::vector<ContentTable> ledger_tables(const Ledger& ledger, const Numbers& numbers);
std::vector<ContentTable> plan_tables(const Scorecard& scorecard, const Numbers& numbers);

/// All of them in the page's order, for formats without drawings. Sections without tables are left out.
std::vector<ContentSection> sections_of(const Scorecard& scorecard, const Numbers& numbers);

}  // namespace liftmark::reports
