#pragma once
// The verdict's words: headline, why, the big lift, and what else is worth knowing.

#include "reports/content.hpp"

namespace liftmark::reports {

/// Fills verdict, others, hero, notes_title and notes; reads content.checks.
void add_verdict(Content& content, const Scorecard& scorecard, const Numbers& numbers);

}  // namespace liftmark::reports
