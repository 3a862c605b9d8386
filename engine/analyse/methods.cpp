#include "engine/analyse/methods.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "stats/confidence_sequence.hpp"

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

Estimate fixed(const Look& look, const Ask& ask) {
  if (look.counts && stats::small_counts(look.counts->control, look.counts->treatment)) {
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

bool before_burn_in(const Look& look) {
  const auto smallest = std::min(look.contrast.control.n, look.contrast.treatment.n);
  return !stats::burn_in_is_over({.n = look.units(),
                                  .smallest_arm_n = static_cast<double>(smallest),
                                  .skewness = look.contrast.skewness,
                                  .smallest_cell = look.smallest_cell});
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
  if (before_burn_in(look)) {
    result.interval.reset();
    result.reason = Reason::burn_in;
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
/// error)^2. Without a planned effect it is tuned to the planned units like `always_valid`.
Estimate mixture_sprt(const Look& look, const Ask& ask) {
  if (!ask.plan->mde || ask.side != stats::Side::two) return always_valid(look, ask);
  const auto scaled = stats::on_scale(look.contrast, ask.scale, stats::ErrorRule::larger_of_both);
  if (!scaled.scaled) return stats::cannot_say(scaled.reason, "");
  const double effect = ask.scale == stats::Scale::log
                            ? std::log1p(*ask.plan->mde)
                            : *ask.plan->mde * std::fabs(look.contrast.control.value);
  const double ratio = effect / scaled.scaled->standard_error;
  return sequence(look, ask, ratio * ratio);
}

constexpr std::array kMethods{
    PlanMethod{Method::always_valid, "always_valid", "asymptotic_confidence_sequence", true,
               "asymptotic confidence sequence, tuned to the planned units; look whenever you like",
               always_valid},
    PlanMethod{Method::fixed, "fixed", "fixed_horizon", false,
               "one look at the planned date; score intervals when a count is below 20", fixed},
    PlanMethod{Method::mixture_sprt, "mixture_sprt", "mixture_sprt", true,
               "mixture sequential test with the planned effect as mixing variance", mixture_sprt},
};

}  // namespace

std::span<const PlanMethod> plan_methods() noexcept {
  return kMethods;
}

const PlanMethod& plan_method(Method method) noexcept {
  const auto found = std::find_if(kMethods.begin(), kMethods.end(),
                                  [&](const PlanMethod& row) { return row.method == method; });
  return found == kMethods.end() ? kMethods.front() : *found;
}

const PlanMethod* find_plan_method(std::string_view key) noexcept {
  const auto found =
      std::find_if(kMethods.begin(), kMethods.end(), [&](const PlanMethod& row) { return row.key == key; });
  return found == kMethods.end() ? nullptr : &*found;
}

double planned_units(const Plan& plan) {
  return static_cast<double>(plan.planned_units.value_or(kDefaultPlannedUnits));
}

stats::Scale scale_of(Scale scale) noexcept {
  return scale == Scale::fieller ? stats::Scale::fieller : stats::Scale::log;
}

Look look_at(const std::vector<Cell>& cells, ArmPair pair, const ValueLayout& layout,
             const stats::UnitValues& values) {
  Look look{.contrast = contrast_of(cells, pair, layout, values), .values = values};
  if (!layout.binary || layout.ratio) return look;
  const auto counts = counts_of(cells, pair, layout.dimension());
  const auto smallest =
      std::min({counts.control.successes, counts.control.n - counts.control.successes,
                counts.treatment.successes, counts.treatment.n - counts.treatment.successes});
  look.smallest_cell = static_cast<double>(smallest);
  const bool one_epoch = std::all_of(cells.begin(), cells.end(),
                                     [&](const Cell& cell) { return cell.epoch == cells.front().epoch; });
  if (one_epoch && values.covariates == 0) look.counts = counts;
  return look;
}

}  // namespace liftmark
