#pragma once
// The plan's methods: one function and one row each. A method turns two arms into a figure at some error.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "engine/analyse/contrast.hpp"
#include "engine/definition/catalog.hpp"
#include "stats/count_sequence.hpp"
#include "stats/estimate.hpp"
#include "stats/group_sequential.hpp"
#include "stats/lift.hpp"

namespace liftmark {

/// Two arms as a method sees them.
struct Look {
  stats::Contrast contrast;
  stats::UnitValues values;
  std::optional<CountPair> counts;  ///< 0/1 metrics in one epoch, whatever the covariates: exact methods
  /// 0/1 metrics: the smallest of successes and failures over both arms; for the burn-in.
  std::optional<double> smallest_cell;
  /// 0/1 metrics with known arm shares: successes by arm, one entry an epoch.
  std::optional<std::vector<stats::ConverterCounts>> converters = {};
  bool skewness_known = true;  ///< tables of means and variances: false
  stats::Looks looks = {};     ///< group-sequential plans: information at the looks made so far
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

/// What a posterior says of the treatment, both as a share of the control's value.
struct Posterior {
  double chance_better = 0;
  double expected_loss = 0;  ///< of shipping the treatment when it is worse
};

struct PlanMethod {
  Method method;
  std::string_view key;       ///< as the catalog and `--method` say it
  std::string_view interval;  ///< what a comparison prints, e.g. "asymptotic_confidence_sequence"
  bool any_time;              ///< valid however often one looks
  std::string_view summary;
  stats::Estimate (*estimate)(const Look& look, const Ask& ask);
  /// Bayesian methods only, else nullptr. Empty when the data cannot say.
  std::optional<Posterior> (*posterior)(const Look& look, const Plan& plan, Direction direction) = nullptr;
  /// Whether this look is read by its counts alone, covariates left aside; nullptr: never.
  bool (*by_counts)(const Look& look, const Plan& plan) = nullptr;
};

/// True if the method reads this look by its counts, so that nothing of it is covariate-adjusted.
bool reads_counts(const PlanMethod& method, const Look& look, const Plan& plan);

/// Every method, the default first.
std::span<const PlanMethod> plan_methods() noexcept;
const PlanMethod& plan_method(Method method);
/// nullptr if no method has that key.
const PlanMethod* find_plan_method(std::string_view key) noexcept;

/// The plan's method, or the one that stands in where it does not exist: exact counts are for 0/1 metrics of
/// arms with known shares, the mixture needs a planned effect; all others are read by the default, whose name
/// the comparison then carries.
const PlanMethod& method_for(const Plan& plan, const Look& look);
/// Throws Error{definition} when the plan's method lacks something it cannot run without.
void check_method(const Plan& plan, bool seen_once);

/// n* of an always-valid plan that names none. Any frozen number keeps the sequence valid; it only decides
/// where the sequence is tightest.
inline constexpr std::int64_t kDefaultPlannedUnits = 20'000;
double planned_units(const Plan& plan);

/// The lift of a group-sequential plan that ends at its latest look, at a boundary or at its last planned
/// look: median-unbiased estimate and interval by stage-wise ordering, since the plain estimate of an
/// experiment that stopped at a boundary is too large on average. Empty while it goes on, and on other scales
/// than the log.
std::optional<stats::Estimate> after_stopping(const Look& look, const Ask& ask);

/// Whether an always-valid method may not read yet: too few units for this skewness, or a cell below 20.
bool before_burn_in(const Look& look);

/// What a standard error is multiplied with for a two-sided interval of the plan's method at this alpha: a
/// sequence's value under any-time plans, the boundary of the last look made, else the normal quantile. Empty
/// before the first planned look.
std::optional<double> two_sided_multiplier(const Plan& plan, const Look& look, double alpha);

/// The scale a metric's plan names, in the words of stats.
stats::Scale scale_of(Scale scale) noexcept;

/// Two arms of these cells, ready for any method but those that need arm shares or looks.
Look look_at(const std::vector<Cell>& cells, ArmPair pair, const ValueLayout& layout,
             const stats::UnitValues& values);

}  // namespace liftmark
