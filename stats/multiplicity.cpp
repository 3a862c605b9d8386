#include "stats/multiplicity.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <stdexcept>

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/quadrature/gauss.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <boost/math/tools/roots.hpp>

#include "stats/distributions.hpp"

namespace liftmark::stats {
namespace {

/// Positions in ascending order of p; ties keep their order.
std::vector<std::size_t> ascending(std::span<const double> p) {
  for (const double value : p)
    if (!(value >= 0.0 && value <= 1.0)) throw std::invalid_argument("a p-value lies outside [0, 1]");
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  return order;
}

/// From the smallest p on: each is at least the one before. `scaled(rank, p)` with rank from 0.
template <typename Scaled>
std::vector<double> step_down(std::span<const double> p, Scaled scaled) {
  std::vector<double> adjusted(p.size());
  double highest = 0.0;
  const auto order = ascending(p);
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    highest = std::max(highest, std::min(1.0, scaled(rank, p[order[rank]])));
    adjusted[order[rank]] = highest;
  }
  return adjusted;
}

/// From the largest p on: each is at most the one before.
template <typename Scaled>
std::vector<double> step_up(std::span<const double> p, Scaled scaled) {
  std::vector<double> adjusted(p.size());
  double lowest = 1.0;
  const auto order = ascending(p);
  for (std::size_t rank = order.size(); rank-- > 0;) {
    lowest = std::min(lowest, scaled(rank, p[order[rank]]));
    adjusted[order[rank]] = lowest;
  }
  return adjusted;
}

double count(std::size_t n) {
  return static_cast<double>(n);
}

/// 1 - (1 - p)^m without cancellation.
double sidak(double p, double m) {
  return p >= 1.0 ? 1.0 : -std::expm1(m * std::log1p(-p));
}

constexpr double kEnd = 8.5;  // of the control's standardised mean: what is left out is below 1e-16

double spread_of(double lambda) {
  return std::sqrt((1.0 - lambda) * (1.0 + lambda));
}

/// Where the integrand bends: each treatment's critical value, as seen by the control, and a few of its
/// spreads around it. A treatment a million times the control's size bends it within a thousandth of z.
std::vector<double> bends(std::span<const double> lambdas, double t, bool two_sided) {
  std::vector<double> points;
  for (double z = -kEnd; z < kEnd; z += 0.5) points.push_back(z);
  points.push_back(kEnd);
  for (const double lambda : lambdas) {
    const double at = t / lambda, spread = spread_of(lambda);
    for (const double k : {-9.0, -6.0, -4.0, -2.5, -1.2, 0.0, 1.2, 2.5, 4.0, 6.0, 9.0})
      for (const double z : {at + k * spread, -at + k * spread})
        if (std::abs(z) < kEnd && (two_sided || z * at >= 0)) points.push_back(z);
  }
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  return points;
}

/// P(max T > t | scale s of the estimated standard deviation): an integral over the control's standardised
/// mean z. The trapezoidal rule converges geometrically for such integrands; panels between the bends where a
/// treatment is so much larger than the control that it would take too many steps.
double exceedance(std::span<const double> lambdas, double t, double s, bool two_sided) {
  const auto integrand = [&](double z) {
    double log_none = 0.0;
    for (const double lambda : lambdas) {
      const double spread = spread_of(lambda);
      double tail = normal_sf((t * s - lambda * z) / spread);
      if (two_sided) tail += normal_cdf((-t * s - lambda * z) / spread);
      log_none += std::log1p(-std::min(tail, 1.0));
    }
    return normal_pdf(z) * (std::isinf(log_none) ? 1.0 : -std::expm1(log_none));
  };
  constexpr double kSteps = 340;
  const double largest = *std::max_element(lambdas.begin(), lambdas.end());
  double total = 0.0;
  if (2.0 * kEnd <= 0.4 * spread_of(largest) * kSteps) {
    const double step = 2.0 * kEnd / kSteps;
    for (double i = 0; i <= kSteps; ++i) total += integrand(-kEnd + step * i);
    return total * step;
  }
  const auto points = bends(lambdas, t * s, two_sided);
  for (std::size_t i = 1; i < points.size(); ++i)
    total += boost::math::quadrature::gauss<double, 15>::integrate(integrand, points[i - 1], points[i]);
  return total;
}

std::vector<double> lambdas_of(const ManyToOne& design) {
  if (design.n_treatments.empty() || !(design.n_control > 0))
    throw std::invalid_argument("sample sizes must be positive");
  std::vector<double> lambdas;
  for (const double n : design.n_treatments) {
    if (!(n > 0)) throw std::invalid_argument("sample sizes must be positive");
    // A treatment 1e15 times the control's size is as good as known; beyond it its own spread would round to
    // 0.
    lambdas.push_back(std::sqrt(1.0 / (1.0 + std::max(design.n_control / n, 1e-15))));
  }
  return lambdas;
}

double dunnett_tail(std::span<const double> lambdas, const std::optional<double>& df, double t,
                    bool two_sided) {
  if (!df || std::isinf(*df)) return exceedance(lambdas, t, 1.0, two_sided);
  if (!(*df > 0)) throw std::invalid_argument("degrees of freedom must be positive");
  // s = sqrt(chi2 / df) on a log scale, v = log s: the trapezoidal rule over all but 1e-15 of its
  // distribution, a step of which is a part of the narrower of the two factors, the law of v and the
  // exceedance's bend.
  const boost::math::chi_squared chi2(*df);
  const double low = 0.5 * std::log(quantile(chi2, 1e-15) / *df);
  const double high = 0.5 * std::log(quantile(complement(chi2, 1e-15)) / *df);
  const double steps = std::ceil((high - low) / std::min(0.15, 0.4 / std::sqrt(2.0 * *df)));
  const double log_norm =
      std::numbers::ln2 + 0.5 * *df * std::log(0.5 * *df) - boost::math::lgamma(0.5 * *df);
  double total = 0.0;
  for (double i = 0; i <= steps; ++i) {
    const double v = low + (high - low) * i / steps, s = std::exp(v);
    total += std::exp(log_norm + *df * (v - 0.5 * s * s)) * exceedance(lambdas, t, s, two_sided);
  }
  return std::min(1.0, total * (high - low) / steps);
}

}  // namespace

