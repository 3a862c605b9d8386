#include "stats/mixture_sprt.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "stats/confidence_sequence.hpp"
#include "stats/distributions.hpp"

namespace liftmark::stats {
namespace {

void require(bool condition, const char* what) {
  if (!condition) throw std::domain_error(what);
}

}  // namespace

double mixture_log_ratio(const MixtureLook& look) {
  require(look.n > 0 && look.pair_variance > 0 && look.tau > 0 && std::isfinite(look.difference),
          "n, the variance and tau must be above 0");
  const double x = look.n * look.tau * look.tau / look.pair_variance;
  const double z_squared = look.n * (look.difference - look.null_value) *
                           ((look.difference - look.null_value) / look.pair_variance);
  return 0.5 * z_squared * x / (1 + x) - 0.5 * std::log1p(x);
}

Estimate mixture_sprt(const MixtureLook& look, double alpha) {
  constexpr std::string_view kMethod = "mixture_sprt";
  if (!(alpha > 0) || !(alpha < 1) || !(look.n > 0) || !(look.tau > 0) || !(look.pair_variance >= 0) ||
      !std::isfinite(look.difference) || !std::isfinite(look.pair_variance))
    return cannot_say(Reason::invalid_input, kMethod);
  Estimate estimate;
  estimate.method = kMethod;
  estimate.point = look.difference;
  if (look.pair_variance == 0) {
    estimate.reason = Reason::zero_variance;
    return estimate;
  }
  const double error = std::sqrt(look.pair_variance / look.n);
  const double half =
      error * sequence_critical_value(look.n * look.tau * look.tau / look.pair_variance, alpha);
  estimate.standard_error = error;
  estimate.interval = Interval{.lower = look.difference - half,
                               .upper = look.difference + half,
                               .level = 1 - alpha,
                               .kind = IntervalKind::confidence_sequence};
  estimate.p_value = std::exp(std::min(0.0, -mixture_log_ratio(look)));
  return estimate;
}

double optimal_mixing_variance(double effect_variance, double n, double alpha) {
  require(effect_variance > 0 && n > 0 && alpha > 0 && alpha < 1,
          "variance and n above 0, alpha between 0 and 1");
  const double b = std::sqrt(-2 * std::log(alpha) / (n * effect_variance));
  // Phi(-b) / (phi(b)/b - Phi(-b)) with both divided by phi(b): the Mills ratio, which does not underflow.
  const double mills = std::exp(normal_log_sf(b) + 0.5 * b * b + 0.918938533204672742);
  return effect_variance * mills / (1 / b - mills);
}

}  // namespace liftmark::stats
