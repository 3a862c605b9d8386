#pragma once
// One variant against one control for one metric: figures, p-value, reading.

#include <string>
#include <string_view>

#include "engine/analyse/alpha.hpp"
#include "engine/analyse/methods.hpp"
#include "engine/definition/catalog.hpp"
#include "engine/scorecard/scorecard.hpp"

namespace liftmark {

namespace reading {
inline constexpr std::string_view kBetter = "Better", kWorse = "Worse", kNoClearChange = "No clear change",
                                  kWithinMargin = "Within margin", kNotYetSettled = "Not yet settled",
                                  kBreached = "Breached", kWithheld = "Withheld",
                                  kNotUntil = "Not until horizon";
}

/// A metric with everything that is the same for all its comparisons. References must outlive it.
struct MetricTask {
  const Metric& metric;
  const MetricStatistics& data;
  const Plan& plan;
  MetricRole role;
  stats::SlopeRule slope = stats::SlopeRule::within_arms;
};

/// Figures, p-value and reading of one comparison on the plan's method and scale. Guardrails: the drawn
/// interval is the two one-sided bounds of MEASUREMENT "Guardrails". `arms` and `against` are left to the
/// caller.
Comparison compare(const MetricTask& task, const std::vector<Cell>& cells, ArmPair pair);

/// The relative lift alone, by this method; for lines over time and sensitivities.
Figure relative_lift(const MetricTask& task, const Look& look, const PlanMethod& method);

/// Better, Worse or No clear change for an interval of the lift; empty when there is no interval.
std::string_view read_lift(const Figure& relative, Direction direction);
/// Within margin, Breached or Not yet settled for a guardrail's two bounds; empty when there is no interval.
std::string_view read_guardrail(const Figure& relative, Direction direction, double margin);

}  // namespace liftmark
