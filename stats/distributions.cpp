#include "stats/distributions.hpp"

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>

#include "stats/incomplete_beta.hpp"
#include "stats/stirling.hpp"

namespace liftmark::stats {
namespace {

// Errors come back as values (a tail that underflows is 0), and double is enough: no promotion.
using Policy = boost::math::policies::policy<
    boost::math::policies::promote_double<false>,
    boost::math::policies::domain_error<boost::math::policies::ignore_error>,
    boost::math::policies::overflow_error<boost::math::policies::ignore_error>,
    boost::math::policies::underflow_error<boost::math::policies::ignore_error>,
    boost::math::policies::denorm_error<boost::math::policies::ignore_error>,
    boost::math::policies::pole_error<boost::math::policies::ignore_error>,
    boost::math::policies::evaluation_error<boost::math::policies::ignore_error>,
    boost::math::policies::rounding_error<boost::math::policies::ignore_error>>;
constexpr Policy kPolicy{};

void require(bool holds, const char* what) {
  if (!holds) throw std::domain_error(what);
}

void require_open_unit(double p) {
  require(p > 0.0 && p < 1.0, "a probability must be between 0 and 1, both excluded");
}
void require_unit(double p) {
  require(p >= 0.0 && p <= 1.0, "a probability must be from 0 to 1");
}

// What a method returns must be a number; anything else here is a fault of the evaluation, not of the data.
double checked(double value, const char* function) {
  if (!std::isfinite(value))
    throw std::domain_error(std::string(function) + ": no finite value at these parameters");
  return value;
}

}  // namespace

double normal_cdf(double z) {
  require(!std::isnan(z), "z must be a number");
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

double normal_sf(double z) {
  return normal_cdf(-z);
}

double normal_pdf(double z) {
  return std::exp(-0.5 * z * z) / std::sqrt(2.0 * std::numbers::pi);
}

double normal_log_sf(double z) {
  require(std::isfinite(z), "z must be finite");
  if (z < 0.0) return std::log1p(-0.5 * std::erfc(-z / std::numbers::sqrt2));
  if (z < 10.0) return std::log(0.5 * std::erfc(z / std::numbers::sqrt2));
  // The asymptotic series 1 - 1/z^2 + 3/z^4 - ..; at z >= 10 its smallest term is far below rounding.
  double term = 1.0;
  double series = 1.0;
  for (int k = 1; std::abs(term) > 1e-18 && k < 60; ++k) {
    term *= -(2.0 * k - 1.0) / (z * z);
    series += term;
  }
  return -0.5 * z * z - std::log(z) - 0.5 * std::log(2.0 * std::numbers::pi) + std::log(series);
}

double normal_quantile(double p) {
  require_open_unit(p);
  return boost::math::quantile(boost::math::normal_distribution<double, Policy>(), p);
}

double normal_upper_quantile(double q) {
  return -normal_quantile(q);
}

double student_t_cdf(double t, double df) {
  require(df > 0.0 && !std::isnan(t), "degrees of freedom must be positive");
  if (std::isinf(t)) return t > 0.0 ? 1.0 : 0.0;
  return checked(boost::math::cdf(boost::math::students_t_distribution<double, Policy>(df), t),
                 "student_t_cdf");
}

double student_t_sf(double t, double df) {
  return student_t_cdf(-t, df);
}

double student_t_quantile(double p, double df) {
  require_open_unit(p);
  require(df > 0.0, "degrees of freedom must be positive");
  return checked(boost::math::quantile(boost::math::students_t_distribution<double, Policy>(df), p),
                 "student_t_quantile");
}

double student_t_upper_quantile(double q, double df) {
  return -student_t_quantile(q, df);
}

double noncentral_t_sf(double t, double df, double noncentrality) {
  require(df > 0.0, "degrees of freedom must be positive");
  require(std::isfinite(t) && std::isfinite(noncentrality), "t and its noncentrality must be finite");
  // Far out Boost's series of Poisson terms overflows an int; P(T <= t) is then below exp(-800).
  const double far = 1000.0 + 40.0 * std::abs(t);
  if (noncentrality > far) return 1.0;
  if (noncentrality < -far) return 0.0;
  using NonCentralT = boost::math::non_central_t_distribution<double, Policy>;
  return checked(boost::math::cdf(boost::math::complement(NonCentralT(df, noncentrality), t)),
                 "noncentral_t_sf");
}

double chi2_cdf(double x, double df) {
  require(df > 0.0 && x >= 0.0, "chi-square needs x >= 0 and positive degrees of freedom");
  return checked(boost::math::gamma_p(0.5 * df, 0.5 * x, kPolicy), "chi2_cdf");
}

double chi2_sf(double x, double df) {
  require(df > 0.0 && x >= 0.0, "chi-square needs x >= 0 and positive degrees of freedom");
  return checked(boost::math::gamma_q(0.5 * df, 0.5 * x, kPolicy), "chi2_sf");
}

double chi2_quantile(double p, double df) {
  require(df > 0.0, "degrees of freedom must be positive");
  return 2.0 * gamma_quantile(p, 0.5 * df);
}

double beta_cdf(double x, double a, double b) {
  require(a > 0.0 && b > 0.0 && x >= 0.0 && x <= 1.0, "beta needs positive parameters and x from 0 to 1");
  if (rare_beta(a, b)) return rare_beta_cdf(x, a, b, false);
  return checked(boost::math::ibeta(a, b, x, kPolicy), "beta_cdf");
}

double beta_sf(double x, double a, double b) {
  require(a > 0.0 && b > 0.0 && x >= 0.0 && x <= 1.0, "beta needs positive parameters and x from 0 to 1");
  if (rare_beta(a, b)) return rare_beta_cdf(x, a, b, true);
  return checked(boost::math::ibetac(a, b, x, kPolicy), "beta_sf");
}

namespace {

struct BetaParameters {
  double a, b;
};

/// Boost's inverse has the error of its cdf; where ours is sharper, two Newton steps on it.
double refined(double x, const BetaParameters& law, double probability, bool upper) {
  if (!rare_beta(law.a, law.b)) return x;
  for (int i = 0; i < 2; ++i) {
    if (!(x > 0 && x < 1)) return x;
    const double density = beta_front(x, law.a, law.b) / (x * (1 - x));
    const double step = (rare_beta_cdf(x, law.a, law.b, upper) - probability) / density;
    const double next = upper ? x + step : x - step;
    if (!(next > 0 && next < 1)) return x;
    x = next;
  }
  return x;
}

}  // namespace

double beta_quantile(double p, double a, double b) {
  require(a > 0.0 && b > 0.0, "beta needs positive parameters");
  require_unit(p);
  return refined(checked(boost::math::ibeta_inv(a, b, p, kPolicy), "beta_quantile"), {a, b}, p, false);
}

double beta_upper_quantile(double q, double a, double b) {
  require(a > 0.0 && b > 0.0, "beta needs positive parameters");
  require_unit(q);
  return refined(checked(boost::math::ibetac_inv(a, b, q, kPolicy), "beta_upper_quantile"), {a, b}, q, true);
}

double gamma_quantile(double p, double shape) {
  require(shape > 0.0, "gamma needs a positive shape");
  require_open_unit(p);
  return checked(boost::math::gamma_p_inv(shape, p, kPolicy), "gamma_quantile");
}

double gamma_upper_quantile(double q, double shape) {
  require(shape > 0.0, "gamma needs a positive shape");
  require_open_unit(q);
  return checked(boost::math::gamma_q_inv(shape, q, kPolicy), "gamma_upper_quantile");
}

double binomial_log_pmf(std::int64_t k, std::int64_t n, double p) {
  require(n >= 0 && k >= 0 && k <= n, "binomial needs 0 <= k <= n");
  require_unit(p);
  const double count = static_cast<double>(n);
  const double x = static_cast<double>(k);
  const double q = 1.0 - p;
  require(!(p == 0.0 && k > 0) && !(p == 1.0 && k < n), "an impossible count has no log probability");
  if (k == 0) return n == 0 || p == 0.0 ? 0.0 : count * std::log1p(-p);
  if (k == n) return p == 1.0 ? 0.0 : count * std::log(p);
  const double exponent = stirling_remainder(count) - stirling_remainder(x) - stirling_remainder(count - x) -
                          deviance(x, count * p) - deviance(count - x, count * q);
  return exponent + 0.5 * std::log(count / (2.0 * std::numbers::pi * x * (count - x)));
}

double binomial_pmf(std::int64_t k, std::int64_t n, double p) {
  if ((p == 0.0 && k > 0) || (p == 1.0 && k < n)) return 0.0;
  return std::exp(binomial_log_pmf(k, n, p));
}

double binomial_cdf(std::int64_t k, std::int64_t n, double p) {
  require(n >= 0, "binomial needs n >= 0");
  require_unit(p);
  if (k < 0) return 0.0;
  if (k >= n) return 1.0;
  return beta_sf(p, static_cast<double>(k) + 1.0, static_cast<double>(n - k));
}

double binomial_sf(std::int64_t k, std::int64_t n, double p) {
  require(n >= 0, "binomial needs n >= 0");
  require_unit(p);
  if (k < 0) return 1.0;
  if (k >= n) return 0.0;
  return beta_cdf(p, static_cast<double>(k) + 1.0, static_cast<double>(n - k));
}

std::int64_t binomial_quantile(double q, std::int64_t n, double p) {
  require_unit(q);
  std::int64_t low = -1;  // P(X <= low) < q
  std::int64_t high = n;  // P(X <= high) >= q
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (binomial_cdf(middle, n, p) >= q ? high : low) = middle;
  }
  return high;
}

}  // namespace liftmark::stats
