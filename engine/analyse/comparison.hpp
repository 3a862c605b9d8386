#pragma once
// One variant against one control for one metric: figures, p-value, reading.

#include <map>
#include <string>
#include <string_view>
#include <vector>

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
  /// Planned share of each arm by epoch; nullptr or empty: unknown. For exact counts.
  const std::map<int, std::vector<double>>* shares = nullptr;
  bool adjusts = false;  ///< some covariate differs between units
  int days_run = 0;      ///< whole days since the first exposure; for planned looks
};

/// Two arms of these cells with all that the plan's method needs: arm shares, looks made so far.
Look look_of(const MetricTask& task, const std::vector<Cell>& cells, ArmPair pair, bool adjust = true);

/// Whether the plan's method reads this look with its covariates.
bool is_adjusted(const MetricTask& task, const Look& look);
/// The metric's columns; covariates only where they say something and `adjust` is true.
stats::UnitValues values_of(const MetricTask& task, bool adjust = true);

/// Units of both arms that were mature at each planned look made so far, and whether alpha is spent by then.
stats::Looks looks_made(const MetricTask& task, ArmPair pair);
/// The 1-based day, counted like days of first exposure, on which units first exposed on that day are mature.
int known_on(const Metric& metric, int exposed_on);
/// Whether a unit first exposed on this 1-based day was mature `days` days after the first exposure.
bool mature_by(const Metric& metric, int exposed_on, int days);

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
