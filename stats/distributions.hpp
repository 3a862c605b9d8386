#pragma once
// Distribution functions: cdf, upper tail and quantiles, each tail computed directly (never as 1 - cdf).
//
// All throw std::domain_error outside their domain; none returns NaN or infinity inside it, except where a
// quantile at p = 0 or 1 is said to.

#include <cstdint>

namespace liftmark::stats {

/// P(Z <= z), standard normal. Relative accuracy in both tails.
double normal_cdf(double z);
/// P(Z > z).
double normal_sf(double z);
/// log P(Z > z); finite also where the tail underflows. Abramowitz and Stegun 1964, 26.2.12 for z > 10.
double normal_log_sf(double z);
/// The density at z.
double normal_pdf(double z);
/// z with P(Z <= z) = p, 0 < p < 1.
double normal_quantile(double p);
/// z with P(Z > z) = q, 0 < q < 1: the critical value of an upper tail.
double normal_upper_quantile(double q);

/// Student's t with `df` > 0 degrees of freedom, not necessarily whole.
double student_t_cdf(double t, double df);
double student_t_sf(double t, double df);
double student_t_quantile(double p, double df);
double student_t_upper_quantile(double q, double df);
/// P(T > t) of the noncentral t with this noncentrality. Exactly 1 or 0 where the tail left out is below
/// 1e-300.
double noncentral_t_sf(double t, double df, double noncentrality);

/// Chi-square with `df` > 0, x >= 0.
double chi2_cdf(double x, double df);
double chi2_sf(double x, double df);
double chi2_quantile(double p, double df);

/// Beta(a, b), a and b > 0, x in [0, 1].
double beta_cdf(double x, double a, double b);
double beta_sf(double x, double a, double b);
/// x with P(X <= x) = p; 0 at p = 0, 1 at p = 1.
double beta_quantile(double p, double a, double b);
/// x with P(X > x) = q.
double beta_upper_quantile(double q, double a, double b);

/// Gamma with shape > 0 and scale 1.
double gamma_quantile(double p, double shape);
double gamma_upper_quantile(double q, double shape);

/// Binomial(n, p): probability of exactly k. Loader 2000, "Fast and accurate computation of binomial
/// probabilities".
double binomial_pmf(std::int64_t k, std::int64_t n, double p);
/// log of the same; -infinity never: k must be possible (throws when p is 0 or 1 and k is not).
double binomial_log_pmf(std::int64_t k, std::int64_t n, double p);
/// P(X <= k); 0 for k < 0, 1 for k >= n.
double binomial_cdf(std::int64_t k, std::int64_t n, double p);
/// P(X > k).
double binomial_sf(std::int64_t k, std::int64_t n, double p);
/// The smallest k with P(X <= k) >= q.
std::int64_t binomial_quantile(double q, std::int64_t n, double p);

}  // namespace liftmark::stats
