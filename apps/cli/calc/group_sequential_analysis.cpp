// gs_analysis/*: reading a group-sequential experiment at its looks.

#include "stats/group_sequential_analysis.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "apps/cli/calc/group_sequential_inputs.hpp"
#include "stats/co_moments.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::json;
using stats::GroupSequentialRule;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

json conditional_power(const json& inputs) {
  const stats::InterimState state{.fraction = number(inputs, "information_fraction"),
                                  .z = number(inputs, "z"),
                                  .final_critical_z = number(inputs, "final_critical_z")};
  json result{
      {"cp_current_trend", written(stats::conditional_power(state, state.z / std::sqrt(state.fraction)))},
      {"cp_null", written(stats::conditional_power(state, 0))}};
  if (const auto drift = first_of(inputs, {"drift_H1", "drift"}))
    result["cp_design"] = written(stats::conditional_power(state, *drift));
  return result;
}

json predictive_power(const json& inputs) {
  return {{"predictive_power",
           written(stats::predictive_power({.fraction = number(inputs, "information_fraction"),
                                            .z = number(inputs, "z"),
                                            .final_critical_z = number(inputs, "final_critical_z")}))}};
}

/// One arm's stages as they came, merged to what is known by each stage.
struct StagedArm {
  std::vector<double> n, mean, deviation;

  /// Mean, and the sum of squares around it, of stages 0..k.
  stats::CoMoments until(std::size_t k) const {
    stats::CoMoments all;
    for (std::size_t j = 0; j <= k; ++j)
      all.merge(stats::CoMoments::from_mean_variance(static_cast<std::int64_t>(std::llround(n[j])), mean[j],
                                                     deviation[j] * deviation[j]));
    return all;
  }
};

StagedArm staged_arm(const json& inputs, const std::string& arm) {
  StagedArm staged{numbers(inputs, "n" + arm), numbers(inputs, "m" + arm), numbers(inputs, "s" + arm)};
  require(!staged.n.empty() && staged.mean.size() == staged.n.size() &&
              staged.deviation.size() == staged.n.size(),
          "every stage needs n, mean and standard deviation");
  for (std::size_t k = 0; k < staged.n.size(); ++k)
    require(
        staged.n[k] >= 2 && staged.n[k] < 1e15 && std::isfinite(staged.mean[k]) && staged.deviation[k] >= 0,
        "every stage needs at least 2 units and a standard deviation of at least 0");
  return staged;
}

/// Difference of two means with pooled variance, all stages up to k.
stats::LookResult staged_difference(const StagedArm& first, const StagedArm& second, std::size_t k) {
  const auto a = first.until(k), b = second.until(k);
  const double na = static_cast<double>(a.n()), nb = static_cast<double>(b.n());
  const double variance = (a.comoment(0, 0) + b.comoment(0, 0)) / (na + nb - 2);
  return {.estimate = a.mean() - b.mean(), .standard_error = std::sqrt(variance * (1 / na + 1 / nb))};
}

/// Expected increments of B after stage k from the planned stage sizes, an effect and a standard deviation.
std::vector<double> planned_increments(const json& inputs, const std::vector<double>& fraction,
                                       std::size_t k) {
  const double allocation = number(inputs, "allocation", 1);
  const double per_stage = number(inputs, "n_planned_per_remaining_stage");
  const double drift = number(inputs, "theta_H1") / number(inputs, "assumed_sd") *
                       std::sqrt(per_stage * allocation) / (1 + allocation);
  std::vector<double> increments;
  for (std::size_t j = k + 1; j < fraction.size(); ++j)
    increments.push_back(drift * std::sqrt(fraction[j] - fraction[j - 1]));
  return increments;
}

/// Cumulative probability of rejecting at each look after k; two-sided designs reject on both sides.
std::vector<double> remaining_rejection(const stats::Boundaries& boundaries, std::size_t k, double z,
                                        std::vector<double> increments) {
  auto rejection = stats::remaining_crossing(boundaries, k, z, increments);
  if (boundaries.lower.empty()) return rejection;
  for (double& increment : increments) increment = -increment;  // the mirror image of a symmetric design
  const auto below = stats::remaining_crossing(boundaries, k, -z, increments);
  for (std::size_t j = 0; j < rejection.size(); ++j) rejection[j] += below[j];
  return rejection;
}

struct StagewiseColumns {
  std::vector<double> lower, upper, repeated_p, rejection, power, final_p, final_lower, final_upper, median;
};

void add_stage(StagewiseColumns& columns, const stats::GroupSequentialReading& reading, bool ends) {
  columns.lower.push_back(*reading.repeated.interval->lower);
  columns.upper.push_back(*reading.repeated.interval->upper);
  columns.repeated_p.push_back(*reading.repeated.p_value);
  columns.final_p.push_back(ends ? *reading.stage_wise.p_value : kNaN);
  columns.final_lower.push_back(ends ? *reading.stage_wise.interval->lower : kNaN);
  columns.final_upper.push_back(ends ? *reading.stage_wise.interval->upper : kNaN);
  columns.median.push_back(ends ? *reading.stage_wise.point : kNaN);
}

