#include "stats/proportions.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "stats/distributions.hpp"

namespace liftmark::stats {
namespace {

using Bounds = std::pair<double, double>;
using BoundsOf = Bounds (*)(double x, double n, double alpha);

Estimate interval_by(std::string_view method, BoundsOf bounds, const Successes& x, double alpha) {
  Reason reason = problem_with(x);
  if (reason == Reason::none && !(alpha > 0.0 && alpha < 1.0)) reason = Reason::invalid_input;
  Estimate estimate = cannot_say(reason, method);
  if (reason != Reason::none) return estimate;
  const double count = static_cast<double>(x.successes);
  const double n = static_cast<double>(x.n);
  const auto [lower, upper] = bounds(count, n, alpha);
  estimate.point = count / n;
  estimate.interval = Interval{std::clamp(lower, 0.0, 1.0), std::clamp(upper, 0.0, 1.0), 1.0 - alpha};
  return estimate;
}

Bounds wald_bounds(double x, double n, double alpha) {
  const double half = normal_upper_quantile(alpha / 2.0) * std::sqrt(x / n * ((n - x) / n) / n);
  return {x / n - half, x / n + half};
}

/// The roots of Wilson's quadratic for x of n; the smaller one from their product x^2 / (n (n + z^2)), since
/// the subtraction would lose its digits near 0.
Bounds wilson_roots(double x, double n, double z) {
  const double sum = x + z * z / 2.0 + z * std::sqrt(x * (n - x) / n + z * z / 4.0);
  return {x * x / (n * sum), sum / (n + z * z)};
}

Bounds wilson_bounds(double x, double n, double alpha) {
  return wilson_roots(x, n, normal_upper_quantile(alpha / 2.0));
}

Bounds wilson_continuity_bounds(double x, double n, double alpha) {
  const double z = normal_upper_quantile(alpha / 2.0);
  const double correction = std::min(0.5, std::abs(x - n / 2.0));
  return {x > correction ? wilson_roots(x - correction, n, z).first : 0.0,
          x + correction < n ? wilson_roots(x + correction, n, z).second : 1.0};
}

Bounds clopper_pearson_bounds(double x, double n, double alpha) {
  return {x > 0.0 ? beta_quantile(alpha / 2.0, x, n - x + 1.0) : 0.0,
          x < n ? beta_upper_quantile(alpha / 2.0, x + 1.0, n - x) : 1.0};
}

Bounds agresti_coull_bounds(double x, double n, double alpha) {
  const double z = normal_upper_quantile(alpha / 2.0);
  const double size = n + z * z;
  const double p = (x + z * z / 2.0) / size;
  const double half = z * std::sqrt(p * (1.0 - p) / size);
  return {p - half, p + half};
}

Bounds jeffreys_bounds(double x, double n, double alpha) {
  return {beta_quantile(alpha / 2.0, x + 0.5, n - x + 0.5),
          beta_upper_quantile(alpha / 2.0, x + 0.5, n - x + 0.5)};
}

/// Probability of the outcomes at or beyond the mirror of x: those on the other side of the mode with
/// probability at most `limit` (in logs). Both searches rely on the probabilities falling away from the mode.
double mirror_tail(const Successes& x, double p0, double limit) {
  const double mode = static_cast<double>(x.n) * p0;
  const bool below = static_cast<double>(x.successes) < mode;
  // Between `near` (likelier than limit, or the mode) and `far` (beyond the last outcome).
  std::int64_t near = static_cast<std::int64_t>(below ? std::ceil(mode) : std::floor(mode));
  std::int64_t far = below ? x.n + 1 : -1;
  if (binomial_log_pmf(near, x.n, p0) <= limit) far = near;
  while (std::abs(far - near) > 1) {
    const std::int64_t middle = near + (far - near) / 2;
    (binomial_log_pmf(middle, x.n, p0) <= limit ? far : near) = middle;
  }
  return below ? binomial_sf(far - 1, x.n, p0) : binomial_cdf(far, x.n, p0);
}

}  // namespace

Reason problem_with(const Successes& x) {
  if (x.n < 0 || x.successes < 0 || x.successes > x.n) return Reason::invalid_input;
  return x.n == 0 ? Reason::too_few_units : Reason::none;
}

Estimate wald_proportion(const Successes& x, double alpha) {
  return interval_by("wald", wald_bounds, x, alpha);
}
Estimate wilson(const Successes& x, double alpha) {
  return interval_by("wilson", wilson_bounds, x, alpha);
}
Estimate wilson_continuity(const Successes& x, double alpha) {
  return interval_by("wilson_cc", wilson_continuity_bounds, x, alpha);
}
Estimate clopper_pearson(const Successes& x, double alpha) {
  return interval_by("clopper_pearson", clopper_pearson_bounds, x, alpha);
}
Estimate agresti_coull(const Successes& x, double alpha) {
  return interval_by("agresti_coull", agresti_coull_bounds, x, alpha);
}
Estimate jeffreys(const Successes& x, double alpha) {
  return interval_by("jeffreys", jeffreys_bounds, x, alpha);
}

Estimate binomial_test(const Successes& x, double p0) {
  Reason reason = problem_with(x);
  if (reason == Reason::none && !(p0 >= 0.0 && p0 <= 1.0)) reason = Reason::invalid_input;
  Estimate estimate = cannot_say(reason, "binomial_exact");
  if (reason != Reason::none) return estimate;
  estimate.point = static_cast<double>(x.successes) / static_cast<double>(x.n);
  if (p0 == 0.0 || p0 == 1.0) {
    estimate.p_value = x.successes == (p0 == 0.0 ? 0 : x.n) ? 1.0 : 0.0;
    return estimate;
  }
  const double mode = static_cast<double>(x.n) * p0;
  if (static_cast<double>(x.successes) == mode) {
    estimate.p_value = 1.0;
    return estimate;
  }
  constexpr double kSlack = 1e-7;
  const double limit = binomial_log_pmf(x.successes, x.n, p0) + std::log1p(kSlack);
  const bool below = static_cast<double>(x.successes) < mode;
  const double own = below ? binomial_cdf(x.successes, x.n, p0) : binomial_sf(x.successes - 1, x.n, p0);
  estimate.p_value = std::min(1.0, own + mirror_tail(x, p0, limit));
  return estimate;
}

}  // namespace liftmark::stats
