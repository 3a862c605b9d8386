#include "stats/mixture_sequences.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include <boost/math/special_functions/gamma.hpp>
#include <boost/math/special_functions/log1p.hpp>
#include <boost/math/special_functions/zeta.hpp>
#include <boost/math/tools/toms748_solve.hpp>

#include "stats/distributions.hpp"
#include "stats/sample_ratio.hpp"
#include "stats/stirling.hpp"

namespace liftmark::stats {
namespace {

/// Without promotion the incomplete gamma function uses Temme's expansion at any size.
using Double = boost::math::policies::policy<boost::math::policies::promote_double<false>>;

void require(bool condition, const char* what) {
  if (!condition) throw std::domain_error(what);
}

/// log P(k, k (1 + t)) for t >= 0.
double log_gamma_p_above(double k, double t) {
  // For very large shapes, and far out in the tail of large ones, no series converges in time; the leading
  // term of Temme's uniform expansion is then right to 1/sqrt k of the part it leaves to the other tail,
  // below 5e-6.
  if (k > 1e9 || (k > 1e5 && t * t * k > 20))
    return std::log1p(-normal_sf(std::sqrt(-2 * k * boost::math::log1pmx(t))));
  return std::log(boost::math::gamma_p(k, k * (1 + t), Double()));
}

void check_alpha(double alpha) {
  require(alpha > 0 && alpha < 1, "alpha must be between 0 and 1");
}

template <typename Function>
double root(Function f, double low, double high) {
  const double at_low = f(low), at_high = f(high);
  if (at_low == 0) return low;
  if (at_high == 0) return high;
  require((at_low < 0) != (at_high < 0), "a boundary could not be bracketed");
  std::uintmax_t iterations = 200;
  const auto close = [](double a, double b) { return std::abs(a - b) <= 1e-13 * std::abs(b); };
  const auto [a, b] = boost::math::tools::toms748_solve(f, low, high, at_low, at_high, close, iterations);
  return 0.5 * (a + b);
}

/// Where an increasing f, negative near 0, becomes 0; searched upwards from `scale`.
template <typename Function>
double positive_root(Function f, double scale) {
  double high = scale;
  for (int i = 0; i < 200 && f(high) < 0; ++i) high *= 2;
  return root(f, 0.0, high);
}

}  // namespace

double mixture_precision(const MixtureTuning& tuning) {
  const double a = tuning.one_sided ? 2 * tuning.alpha_opt : tuning.alpha_opt;
  require(tuning.v_opt > 0 && a > 0 && a < 1,
          "a mixture needs v_opt above 0 and alpha_opt between 0 and 1 (1/2 one-sided)");
  const double two_log = -2 * std::log(a);
  return tuning.v_opt / (two_log + std::log1p(two_log));
}

double normal_log_mixture(double s, double v, const MixtureTuning& tuning) {
  require(v >= 0 && std::isfinite(v) && std::isfinite(s), "v must be finite and at least 0");
  const double rho = mixture_precision(tuning);
  const double two_sided = -0.5 * std::log1p(v / rho) + s * (s / (2 * (v + rho)));
  return tuning.one_sided ? two_sided + std::log(2.0) + normal_log_sf(-s / std::sqrt(v + rho)) : two_sided;
}

double normal_mixture_bound(double v, double alpha, const MixtureTuning& tuning) {
  check_alpha(alpha);
  require(v >= 0 && std::isfinite(v), "v must be finite and at least 0");
  const double rho = mixture_precision(tuning);
  const double two_sided = std::sqrt((v + rho) * (std::log1p(v / rho) - 2 * std::log(alpha)));
  if (!tuning.one_sided) return two_sided;
  return positive_root([&](double s) { return normal_log_mixture(s, v, tuning) + std::log(alpha); },
                       two_sided);
}

double beta_binomial_log_mixture(double s, double v, const BoundedIncrements& range,
                                 const MixtureTuning& tuning) {
  const auto [g, h] = range;
  require(g > 0 && h > 0 && v > 0 && std::isfinite(v), "g, h and v must be above 0");
  const double slack = 1e-12 * v;
  require(s >= -(v + slack) / h && s <= (v + slack) / g, "the sum is outside what the increments allow");
  // A walk of v/(gh) steps, up by h with probability g/(g+h): a binomial against its beta mixture.
  const double prior = std::max(mixture_precision(tuning) - g * h, 1e-3 * g * h) / (g * h);
  const std::array counts{std::max(0.0, (v - g * s) / (g * (g + h))),
                          std::max(0.0, (v + h * s) / (h * (g + h)))};
  const std::array shares{h / (g + h), g / (g + h)};
  const double two_sided = log_bayes_factor({.counts = counts, .shares = shares}, prior);
  if (!tuning.one_sided) return two_sided;
  const auto below = [&](double downs, double ups) {
    return std::log(beta_cdf(shares[0], downs + prior * shares[0], ups + prior * shares[1]));
  };
  return two_sided + below(counts[0], counts[1]) - below(0, 0);
}

double beta_binomial_mixture_bound(double v, double alpha, const BoundedIncrements& range,
                                   const MixtureTuning& tuning) {
  check_alpha(alpha);
  const auto excess = [&](double s) {
    return beta_binomial_log_mixture(s, v, range, tuning) + std::log(alpha);
  };
  const double largest = v / range.g;
  return excess(largest) <= 0 ? largest : root(excess, 0.0, largest);
}

double gamma_exponential_log_mixture(double s, double v, double c, const MixtureTuning& tuning) {
  require(c > 0 && v >= 0 && s >= 0 && std::isfinite(v) && std::isfinite(s),
          "c must be above 0, v and s at least 0");
  const double rho =
      mixture_precision({.v_opt = tuning.v_opt, .alpha_opt = tuning.alpha_opt, .one_sided = true});
  const double prior = rho / (c * c), shape = (v + rho) / (c * c), ratio = c * s / (v + rho);
  // k log k - log Gamma(k) + log Gamma(K) - K log y + y - k, y = K (1 + ratio), by Stirling's formula.
  const double smooth = 0.5 * std::log(prior / shape) - stirling_remainder(prior) +
                        stirling_remainder(shape) - shape * boost::math::log1pmx(ratio);
  return smooth + log_gamma_p_above(shape, ratio) - log_gamma_p_above(prior, 0);
}

double gamma_exponential_mixture_bound(double v, double alpha, double c, const MixtureTuning& tuning) {
  check_alpha(alpha);
  return positive_root(
      [&](double s) { return gamma_exponential_log_mixture(s, v, c, tuning) + std::log(alpha); },
      std::sqrt(v + tuning.v_opt) + c);
}

double poly_stitching_bound(double v, double alpha, const Stitching& stitching) {
  check_alpha(alpha);
  const auto [v_min, c, s, eta] = stitching;
  require(v_min > 0 && c >= 0 && s > 1 && eta > 1 && v >= 0 && std::isfinite(v),
          "stitching needs v_min above 0, c at least 0, s and eta above 1");
  const double variance = std::max(v, v_min);
  const double level = s * std::log(std::log(eta * (variance / v_min))) + std::log(boost::math::zeta(s)) -
                       s * std::log(std::log(eta)) - std::log(alpha);
  const double k1 = (std::pow(eta, 0.25) + std::pow(eta, -0.25)) / std::sqrt(2.0),
               k2 = 0.5 * (std::sqrt(eta) + 1);
  const double linear = k2 * c * level;
  return std::sqrt(k1 * k1 * variance * level + linear * linear) + linear;
}

namespace {

/// The lower end of the Bernoulli sequence; the upper one is its mirror image.
double bernoulli_lower(double successes, double n, double alpha, double concentration) {
  if (successes <= 0) return 0;
  const std::array counts{successes, n - successes};
  const auto excess = [&](double log_p) {
    const double p = std::exp(log_p);
    const std::array shares{p, -std::expm1(log_p)};
    return log_bayes_factor({.counts = counts, .shares = shares}, concentration) + std::log(alpha);
  };
  constexpr double kSmallestLog = -600;
  const double highest = std::min(std::log(successes / n), -1e-15);
  if (excess(kSmallestLog) <= 0 || excess(highest) >= 0) return 0;
  return std::exp(root(excess, kSmallestLog, highest));
}

}  // namespace

Estimate bernoulli_sequence(const BernoulliLook& look, double alpha, double t_opt, double alpha_opt) {
  constexpr std::string_view kMethod = "bernoulli_sequence";
  const auto [successes, n] = look;
  if (!(n > 0) || !std::isfinite(n) || !(successes >= 0) || !(successes <= n) || !(alpha > 0) ||
      !(alpha < 1) || !(t_opt > 0) || !(alpha_opt > 0) || !(alpha_opt < 1))
    return cannot_say(Reason::invalid_input, kMethod);
  // v_opt = p (1 - p) t_opt makes the concentration the same for every p.
  const double prior = mixture_precision({.v_opt = t_opt, .alpha_opt = alpha_opt, .one_sided = false});
  const double concentration = std::max(prior - 1, 1e-3);
  Estimate estimate;
  estimate.method = kMethod;
  estimate.point = successes / n;
  estimate.interval = Interval{.lower = bernoulli_lower(successes, n, alpha, concentration),
                               .upper = 1 - bernoulli_lower(n - successes, n, alpha, concentration),
                               .level = 1 - alpha,
                               .kind = IntervalKind::confidence_sequence};
  return estimate;
}

}  // namespace liftmark::stats