std::vector<double> adjust_bonferroni(std::span<const double> p) {
  const double m = count(p.size());
  std::vector<double> adjusted(p.size());
  for (const std::size_t i : ascending(p)) adjusted[i] = std::min(1.0, m * p[i]);
  return adjusted;
}

std::vector<double> adjust_sidak(std::span<const double> p) {
  std::vector<double> adjusted(p.size());
  for (const std::size_t i : ascending(p)) adjusted[i] = sidak(p[i], count(p.size()));
  return adjusted;
}

std::vector<double> adjust_holm(std::span<const double> p) {
  return step_down(p, [&](std::size_t rank, double value) { return count(p.size() - rank) * value; });
}

std::vector<double> adjust_holm_sidak(std::span<const double> p) {
  return step_down(p, [&](std::size_t rank, double value) { return sidak(value, count(p.size() - rank)); });
}

std::vector<double> adjust_hochberg(std::span<const double> p) {
  return step_up(p, [&](std::size_t rank, double value) { return count(p.size() - rank) * value; });
}

std::vector<double> adjust_hommel(std::span<const double> p) {
  const std::size_t n = p.size();
  const auto order = ascending(p);
  std::vector<double> sorted(n);
  for (std::size_t i = 0; i < n; ++i) sorted[i] = p[order[i]];
  std::vector<double> adjusted = sorted;
  // Every intersection of j hypotheses is tested by Simes; the least significant one with a given member has
  // that member and the j - 1 largest others (Wright 1992, table 4).
  for (std::size_t j = n; j >= 2; --j) {
    double simes = 1.0;
    for (std::size_t k = 2; k <= j; ++k) simes = std::min(simes, count(j) * sorted[n - j + k - 1] / count(k));
    for (std::size_t i = 0; i < n; ++i) {
      const double smallest_of_set = sorted[i + j > n ? n - j : i];
      adjusted[i] = std::max(adjusted[i], std::min(simes, count(j) * smallest_of_set));
    }
  }
  std::vector<double> result(n);
  for (std::size_t i = 0; i < n; ++i) result[order[i]] = std::min(1.0, adjusted[i]);
  return result;
}

