#include "engine/analyse/methods.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "engine/analyse/bayesian.hpp"
#include "engine/definition/error.hpp"
#include "engine/definition/plan_words.hpp"
#include "stats/confidence_sequence.hpp"
#include "stats/distributions.hpp"
#include "stats/group_sequential_analysis.hpp"

namespace liftmark {
namespace {

using stats::Estimate;
using stats::Reason;

/// Keeps the asked side of a two-sided interval made at twice the error.
Estimate keep_side(Estimate estimate, const Ask& ask) {
  if (!estimate.interval || ask.side == stats::Side::two) return estimate;
  estimate.interval->level = 1 - ask.alpha;
  (ask.side == stats::Side::greater ? estimate.interval->upper : estimate.interval->lower).reset();
  return estimate;
}

/// Below 20 in a cell a normal approximation, adjusted or not, is not to be trusted: the counts decide.
bool few_counts(const Look& look, const Plan&) {
  return look.counts && stats::small_counts(look.counts->control, look.counts->treatment);
}

Estimate fixed(const Look& look, const Ask& ask) {
  if (few_counts(look, *ask.plan)) {
    const double alpha = ask.side == stats::Side::two ? ask.alpha : std::min(1.0, 2 * ask.alpha);
    return keep_side(stats::score_lift(look.counts->control, look.counts->treatment, ask.scale, alpha), ask);
  }
  // Student's t only where the unit values are averaged as they are; the delta method is a large-sample one.
  const bool plain_mean = !look.values.ratio && (!look.values.binary || look.values.covariates > 0);
  const auto reference = ask.scale == stats::Scale::absolute && plain_mean ? stats::Reference::student
                                                                           : stats::Reference::normal;
  return stats::estimate_lift(look.contrast, ask.scale,
                              stats::Inference{.alpha = ask.alpha, .side = ask.side, .reference = reference});
}

stats::SequenceSide sequence_side(stats::Side side) {
  switch (side) {
    case stats::Side::two:
      return stats::SequenceSide::two_sided;
    case stats::Side::greater:
      return stats::SequenceSide::lower;
    case stats::Side::less:
      return stats::SequenceSide::upper;
  }
  return stats::SequenceSide::two_sided;
}

/// A normal-mixture sequence with precision `x` = n rho^2: the standard error times its critical value.
Estimate sequence(const Look& look, const Ask& ask, double x) {
  const auto scaled = stats::on_scale(look.contrast, ask.scale, stats::ErrorRule::larger_of_both);
  if (!scaled.scaled) return stats::cannot_say(scaled.reason, "");
  const auto side = sequence_side(ask.side);
  Estimate result =
      stats::estimate_lift(look.contrast, ask.scale,
                           stats::Critical{.multiplier = stats::sequence_critical_value(x, ask.alpha, side),
                                           .level = 1 - ask.alpha,
                                           .side = ask.side,
                                           .error = stats::ErrorRule::larger_of_both,
                                           .kind = stats::IntervalKind::confidence_sequence});
  if (!look.skewness_known || before_burn_in(look)) {
    result.interval.reset();
    result.reason = look.skewness_known ? Reason::burn_in : Reason::needs_unit_values;
    return result;
  }
  const double z = scaled.scaled->value / scaled.scaled->standard_error;
  result.p_value = std::exp(stats::sequence_log_p(z, x, side));
  return result;
}

Estimate always_valid(const Look& look, const Ask& ask) {
  const double precision =
      stats::tuned_rho_squared(planned_units(*ask.plan), ask.alpha, sequence_side(ask.side));
  return sequence(look, ask, look.units() * precision);
}

/// The mixing variance is the effect the plan is made for, so that n rho^2 = (log(1 + mde) / standard
/// error)^2, for one-sided bounds as well: any mixing variance is valid. Without a planned effect it is tuned
/// to the planned units like `always_valid`.
Estimate mixture_sprt(const Look& look, const Ask& ask) {
  if (!ask.plan->mde) return always_valid(look, ask);
  const auto scaled = stats::on_scale(look.contrast, ask.scale, stats::ErrorRule::larger_of_both);
  if (!scaled.scaled) return stats::cannot_say(scaled.reason, "");
  const double effect = ask.scale == stats::Scale::log
                            ? std::log1p(*ask.plan->mde)
                            : *ask.plan->mde * std::fabs(look.contrast.control.value);
  const double ratio = effect / scaled.scaled->standard_error;
  return sequence(look, ask, ratio * ratio);
}

/// In the order of kSpendings.
constexpr std::array<stats::BoundaryKind, std::size(kSpendings)> kSpendingKinds{
    stats::BoundaryKind::lan_demets_obrien_fleming, stats::BoundaryKind::lan_demets_pocock,
    stats::BoundaryKind::kim_demets, stats::BoundaryKind::hwang_shih_decani};

stats::GroupSequentialRule spending_rule(const Plan& plan, double alpha, stats::Side side) {
  const auto at = std::find_if(std::begin(kSpendings), std::end(kSpendings),
                               [&](const SpendingName& one) { return one.name == plan.spending; });
  return {.kind = kSpendingKinds.at(static_cast<std::size_t>(at - std::begin(kSpendings))),
          .parameter = plan.spending_parameter.value_or(0.0),
          .alpha = alpha,
          .sides = side == stats::Side::two ? 2 : 1};
}

/// The repeated interval of Jennison and Turnbull 1989: valid whether or not one stops at this look.
Estimate group_sequential(const Look& look, const Ask& ask) {
  const auto scaled = stats::on_scale(look.contrast, ask.scale, stats::ErrorRule::own);
  if (!scaled.scaled) return stats::cannot_say(scaled.reason, "");
  if (look.looks.information.empty()) {
    auto early = stats::estimate_lift(look.contrast, ask.scale, stats::Inference{.alpha = ask.alpha});
    return {.point = early.point,
            .standard_error = early.standard_error,
            .interval = std::nullopt,
            .p_value = std::nullopt,
            .reason = Reason::before_horizon,
            .method = ""};
  }
  const auto rule = spending_rule(*ask.plan, ask.alpha, ask.side);
  const auto boundaries = stats::efficacy_boundaries(rule, look.looks);
  Estimate result = stats::estimate_lift(look.contrast, ask.scale,
                                         stats::Critical{.multiplier = boundaries.upper.back(),
                                                         .level = 1 - ask.alpha,
                                                         .side = ask.side,
                                                         .error = stats::ErrorRule::own,
                                                         .kind = stats::IntervalKind::group_sequential});
  const double z = scaled.scaled->value / scaled.scaled->standard_error;
  result.p_value = stats::repeated_p_value(rule, look.looks, ask.side == stats::Side::less ? -z : z);
  return result;
}

/// The exact sequence for the ratio of two rates; the absolute difference has a point only.
Estimate exact_counts(const Look& look, const Ask& ask) {
  if (!look.converters) return stats::cannot_say(Reason::not_applicable, "");
  if (ask.scale == stats::Scale::absolute) {
    auto point = stats::cannot_say(Reason::not_applicable, "");
    point.point = look.contrast.difference;
    return point;
  }
  const double alpha = ask.side == stats::Side::two ? ask.alpha : std::min(0.999, 2 * ask.alpha);
  return keep_side(stats::count_ratio_sequence(*look.converters, alpha), ask);
}

/// Bets on every unit's value in its order of arrival, which sums cannot give.
Estimate betting(const Look&, const Ask&) {
  return stats::cannot_say(Reason::needs_unit_values, "");
}

constexpr std::array kMethods{
    PlanMethod{Method::always_valid, "always_valid", "asymptotic_confidence_sequence", true,
               "asymptotic confidence sequence, tuned to the planned units; look whenever you like",
               always_valid},
    PlanMethod{Method::fixed, "fixed", "fixed_horizon", false,
               "one look at the planned date; score intervals when a count is below 20", fixed, nullptr,
               few_counts},
    PlanMethod{Method::mixture_sprt, "mixture_sprt", "mixture_sprt", true,
               "mixture sequential test with the planned effect as mixing variance", mixture_sprt},
    PlanMethod{Method::group_sequential, "group_sequential", "group_sequential", false,
               "repeated interval at planned looks; alpha is spent as units arrive", group_sequential},
    PlanMethod{Method::exact_counts, "exact_counts", "exact_counts", true,
               "exact sequence for the ratio of two rates; 0/1 metrics, other metrics are always_valid",
               exact_counts},
    PlanMethod{Method::betting, "betting", "betting", true,
               "bets on bounded values in their order; needs values per unit", betting},
    PlanMethod{Method::bayesian, "bayesian", "bayesian", false,
               "credible interval under the plan's prior; its error rate is not controlled", bayesian,
               posterior_of, by_rates},
};

}  // namespace

std::span<const PlanMethod> plan_methods() noexcept {
  return kMethods;
}

const PlanMethod& plan_method(Method method) {
  const auto found = std::find_if(kMethods.begin(), kMethods.end(),
                                  [&](const PlanMethod& row) { return row.method == method; });
  if (found == kMethods.end()) throw std::logic_error("a method without a row in the table of methods");
  return *found;
}

bool reads_counts(const PlanMethod& method, const Look& look, const Plan& plan) {
  return method.by_counts != nullptr && method.by_counts(look, plan);
}

const PlanMethod& method_for(const Plan& plan, const Look& look) {
  const bool no_labels = plan.method == Method::exact_counts && !look.converters;
  const bool no_effect = plan.method == Method::mixture_sprt && !plan.mde;
  return plan_method(no_labels || no_effect ? Method::always_valid : plan.method);
}

void check_method(const Plan& plan, bool seen_once) {
  const auto refuse = [](const char* where, const char* what, const char* hint) {
    throw Error(ErrorCode::definition, where, what, hint);
  };
  if (plan.method == Method::group_sequential) {
    if (seen_once)
      refuse("/plan/method", "group_sequential reads planned looks, and a table is one look without a date",
             "use the method fixed, or record the events in a store");
    if (plan.look_days.empty())
      refuse("/plan/look_days", "a group_sequential plan needs the days of its looks",
             "add \"look_days\": [7, 14, 28]");
    if (!plan.planned_units)
      refuse("/plan/planned_units", "a group_sequential plan needs its planned units: alpha is spent by them",
             "add \"planned_units\", the planned total of the two compared arms");
  }
  if (plan.correction == Correction::dunnett && plan.method != Method::fixed)
    refuse("/plan/correction", "dunnett is for plans with the method fixed", "use holm, or the method fixed");
}

const PlanMethod* find_plan_method(std::string_view key) noexcept {
  const auto found =
      std::find_if(kMethods.begin(), kMethods.end(), [&](const PlanMethod& row) { return row.key == key; });
  return found == kMethods.end() ? nullptr : &*found;
}

std::optional<Estimate> after_stopping(const Look& look, const Ask& ask) {
  const auto scaled = stats::on_scale(look.contrast, ask.scale, stats::ErrorRule::own);
  if (ask.scale != stats::Scale::log || look.looks.information.empty() || !scaled.scaled) return std::nullopt;
  const auto rule = spending_rule(*ask.plan, ask.alpha, ask.side);
  const auto reading = stats::read_look(rule, look.looks, stats::efficacy_boundaries(rule, look.looks),
                                        {.estimate = scaled.scaled->value,
                                         .standard_error = scaled.scaled->standard_error,
                                         .level = 1 - ask.alpha});
  const bool ends = look.looks.spending_time.empty() || look.looks.spending_time.back() >= 1;
  if (!reading.stops_above && !reading.stops_below && !ends) return std::nullopt;
  auto estimate = reading.stage_wise;
  if (!estimate.point || !estimate.interval) return std::nullopt;
  for (auto* number : {&estimate.point, &estimate.interval->lower, &estimate.interval->upper})
    if (*number) *number = std::expm1(**number);
  return estimate;
}

bool before_burn_in(const Look& look) {
  const auto smallest = std::min(look.contrast.control.n, look.contrast.treatment.n);
  return !stats::burn_in_is_over({.n = look.units(),
                                  .smallest_arm_n = static_cast<double>(smallest),
                                  .skewness = look.contrast.skewness,
                                  .smallest_cell = look.smallest_cell});
}

double planned_units(const Plan& plan) {
  return static_cast<double>(plan.planned_units.value_or(kDefaultPlannedUnits));
}

std::optional<double> two_sided_multiplier(const Plan& plan, const Look& look, double alpha) {
  if (plan.method == Method::group_sequential) {
    if (look.looks.information.empty()) return std::nullopt;
    return stats::efficacy_boundaries(spending_rule(plan, alpha, stats::Side::two), look.looks).upper.back();
  }
  if (!plan_method(plan.method).any_time) return stats::normal_upper_quantile(alpha / 2);
  const double precision = stats::tuned_rho_squared(planned_units(plan), alpha);
  return stats::sequence_critical_value(look.units() * precision, alpha);
}

stats::Scale scale_of(Scale scale) noexcept {
  return scale == Scale::fieller ? stats::Scale::fieller : stats::Scale::log;
}

Look look_at(const std::vector<Cell>& cells, ArmPair pair, const ValueLayout& layout,
             const stats::UnitValues& values) {
  Look look{.contrast = contrast_of(cells, pair, layout, values), .values = values};
  look.skewness_known = layout.third;
  if (!layout.binary || layout.ratio) return look;
  const auto counts = counts_of(cells, pair, layout.dimension());
  const auto smallest =
      std::min({counts.control.successes, counts.control.n - counts.control.successes,
                counts.treatment.successes, counts.treatment.n - counts.treatment.successes});
  look.smallest_cell = static_cast<double>(smallest);
  const bool one_epoch = std::all_of(cells.begin(), cells.end(),
                                     [&](const Cell& cell) { return cell.epoch == cells.front().epoch; });
  if (one_epoch) look.counts = counts;
  return look;
}

}  // namespace liftmark