json repeated_intervals(const json& inputs) {
  const GroupSequentialRule rule = rule_of(inputs, kind_named(text(inputs, "design", "asOF")));
  const stats::Looks planned = looks_of(inputs);
  const stats::Boundaries boundaries = stats::efficacy_boundaries(rule, planned);
  const StagedArm first = staged_arm(inputs, "1"), second = staged_arm(inputs, "2");
  const std::size_t stages = first.n.size(), looks = boundaries.fraction.size();
  require(second.n.size() == stages && stages <= looks,
          "stages must be those of both arms, at most the planned looks");
  StagewiseColumns columns;
  columns.power.assign(looks, kNaN);
  std::string actions;
  bool stopped = false;
  for (std::size_t k = 0; k < looks; ++k) {
    if (k > 0) actions += ",";
    if (k >= stages) {
      actions += "NA";
      continue;
    }
    stats::LookResult look = staged_difference(first, second, k);
    look.level = 1 - (rule.sides == 1 ? 2 : 1) * rule.alpha;
    const auto until = [k](std::vector<double> values) {
      if (values.size() > k) values.resize(k + 1);
      return values;
    };
    stats::Boundaries so_far{.fraction = until(boundaries.fraction),
                             .upper = until(boundaries.upper),
                             .lower = until(boundaries.lower),
                             .error_spent = {}};
    for (double& t : so_far.fraction) t /= boundaries.fraction[k];
    const stats::Looks looks_so_far{.information = until(planned.information),
                                    .spending_time = until(boundaries.fraction)};
    const auto reading = stats::read_look(rule, looks_so_far, so_far, look);
    if (reading.repeated.reason != stats::Reason::none)
      refuse(reading.repeated.reason, "no variance at a stage");
    const bool crossed = reading.stops_above || reading.stops_below, last = k + 1 == looks;
    add_stage(columns, reading, !stopped && (crossed || last));
    actions += last ? (crossed ? "reject" : "accept") : (crossed ? "reject and stop" : "continue");
    stopped |= crossed;
    if (last) continue;
    columns.rejection.push_back(
        remaining_rejection(boundaries, k, reading.z, std::vector<double>(looks - k - 1, 0.0)).back());
    if (k + 1 == stages && inputs.contains("theta_H1")) {
      const auto power =
          remaining_rejection(boundaries, k, reading.z, planned_increments(inputs, boundaries.fraction, k));
      std::copy(power.begin(), power.end(), columns.power.begin() + static_cast<std::ptrdiff_t>(k) + 1);
    }
  }
  return {{"rci_lower", written(columns.lower)},
          {"rci_upper", written(columns.upper)},
          {"repeated_p", written(columns.repeated_p)},
          {"conditional_power_stage_k_plus", written(columns.power)},
          {"conditional_rejection_probability", written(columns.rejection)},
          {"test_actions", actions},
          {"final_p", written(columns.final_p)},
          {"final_ci_lower", written(columns.final_lower)},
          {"final_ci_upper", written(columns.final_upper)},
          {"median_unbiased", written(columns.median)}};
}

/// What may be said at a look: "information" of the looks made so far, "planned_maximum" of the last one
/// planned, "final" when the experiment ends here whatever its information (all alpha that is left is then
/// spent).
json at_look(const json& inputs) {
  const GroupSequentialRule rule = rule_of(inputs, kind_named(text(inputs, "type", "asOF")), 2);
  const auto information = numbers(inputs, "information");
  require(!information.empty(), "\"information\" needs one value a look made");
  const stats::Looks looks = stats::looks_against_plan(
      information, number(inputs, "planned_maximum", information.back()), flag(inputs, "final", false));
  const auto bounds = stats::efficacy_boundaries(rule, looks);
  const auto reading =
      stats::read_look(rule, looks, bounds,
                       {.estimate = number(inputs, "estimate"),
                        .standard_error = number(inputs, "standard_error"),
                        .level = number(inputs, "level", 1 - (rule.sides == 1 ? 2 : 1) * rule.alpha)});
  if (reading.repeated.reason != stats::Reason::none)
    refuse(reading.repeated.reason, "no test statistic at this look");
  return {{"z", reading.z},
          {"z_boundaries", written(bounds.upper)},
          {"cumulative_alpha_spent", written(bounds.error_spent)},
          {"stops", reading.stops_above || reading.stops_below},
          {"repeated_lower", *reading.repeated.interval->lower},
          {"repeated_upper", *reading.repeated.interval->upper},
          {"repeated_p", *reading.repeated.p_value},
          {"stage_wise_p", *reading.stage_wise.p_value},
          {"median_unbiased", *reading.stage_wise.point},
          {"stage_wise_lower", *reading.stage_wise.interval->lower},
          {"stage_wise_upper", *reading.stage_wise.interval->upper}};
}

constexpr std::array kMethods{
    CalcMethod{"gs_analysis/conditional_power", conditional_power, "Conditional power at an interim look"},
    CalcMethod{"gs_analysis/predictive_power_flat_prior", predictive_power, "Predictive power, flat prior"},
    CalcMethod{"gs_analysis/look", at_look,
               "A look against its plan, over- and under-running: repeated and stage-wise inference"},
    CalcMethod{"gs_analysis/rci", repeated_intervals,
               "Repeated intervals and stage-wise inference for two means"},
};

}  // namespace

std::span<const CalcMethod> group_sequential_analysis_methods() {
  return kMethods;
}

}  // namespace liftmark::cli
