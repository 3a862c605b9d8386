// Score intervals for two proportions (Mee 1984, Koopman 1984, Miettinen and Nurminen 1985), written so that
// counts of 1e10 and empty or full cells keep their digits: probabilities are solved for in their small
// direction.

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "stats/distributions.hpp"
#include "stats/score_roots.hpp"
#include "stats/two_proportions.hpp"

namespace liftmark::stats {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Table {
  double x1, n1, x2, n2;
  double total() const { return n1 + n2; }
  Table swapped() const { return {x2, n2, x1, n1}; }
  Table failures() const { return {n1 - x1, n1, n2 - x2, n2}; }
};

Table table_of(const Successes& first, const Successes& second) {
  return {static_cast<double>(first.successes), static_cast<double>(first.n),
          static_cast<double>(second.successes), static_cast<double>(second.n)};
}

double difference_of(const Table& t) {
  return (t.x1 * (t.n2 - t.x2) - t.x2 * (t.n1 - t.x1)) / t.n1 / t.n2;
}

double variance_factor(const Table& t, bool unbiased) {
  return unbiased ? t.total() / (t.total() - 1.0) : 1.0;
}

Reason problem_with(const Successes& first, const Successes& second, double alpha) {
  for (const Successes& group : {first, second})
    if (const Reason reason = stats::problem_with(group); reason != Reason::none) return reason;
  return alpha > 0.0 && alpha < 1.0 ? Reason::none : Reason::invalid_input;
}

// ---- difference ----

/// Variance of p1 - p2 (without the factor) at the maximum likelihood subject to p1 - p2 = delta >= 0. The
/// derivative of the log likelihood in p2 falls throughout [0, 1 - delta], so its root is bracketed and
/// unique.
double difference_variance(const Table& t, double delta) {
  const auto slope = [&](double p2) {
    const double p1 = p2 + delta;
    double sum = 0.0;
    if (t.x1 > 0.0) sum += t.x1 / p1;
    if (t.x1 < t.n1) sum -= (t.n1 - t.x1) / (1.0 - p1);
    if (t.x2 > 0.0) sum += t.x2 / p2;
    if (t.x2 < t.n2) sum -= (t.n2 - t.x2) / (1.0 - p2);
    return sum;
  };
  const auto curvature = [&](double p2) {
    const double p1 = p2 + delta;
    double sum = 0.0;
    if (t.x1 > 0.0) sum += t.x1 / (p1 * p1);
    if (t.x1 < t.n1) sum += (t.n1 - t.x1) / ((1.0 - p1) * (1.0 - p1));
    if (t.x2 > 0.0) sum += t.x2 / (p2 * p2);
    if (t.x2 < t.n2) sum += (t.n2 - t.x2) / ((1.0 - p2) * (1.0 - p2));
    return sum;
  };
  double low = 0.0;
  double high = 1.0 - delta;
  const auto variance = [&](double p2) {
    const double p1 = p2 + delta;
    return std::max(0.0, p1 * (1.0 - p1) / t.n1 + p2 * (1.0 - p2) / t.n2);
  };
  if (!(high > 0.0)) return 0.0;
  if (t.x2 <= 0.0 && !(slope(0.0) > 0.0)) return variance(0.0);
  if (t.x1 >= t.n1 && !(slope(high) < 0.0)) return variance(high);
  // Newton in the bracket, on the log of p2 (whose likelihood equation is nearly linear for rare events).
  double p2 =
      std::min(std::max((t.x1 + t.x2 + 1.0) / (t.total() + 2.0) - delta * t.n1 / t.total(), 1e-3 * high),
               0.999 * high);
  for (int i = 0; i < 200; ++i) {
    const double g = slope(p2);
    if (g > 0.0)
      low = p2;
    else
      high = p2;
    // d/du of p g(p) with p = exp(u): p g + p^2 g'.
    const double step = p2 * g / (p2 * p2 * curvature(p2) - p2 * g);
    double next = p2 * std::exp(std::isfinite(step) ? step : 0.0);
    if (!(next > low && next < high))
      next = low > 0.0 && high / low > 4.0 ? std::sqrt(low * high) : 0.5 * (low + high);
    if (std::abs(next - p2) <= 4e-16 * p2) break;
    p2 = next;
  }
  return variance(p2);
}

double signed_difference_variance(const Table& t, double delta) {
  return delta >= 0.0 ? difference_variance(t, delta) : difference_variance(t.swapped(), -delta);
}

/// The distance from the point down to the lower end: the root of w - z sqrt(K V(d - w)).
double distance_down(const Table& t, double d, double z_squared) {
  const double limit = d + 1.0;
  if (!(limit > 0.0)) return 0.0;
  const auto f = [&](double w) {
    return w - std::sqrt(z_squared * signed_difference_variance(t, std::max(-1.0, d - w)));
  };
  const double guess = std::sqrt(z_squared * signed_difference_variance(t, d)) + z_squared / t.total();
  return root_above_zero(f, std::min(guess, limit), limit);
}

Estimate score_difference(std::string_view method, const Successes& first, const Successes& second,
                          double alpha, bool unbiased) {
  const Reason reason = problem_with(first, second, alpha);
  Estimate estimate = cannot_say(reason, method);
  if (reason != Reason::none) return estimate;
  // Rare outcomes keep their digits: count failures if successes are the majority, and turn the sign.
  Table t = table_of(first, second);
  const bool mirrored = 2.0 * (t.x1 + t.x2) > t.total();
  if (mirrored) t = t.failures();
  const double d = difference_of(t);
  const double z = normal_upper_quantile(alpha / 2.0);
  const double z_squared = z * z * variance_factor(t, unbiased);
  const double lower = d - distance_down(t, d, z_squared);
  const double upper = d + distance_down(t.swapped(), -d, z_squared);
  estimate.point = mirrored ? -d : d;
  estimate.interval = mirrored ? Interval{-upper, -lower, 1.0 - alpha} : Interval{lower, upper, 1.0 - alpha};
  const double null_variance = signed_difference_variance(t, 0.0) * variance_factor(t, unbiased);
  if (null_variance > 0.0) {
    estimate.standard_error = std::sqrt(null_variance);
    estimate.p_value = 2.0 * normal_sf(std::abs(d) / *estimate.standard_error);
  } else {
    estimate.p_value = 1.0;  // no success, or no failure, in either group: nothing speaks against equality
  }
  return estimate;
}

// ---- ratio ----

/// 1 - p2 at the maximum likelihood subject to p1 = R p2. The discriminant is written as a sum of positive
/// terms.
struct RatioFit {
  double p1, q1, p2, q2;
};

RatioFit ratio_fit(const Table& t, double log_ratio) {
  const double ratio = std::exp(log_ratio);
  const double minus_one = std::expm1(log_ratio);
  const double f1 = t.n1 - t.x1;
  const double f2 = t.n2 - t.x2;
  const double gap = (t.n1 + t.x2) * minus_one + f1 - f2;  // (n1 + x2) R - (x1 + n2)
  const double root = std::sqrt(gap * gap + 4.0 * ratio * f1 * f2);
  const double sum = (t.n1 + t.x2) * ratio + t.x1 + t.n2;  // -B of the quadratic
  RatioFit fit{};
  fit.p2 = 2.0 * (t.x1 + t.x2) / (sum + root);
  fit.p1 = ratio * fit.p2;
  const double a = t.total() * ratio;
  const double b2 = ratio * (t.total() + f2) - (t.x1 + t.n2);  // 2A + B
  fit.q2 = b2 >= 0.0 ? (b2 + root) / (2.0 * a) : -2.0 * f2 * minus_one / (root - b2);
  const double b1 = t.total() + f1 - (t.x2 + t.n1) * ratio;  // the same with the groups exchanged, times R
  fit.q1 = b1 >= 0.0 ? (b1 + root) / (2.0 * t.total()) : 2.0 * f1 * minus_one / (root - b1);
  return fit;
}

/// Z(R) scaled to have the sign of p1 - R p2 and no common factors.
double ratio_score(const Table& t, double log_ratio, double factor) {
  const RatioFit fit = ratio_fit(t, log_ratio);
  const double ratio = std::exp(log_ratio);
  const double top = t.x1 / t.n1 - ratio * (t.x2 / t.n2);
  const double variance = factor * (fit.p1 * std::max(0.0, fit.q1) / t.n1 +
                                    ratio * ratio * fit.p2 * std::max(0.0, fit.q2) / t.n2);
  if (variance > 0.0) return top / std::sqrt(variance);
  return top == 0.0 ? 0.0 : std::copysign(kInfinity, top);
}

/// The lower end of {R : |Z(R)| <= z}; 0 if there is none above it.
double ratio_lower(const Table& t, double z, double factor) {
  if (t.x1 <= 0.0) return 0.0;
  const double centre = t.x2 > 0.0 ? std::log(t.x1 / t.n1) - std::log(t.x2 / t.n2)
                                   : std::log((t.x1 + 0.5) / t.n1) - std::log(0.5 / t.n2);
  const double spread = std::sqrt(1.0 / (t.x1 + 0.5) + 1.0 / (t.x2 + 0.5));
  const auto f = [&](double log_ratio) { return z - ratio_score(t, log_ratio, factor); };
  return std::exp(root_of_increasing(f, centre - z * spread, spread));
}

Estimate score_ratio(std::string_view method, const Successes& first, const Successes& second, double alpha,
                     bool unbiased) {
  const Reason reason = problem_with(first, second, alpha);
  Estimate estimate = cannot_say(reason, method);
  if (reason != Reason::none) return estimate;
  const Table t = table_of(first, second);
  const double z = normal_upper_quantile(alpha / 2.0);
  const double factor = variance_factor(t, unbiased);
  estimate.interval = Interval{ratio_lower(t, z, factor), std::nullopt, 1.0 - alpha};
  if (t.x2 > 0.0) estimate.interval->upper = 1.0 / ratio_lower(t.swapped(), z, factor);
  if (t.x2 > 0.0)
    estimate.point = (t.x1 / t.n1) / (t.x2 / t.n2);
  else
    estimate.reason = Reason::zero_baseline;
  const double at_one = ratio_score(t, 0.0, factor);
  estimate.p_value = std::isfinite(at_one) ? 2.0 * normal_sf(std::abs(at_one)) : 0.0;
  return estimate;
}

// ---- odds ratio ----

double odds_score(const Table& t, double log_odds, double factor) {
  const double odds = std::exp(log_odds);
  const double minus_one = std::expm1(log_odds);
  const double x = t.x1 + t.x2;
  // Restricted p2 from a quadratic with a discriminant of positive terms.
  const double p = t.n1 * odds - x * minus_one;
  const double root = std::sqrt((p - t.n2) * (p - t.n2) + 4.0 * t.n1 * t.n2 * odds);
  const double b = p + t.n2;
  const double p2 = b > 0.0 ? 2.0 * x / (b + root) : (root - b) / (2.0 * t.n2 * minus_one);
  const double p1 = odds * p2 / (1.0 + p2 * minus_one);
  const double q1 = 1.0 - p1;
  const double q2 = 1.0 - p2;
  const double top = t.x1 - t.n1 * p1;
  const double information = 1.0 / (t.n1 * p1 * q1) + 1.0 / (t.n2 * p2 * q2);
  if (!std::isfinite(information)) return top == 0.0 ? 0.0 : std::copysign(kInfinity, top);
  return top * std::sqrt(information / factor);
}

/// The lower end for the odds ratio; 0 where the first group has no success or the second no failure.
double odds_lower(const Table& t, double z, double factor) {
  if (t.x1 <= 0.0 || t.x2 >= t.n2) return 0.0;
  const double centre =
      std::log((t.x1 + 0.5) / (t.n1 - t.x1 + 0.5)) - std::log((t.x2 + 0.5) / (t.n2 - t.x2 + 0.5));
  const double spread = std::sqrt(1.0 / (t.x1 + 0.5) + 1.0 / (t.n1 - t.x1 + 0.5) + 1.0 / (t.x2 + 0.5) +
                                  1.0 / (t.n2 - t.x2 + 0.5));
  const auto f = [&](double log_odds) { return z - odds_score(t, log_odds, factor); };
  return std::exp(root_of_increasing(f, centre - z * spread, spread));
}

}  // namespace

