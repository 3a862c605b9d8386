#pragma once
// The plan's methods: one function and one row each. A method turns two arms into a figure at some error.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "engine/analyse/contrast.hpp"
#include "engine/definition/catalog.hpp"
#include "stats/estimate.hpp"
#include "stats/lift.hpp"

namespace liftmark {

/// Two arms as a method sees them.
struct Look {
  stats::Contrast contrast;
  stats::UnitValues values;
  std::optional<CountPair> counts;  ///< 0/1 metrics in one epoch and without covariates: exact methods
  /// 0/1 metrics: the smallest of successes and failures over both arms; for the burn-in.
  std::optional<double> smallest_cell;
  double units() const {
    return static_cast<double>(contrast.control.n) + static_cast<double>(contrast.treatment.n);
  }
};

/// One question to a method: which scale, how much error, which side.
struct Ask {
  stats::Scale scale = stats::Scale::log;
  double alpha = 0.05;
  stats::Side side = stats::Side::two;
  const Plan* plan = nullptr;
};

struct PlanMethod {
  Method method;
  std::string_view key;       ///< as the catalog and `--method` say it
  std::string_view interval;  ///< what a comparison prints, e.g. "asymptotic_confidence_sequence"
  bool any_time;              ///< valid however often one looks
  std::string_view summary;
  stats::Estimate (*estimate)(const Look& look, const Ask& ask);
};

/// Every method, the default first.
std::span<const PlanMethod> plan_methods() noexcept;
const PlanMethod& plan_method(Method method) noexcept;
/// nullptr if no method has that key.
const PlanMethod* find_plan_method(std::string_view key) noexcept;

/// n* of an always-valid plan that names none. Any frozen number keeps the sequence valid; it only decides
/// where the sequence is tightest.
inline constexpr std::int64_t kDefaultPlannedUnits = 20'000;
double planned_units(const Plan& plan);

/// The scale a metric's plan names, in the words of stats.
stats::Scale scale_of(Scale scale) noexcept;

/// Two arms of these cells, ready for any method.
Look look_at(const std::vector<Cell>& cells, ArmPair pair, const ValueLayout& layout,
             const stats::UnitValues& values);

}  // namespace liftmark
