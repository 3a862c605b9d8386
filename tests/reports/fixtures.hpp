#pragma once
// Scorecards made by hand for the tests of reports/. Their numbers are invented; no statistics stand behind
// them.

#include <string>

#include "engine/scorecard/scorecard.hpp"

namespace liftmark::fixtures {

/// Everything a page can show: a decision metric that is better, three guardrails, secondary metrics both
/// ways, timelines, funnel, segments, caps, power, money, plan, ledger.
Scorecard rich();
/// `rich` with a failed sample-ratio check. Its readings still say Better and Worse: no report may show them.
Scorecard sample_ratio_failed();
/// A fixed-horizon plan read ten days too early.
Scorecard before_horizon();
/// Two arms, hardly any data: reasons everywhere.
Scorecard sparse();
/// Two variants against one control, German-looking names, one variant to stop.
Scorecard two_variants();
/// `rich` with `name` put into every string that comes from people or files.
Scorecard hostile(const std::string& name);
/// 30 metrics, 3 arms, 120 days.
Scorecard large();

}  // namespace liftmark::fixtures