Estimate mee_difference(const Successes& first, const Successes& second, double alpha) {
  return score_difference("mee_score", first, second, alpha, false);
}
Estimate miettinen_nurminen_difference(const Successes& first, const Successes& second, double alpha) {
  return score_difference("mn_score", first, second, alpha, true);
}
Estimate koopman_ratio(const Successes& first, const Successes& second, double alpha) {
  return score_ratio("koopman_score", first, second, alpha, false);
}
Estimate miettinen_nurminen_ratio(const Successes& first, const Successes& second, double alpha) {
  return score_ratio("mn_score", first, second, alpha, true);
}

Estimate miettinen_nurminen_odds_ratio(const Successes& first, const Successes& second, double alpha) {
  const Reason reason = problem_with(first, second, alpha);
  Estimate estimate = cannot_say(reason, "mn_score");
  if (reason != Reason::none) return estimate;
  const Table t = table_of(first, second);
  const double z = normal_upper_quantile(alpha / 2.0);
  const double factor = variance_factor(t, true);
  estimate.interval = Interval{odds_lower(t, z, factor), std::nullopt, 1.0 - alpha};
  const double below = odds_lower(t.swapped(), z, factor);
  if (below > 0.0) estimate.interval->upper = 1.0 / below;
  const double f1 = t.n1 - t.x1;
  const double f2 = t.n2 - t.x2;
  if (f1 > 0.0 && t.x2 > 0.0)
    estimate.point = (t.x1 / f1) * (f2 / t.x2);
  else
    estimate.reason = Reason::zero_baseline;
  return estimate;
}

double miettinen_nurminen_standard_error(const Successes& first, const Successes& second, double margin) {
  Table t = table_of(first, second);
  double delta = margin;
  if (2.0 * (t.x1 + t.x2) > t.total()) {
    t = t.failures();
    delta = -delta;
  }
  return std::sqrt(signed_difference_variance(t, delta) * variance_factor(t, true));
}

}  // namespace liftmark::stats