std::vector<double> adjust_benjamini_hochberg(std::span<const double> p) {
  return step_up(p,
                 [&](std::size_t rank, double value) { return count(p.size()) / count(rank + 1) * value; });
}

std::vector<double> adjust_benjamini_yekutieli(std::span<const double> p) {
  double harmonic = 0.0;
  for (std::size_t i = p.size(); i > 0; --i) harmonic += 1.0 / count(i);
  return step_up(p, [&](std::size_t rank, double value) {
    return harmonic * count(p.size()) / count(rank + 1) * value;
  });
}

double dunnett_p_value(const ManyToOne& design, double t, bool two_sided) {
  return dunnett_tail(lambdas_of(design), design.df, two_sided ? std::abs(t) : t, two_sided);
}

double dunnett_critical(const ManyToOne& design, double confidence, bool two_sided) {
  if (!(confidence > 0.0 && confidence < 1.0))
    throw std::invalid_argument("confidence must lie inside (0, 1)");
  const auto lambdas = lambdas_of(design);
  const double alpha = 1.0 - confidence;
  double high = 4.0;
  while (dunnett_tail(lambdas, design.df, high, two_sided) > alpha && high < 1e15) high *= 2.0;
  double low = two_sided ? 0.0 : -8.0;
  const auto excess = [&](double t) { return dunnett_tail(lambdas, design.df, t, two_sided) - alpha; };
  std::uintmax_t iterations = 100;
  const auto bracket = boost::math::tools::toms748_solve(
      excess, low, high, boost::math::tools::eps_tolerance<double>(40), iterations);
  return 0.5 * (bracket.first + bracket.second);
}

std::vector<double> dunnett_step_down(const ManyToOne& design, std::span<const double> statistics,
                                      bool two_sided) {
  if (statistics.size() != design.n_treatments.size())
    throw std::invalid_argument("one statistic per treatment is needed");
  const auto size = [&](std::size_t i) { return two_sided ? std::abs(statistics[i]) : statistics[i]; };
  std::vector<std::size_t> order(statistics.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return size(a) > size(b); });
  const auto lambdas = lambdas_of(design);
  std::vector<double> adjusted(statistics.size());
  double highest = 0.0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    std::vector<double> rest;
    for (std::size_t i = rank; i < order.size(); ++i) rest.push_back(lambdas[order[i]]);
    highest = std::max(highest, dunnett_tail(rest, design.df, size(order[rank]), two_sided));
    adjusted[order[rank]] = highest;
  }
  return adjusted;
}

double false_coverage_level(std::size_t selected, std::size_t m, double q) {
  if (m == 0 || selected > m || !(q > 0.0 && q < 1.0))
    throw std::invalid_argument("needs 0 <= selected <= m and q inside (0, 1)");
  return 1.0 - count(selected) * q / count(m);
}

ErrorShares allocate_error(const ErrorBudget& budget) {
  const auto share = [&](double alpha, std::size_t metrics) {
    return alpha / static_cast<double>(std::max<std::size_t>(1, metrics * budget.variants));
  };
  return {.primary = share(budget.alpha, budget.primaries),
          .secondary = share(budget.alpha, budget.secondaries),
          .guardrail = budget.guardrail_alpha,
          .harm = share(budget.harm_alpha, budget.guardrails)};
}

}  // namespace liftmark::stats
