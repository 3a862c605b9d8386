#include "stats/confidence_sequence.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace liftmark::stats {
namespace {

constexpr std::string_view kMethod = "asymptotic_confidence_sequence";
constexpr double kSmallestArm = 100;
constexpr double kSkewnessFactor = 3;
constexpr double kSmallestCell = 20;

/// The alpha that the tuning equations see.
double tuning_alpha(double alpha, SequenceSide side) {
  return side == SequenceSide::two_sided ? alpha : 2 * alpha;
}

bool domain_ok(const SequenceRule& rule, double n) {
  return rule.planned_n > 0 && std::isfinite(rule.planned_n) && rule.alpha > 0 &&
         tuning_alpha(rule.alpha, rule.side) < 1 && n > 0 && std::isfinite(n) &&
         std::isfinite(rule.null_value);
}

Interval interval_around(double point, double half_width, const SequenceRule& rule) {
  Interval interval{
      .lower = {}, .upper = {}, .level = 1 - rule.alpha, .kind = IntervalKind::confidence_sequence};
  if (rule.side != SequenceSide::upper) interval.lower = point - half_width;
  if (rule.side != SequenceSide::lower) interval.upper = point + half_width;
  return interval;
}

}  // namespace

double tuned_rho_squared(double planned_n, double alpha, SequenceSide side) {
  const double a = tuning_alpha(alpha, side);
  if (!(planned_n > 0) || !(a > 0) || !(a < 1))
    throw std::logic_error("tuned_rho_squared: outside its domain");
  // u = n rho^2 solves u - log(1 + u) = -2 log a. The left side is convex, so Newton from above never
  // overshoots.
  const double target = -2 * std::log(a);
  double u = target + std::sqrt(2 * target);
  for (int i = 0; i < 60; ++i) {
    const double step = (u - std::log1p(u) - target) * (1 + u) / u;
    u -= step;
    if (std::abs(step) <= 1e-15 * u) break;
  }
  return u / planned_n;
}

double approximate_rho(double planned_n, double alpha, SequenceSide side) {
  const double a = tuning_alpha(alpha, side);
  if (!(planned_n > 0) || !(a > 0) || !(a < 1)) throw std::logic_error("approximate_rho: outside its domain");
  const double two_log = -2 * std::log(a);
  return std::sqrt((two_log + std::log1p(two_log)) / planned_n);
}

double sequence_critical_value(double x, double alpha, SequenceSide side) {
  if (side == SequenceSide::two_sided) return std::sqrt((1 + 1 / x) * (std::log1p(x) - 2 * std::log(alpha)));
  return std::sqrt(2 * (1 + 1 / x) * std::log1p(std::sqrt(x + 1) / (2 * alpha)));
}

double sequence_log_p(double z, double x, SequenceSide side) {
  const double exponent = x * z * z / (2 * (x + 1));
  if (side == SequenceSide::two_sided) return std::min(0.0, 0.5 * std::log1p(x) - exponent);
  const double towards = side == SequenceSide::lower ? z : -z;
  if (!(towards > 0) || exponent == 0) return 0;
  // log expm1(e) = e + log(1 - exp(-e)), which neither overflows nor cancels.
  const double log_expm1 =
      exponent < 0.5 ? std::log(std::expm1(exponent)) : exponent + std::log1p(-std::exp(-exponent));
  return std::min(0.0, 0.5 * std::log1p(x) - std::log(2.0) - log_expm1);
}

bool burn_in_is_over(const SequenceLook& look) {
  if (!(look.smallest_arm_n >= std::max(kSmallestArm, kSkewnessFactor * look.skewness * look.skewness)))
    return false;
  return !look.smallest_cell || *look.smallest_cell >= kSmallestCell;
}

Estimate confidence_sequence(const SequenceLook& look, const SequenceRule& rule) {
  const double standard_error = std::max(look.own_standard_error, look.pooled_standard_error);
  if (!domain_ok(rule, look.n) || !std::isfinite(look.estimate) || !std::isfinite(standard_error))
    return cannot_say(Reason::invalid_input, kMethod);
  Estimate result;
  result.method = kMethod;
  result.point = look.estimate;
  if (!(standard_error > 0)) {
    result.reason = Reason::zero_variance;
    return result;
  }
  result.standard_error = standard_error;
  if (!burn_in_is_over(look)) {
    result.reason = Reason::burn_in;
    return result;
  }
  const double x = look.n * tuned_rho_squared(rule.planned_n, rule.alpha, rule.side);
  const double half_width = standard_error * sequence_critical_value(x, rule.alpha, rule.side);
  result.interval = interval_around(look.estimate, half_width, rule);
  result.p_value = std::exp(sequence_log_p((look.estimate - rule.null_value) / standard_error, x, rule.side));
  return result;
}

}  // namespace liftmark::stats
