#include "stats/poisson_rates.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "stats/distributions.hpp"
#include "stats/proportions.hpp"
#include "stats/score_roots.hpp"

namespace liftmark::stats {
namespace {

Reason problem_with(const Exposed& x) {
  constexpr double kLargestExact = 9007199254740992.0;  // 2^53: beyond it doubles are not whole counts
  const bool counts = x.events >= 0.0 && x.events < kLargestExact && std::floor(x.events) == x.events;
  return counts && x.time > 0.0 && std::isfinite(x.time) ? Reason::none : Reason::invalid_input;
}

Reason problem_with(const Exposed& first, const Exposed& second, double alpha) {
  for (const Exposed& x : {first, second})
    if (problem_with(x) != Reason::none) return Reason::invalid_input;
  return alpha > 0.0 && alpha < 1.0 ? Reason::none : Reason::invalid_input;
}

double rate(const Exposed& x) {
  return x.events / x.time;
}

/// Variance of the difference of rates at the maximum likelihood subject to a difference delta >= 0. The
/// smaller rate solves N r^2 + (N delta - X) r - x2 delta = 0, N the total time, X all events.
double difference_variance(const Exposed& first, const Exposed& second, double delta) {
  const double time = first.time + second.time;
  const double b = time * delta - (first.events + second.events);
  const double root = std::sqrt(b * b + 4.0 * time * second.events * delta);
  const double smaller = b > 0.0 ? 2.0 * second.events * delta / (b + root) : (root - b) / (2.0 * time);
  return (smaller + delta) / first.time + smaller / second.time;
}

double signed_difference_variance(const Exposed& first, const Exposed& second, double delta) {
  return delta >= 0.0 ? difference_variance(first, second, delta)
                      : difference_variance(second, first, -delta);
}

double distance_down(const Exposed& first, const Exposed& second, double z) {
  const double d = rate(first) - rate(second);
  const auto f = [&](double w) {
    return w - z * std::sqrt(signed_difference_variance(first, second, d - w));
  };
  const double guess = z * std::sqrt((first.events + 1.0) / (first.time * first.time) +
                                     (second.events + 1.0) / (second.time * second.time));
  return root_above_zero(f, guess, 1e300);
}

/// z from x1 and the second count scaled to the first's time.
Estimate test_of(std::string_view method, const Exposed& first, const Exposed& second, double numerator,
                 double variance) {
  Reason reason = problem_with(first, second, 0.5);
  if (reason == Reason::none && !(variance > 0.0)) reason = Reason::zero_variance;
  Estimate estimate = cannot_say(reason, method);
  if (reason != Reason::none) return estimate;
  estimate.point = numerator / std::sqrt(variance);
  estimate.p_value = 2.0 * normal_sf(std::abs(*estimate.point));
  return estimate;
}

}  // namespace

Estimate poisson_rate(const Exposed& x, double alpha) {
  const Reason reason = problem_with(x, x, alpha);
  Estimate estimate = cannot_say(reason, "poisson_exact");
  if (reason != Reason::none) return estimate;
  estimate.point = rate(x);
  estimate.interval = Interval{x.events > 0.0 ? gamma_quantile(alpha / 2.0, x.events) / x.time : 0.0,
                               gamma_upper_quantile(alpha / 2.0, x.events + 1.0) / x.time, 1.0 - alpha};
  return estimate;
}

Estimate poisson_difference(const Exposed& first, const Exposed& second, double alpha) {
  const Reason reason = problem_with(first, second, alpha);
  Estimate estimate = cannot_say(reason, "poisson_difference_score");
  if (reason != Reason::none) return estimate;
  const double z = normal_upper_quantile(alpha / 2.0);
  const double d = rate(first) - rate(second);
  estimate.point = d;
  estimate.interval =
      Interval{d - distance_down(first, second, z), d + distance_down(second, first, z), 1.0 - alpha};
  return estimate;
}

Estimate poisson_ratio_score(const Exposed& first, const Exposed& second, double alpha) {
  Reason reason = problem_with(first, second, alpha);
  Estimate estimate = cannot_say(reason, "poisson_ratio_score");
  if (reason != Reason::none) return estimate;
  // (r1 - R r2)^2 = z^2 R X / (t1 t2): the restricted variance is R X / (t1 t2), X all events.
  const double z = normal_upper_quantile(alpha / 2.0);
  const double a = rate(second) * rate(second);
  const double noise = z * z * (first.events + second.events) / first.time / second.time;
  const double b = 2.0 * rate(first) * rate(second) + noise;
  const double root = std::sqrt(noise * (noise + 4.0 * rate(first) * rate(second)));
  estimate.interval = Interval{0.0, std::nullopt, 1.0 - alpha};
  if (b > 0.0) estimate.interval->lower = 2.0 * rate(first) * rate(first) / (b + root);
  if (a > 0.0) {
    estimate.interval->upper = (b + root) / (2.0 * a);
    estimate.point = rate(first) / rate(second);
  } else {
    estimate.reason = Reason::zero_baseline;
  }
  return estimate;
}

Estimate poisson_ratio_exact(const Exposed& first, const Exposed& second, double alpha) {
  Reason reason = problem_with(first, second, alpha);
  Estimate estimate = cannot_say(reason, "poisson_ratio_exact");
  if (reason != Reason::none) return estimate;
  const double x1 = first.events;
  const double x2 = second.events;
  const double to_ratio = second.time / first.time;
  // theta / (1 - theta) of each end; 1 - theta is the quantile of the mirrored beta, not a subtraction.
  const auto odds = [](double successes, double failures, double tail) {
    return beta_quantile(tail, successes, failures) / beta_upper_quantile(tail, failures, successes);
  };
  estimate.interval = Interval{0.0, std::nullopt, 1.0 - alpha};
  if (x1 > 0.0) estimate.interval->lower = odds(x1, x2 + 1.0, alpha / 2.0) * to_ratio;
  if (x2 > 0.0) estimate.interval->upper = to_ratio / odds(x2, x1 + 1.0, alpha / 2.0);
  if (x2 > 0.0)
    estimate.point = x1 / x2 * to_ratio;
  else
    estimate.reason = Reason::zero_baseline;
  estimate.p_value = 1.0;
  if (x1 + x2 > 0.0) {
    const Successes share{static_cast<std::int64_t>(x1), static_cast<std::int64_t>(x1 + x2)};
    estimate.p_value = binomial_test(share, first.time / (first.time + second.time)).p_value;
  }
  return estimate;
}

Estimate poisson_score_test(const Exposed& first, const Exposed& second) {
  const double d = first.time / second.time;
  return test_of("poisson_score", first, second, first.events - second.events * d,
                 (first.events + second.events) * d);
}

Estimate poisson_wald_test(const Exposed& first, const Exposed& second) {
  const double d = first.time / second.time;
  return test_of("poisson_wald", first, second, first.events - second.events * d,
                 first.events + second.events * d * d);
}

Estimate poisson_sqrt_test(const Exposed& first, const Exposed& second) {
  const double d = first.time / second.time;
  return test_of("poisson_sqrt", first, second,
                 2.0 * (std::sqrt(first.events + 0.375) - std::sqrt(d * (second.events + 0.375))), 1.0 + d);
}

}  // namespace liftmark::stats
