#include "stats/lift.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "stats/distributions.hpp"
#include "stats/two_proportions.hpp"

namespace liftmark::stats {
namespace {

constexpr std::string_view method_name(Scale scale) {
  switch (scale) {
    case Scale::absolute:
      return "absolute_difference";
    case Scale::log:
      return "log_lift";
    case Scale::fieller:
      return "fieller_lift";
  }
  return "absolute_difference";
}

/// Variances of the two arms' values under an error rule; pooled ones only when they make the larger error.
struct Variances {
  double control;
  double treatment;
};

Variances absolute_variances(const Contrast& contrast, ErrorRule rule) {
  const Variances own{contrast.control.variance, contrast.treatment.variance};
  const Variances pooled{contrast.control.pooled_variance, contrast.treatment.pooled_variance};
  if (rule == ErrorRule::own || own.control + own.treatment >= pooled.control + pooled.treatment) return own;
  return pooled;
}

double log_variance(const Contrast& contrast, ErrorRule rule) {
  const double control = contrast.control.value * contrast.control.value;
  const double treatment = contrast.treatment.value * contrast.treatment.value;
  const double own = contrast.control.variance / control + contrast.treatment.variance / treatment;
  const double together = contrast.pooled_value * contrast.pooled_value;
  if (rule == ErrorRule::own || !(together > 0.0)) return own;
  return std::max(own, (contrast.control.pooled_variance + contrast.treatment.pooled_variance) / together);
}

double welch_satterthwaite(double control, double treatment, double control_term, double treatment_term) {
  const double sum = control + treatment;
  const double terms = control_term + treatment_term;
  return terms > 0.0 ? sum * sum / terms : 0.0;
}

double degrees_of_freedom(const Contrast& contrast, Scale scale) {
  const double c = scale == Scale::log ? contrast.control.value * contrast.control.value : 1.0;
  const double t = scale == Scale::log ? contrast.treatment.value * contrast.treatment.value : 1.0;
  return welch_satterthwaite(contrast.control.variance / c, contrast.treatment.variance / t,
                             contrast.control.satterthwaite / (c * c),
                             contrast.treatment.satterthwaite / (t * t));
}

Reason scale_reason(const Contrast& contrast, Scale scale) {
  if (contrast.reason != Reason::none) return contrast.reason;
  if (scale == Scale::absolute) return Reason::none;
  if (contrast.control.value == 0.0) return Reason::zero_baseline;
  if (scale == Scale::log && !(contrast.control.value > 0.0 && contrast.treatment.value > 0.0))
    return Reason::negative_baseline;
  return Reason::none;
}

/// The point exists whenever there is a control to compare with, also where its uncertainty does not.
std::optional<double> point(const Contrast& contrast, Scale scale) {
  if (contrast.reason != Reason::none) return std::nullopt;
  if (scale == Scale::absolute) return contrast.difference;
  if (contrast.control.value == 0.0) return std::nullopt;
  return contrast.difference / std::abs(contrast.control.value);
}

/// {theta : (t - theta c)^2 <= q^2 (V_t + theta^2 V_c)} as a lift relative to |c| (Fieller 1954).
/// Solved for the lift itself, e = theta - 1, so that small lifts keep their digits.
std::optional<std::pair<double, double>> fieller_set(const Contrast& contrast, const Variances& variance,
                                                     double q) {
  const double c = contrast.control.value;
  const double d = contrast.difference;
  // (d - e c)^2 = q^2 (V_t + (1 + e)^2 V_c):  A e^2 - 2 B e + C = 0.
  const double a = c * c - q * q * variance.control;
  const double b = d * c + q * q * variance.control;
  const double constant = d * d - q * q * (variance.treatment + variance.control);
  if (!(a > 0.0)) return std::nullopt;
  const double root = std::sqrt(std::max(0.0, b * b - a * constant));
  // The root of larger size first; the other from their product.
  const double large = b >= 0.0 ? (b + root) / a : (b - root) / a;
  const double small = large == 0.0 ? 0.0 : constant / (a * large);
  const auto [lower, upper] = std::minmax(large, small);
  if (c > 0.0) return std::pair{lower, upper};
  return std::pair{-upper, -lower};
}

void keep_side(Interval& interval, Side side) {
  if (side == Side::greater) interval.upper.reset();
  if (side == Side::less) interval.lower.reset();
}

/// The interval on `scale` at `multiplier` standard errors; empty when Fieller's set is not an interval.
std::optional<Interval> interval_at(const Contrast& contrast, Scale scale, const ScaledContrast& scaled,
                                    const Critical& critical) {
  Interval interval{std::nullopt, std::nullopt, critical.level, critical.kind};
  const double half = critical.multiplier * scaled.standard_error;
  if (scale == Scale::absolute) {
    interval.lower = scaled.value - half;
    interval.upper = scaled.value + half;
  } else if (scale == Scale::log) {
    interval.lower = std::expm1(scaled.value - half);
    const double upper = std::expm1(scaled.value + half);
    if (std::isfinite(upper)) interval.upper = upper;
  } else {
    const auto set = fieller_set(contrast, absolute_variances(contrast, critical.error), critical.multiplier);
    if (!set) return std::nullopt;
    interval.lower = set->first;
    interval.upper = set->second;
  }
  keep_side(interval, critical.side);
  return interval;
}

double p_value(double z, double df, const Inference& inference) {
  const auto upper_tail = [&](double at) {
    return inference.reference == Reference::normal ? normal_sf(at) : student_t_sf(at, df);
  };
  switch (inference.side) {
    case Side::two:
      return std::min(1.0, 2.0 * upper_tail(std::abs(z)));
    case Side::greater:
      return upper_tail(z);
    case Side::less:
      return upper_tail(-z);
  }
  throw std::logic_error("p_value: no such side");
}

}  // namespace

ScaledResult on_scale(const Contrast& contrast, Scale scale, ErrorRule error) {
  const Reason reason = scale_reason(contrast, scale);
  if (reason != Reason::none) return {std::nullopt, reason};
  ScaledContrast scaled;
  if (scale == Scale::log) {
    const double ratio = contrast.difference / contrast.control.value;  // > -1: both means are positive
    scaled.value =
        ratio > -0.5 ? std::log1p(ratio) : std::log(contrast.treatment.value / contrast.control.value);
    scaled.standard_error = std::sqrt(log_variance(contrast, error));
  } else {
    const Variances variance = absolute_variances(contrast, error);
    scaled.value = contrast.difference;
    scaled.standard_error = std::sqrt(variance.control + variance.treatment);
  }
  scaled.df = degrees_of_freedom(contrast, scale);
  if (!std::isfinite(scaled.value) || !std::isfinite(scaled.standard_error))
    return {std::nullopt, Reason::invalid_input};
  if (!(scaled.standard_error > 0.0)) return {std::nullopt, Reason::zero_variance};
  return {scaled, Reason::none};
}

Estimate estimate_lift(const Contrast& contrast, Scale scale, const Critical& critical) {
  const auto [scaled, reason] = on_scale(contrast, scale, critical.error);
  Estimate estimate = cannot_say(reason, method_name(scale));
  estimate.point = point(contrast, scale);
  if (!scaled) return estimate;
  estimate.standard_error = scaled->standard_error;
  estimate.interval = interval_at(contrast, scale, *scaled, critical);
  if (!estimate.interval) estimate.reason = Reason::unbounded;
  return estimate;
}

Estimate estimate_lift(const Contrast& contrast, Scale scale, const Inference& inference) {
  const auto [scaled, reason] = on_scale(contrast, scale, inference.error);
  if (!scaled) {
    Estimate estimate = cannot_say(reason, method_name(scale));
    estimate.point = point(contrast, scale);
    return estimate;
  }
  if (!(inference.alpha > 0.0 && inference.alpha < 1.0))
    return cannot_say(Reason::invalid_input, method_name(scale));
  const double tail = inference.side == Side::two ? inference.alpha / 2.0 : inference.alpha;
  const double multiplier = inference.reference == Reference::normal
                                ? normal_upper_quantile(tail)
                                : student_t_upper_quantile(tail, scaled->df);
  Estimate estimate = estimate_lift(contrast, scale,
                                    Critical{.multiplier = multiplier,
                                             .level = 1.0 - inference.alpha,
                                             .side = inference.side,
                                             .error = inference.error});
  estimate.p_value = p_value(scaled->value / scaled->standard_error, scaled->df, inference);
  return estimate;
}

bool small_counts(const Successes& control, const Successes& treatment) {
  constexpr std::int64_t kEnough = 20;
  for (const Successes& arm : {control, treatment})
    if (arm.successes < kEnough || arm.n - arm.successes < kEnough) return true;
  return false;
}

Estimate score_lift(const Successes& control, const Successes& treatment, Scale scale, double alpha) {
  Estimate estimate = scale == Scale::absolute ? miettinen_nurminen_difference(treatment, control, alpha)
                                               : miettinen_nurminen_ratio(treatment, control, alpha);
  if (scale != Scale::absolute) {
    if (estimate.point) estimate.point = *estimate.point - 1.0;
    if (estimate.interval && estimate.interval->lower) *estimate.interval->lower -= 1.0;
    if (estimate.interval && estimate.interval->upper) *estimate.interval->upper -= 1.0;
  }
  return estimate;
}

}  // namespace liftmark::stats
