#include "stats/ranks.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "stats/co_moments.hpp"
#include "stats/delta_lift.hpp"
#include "stats/distributions.hpp"

namespace liftmark::stats {
namespace {

/// Rank sum of x with midranks, and sum of t^3 - t over groups of ties.
struct RankSums {
  double of_x = 0.0;
  double ties = 0.0;
};

RankSums rank_sums(std::span<const double> x, std::span<const double> y) {
  struct Value {
    double value;
    bool from_x;
  };
  std::vector<Value> all;
  all.reserve(x.size() + y.size());
  for (const double value : x) all.push_back({value, true});
  for (const double value : y) all.push_back({value, false});
  std::sort(all.begin(), all.end(), [](const Value& a, const Value& b) { return a.value < b.value; });
  RankSums sums;
  for (std::size_t start = 0; start < all.size();) {
    std::size_t end = start;
    double of_x = 0.0;
    for (; end < all.size() && all[end].value == all[start].value; ++end) of_x += all[end].from_x ? 1.0 : 0.0;
    const double tied = static_cast<double>(end - start);
    sums.of_x += of_x * (static_cast<double>(start) + (tied + 1.0) / 2.0);
    sums.ties += tied * tied * tied - tied;
    start = end;
  }
  return sums;
}

MannWhitney statistic(std::span<const double> x, std::span<const double> y, RankSums& sums) {
  MannWhitney test;
  const auto all_finite = [](std::span<const double> values) {
    return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
  };
  if (x.empty() || y.empty())
    test.reason = Reason::too_few_units;
  else if (!all_finite(x) || !all_finite(y))
    test.reason = Reason::invalid_input;
  if (test.reason != Reason::none) return test;
  sums = rank_sums(x, y);
  const double n1 = static_cast<double>(x.size());
  const double n2 = static_cast<double>(y.size());
  test.u = sums.of_x - n1 * (n1 + 1.0) / 2.0;
  test.auc = test.u / (n1 * n2);
  return test;
}

/// P(U = u) for all u: P_{a,b}(u) = a/(a+b) P_{a-1,b}(u - b) + b/(a+b) P_{a,b-1}(u), the largest value being
/// an x or a y.
std::vector<double> permutation_distribution(std::size_t n1, std::size_t n2) {
  std::vector<std::vector<double>> row(n2 + 1, std::vector<double>{1.0});
  for (std::size_t a = 1; a <= n1; ++a) {
    row[0] = {1.0};
    for (std::size_t b = 1; b <= n2; ++b) {
      std::vector<double> next(a * b + 1, 0.0);
      const double share = static_cast<double>(a) / static_cast<double>(a + b);
      for (std::size_t u = 0; u < row[b].size(); ++u) next[u + b] += share * row[b][u];
      for (std::size_t u = 0; u < row[b - 1].size(); ++u) next[u] += (1.0 - share) * row[b - 1][u];
      row[b] = std::move(next);
    }
  }
  return row[n2];
}

}  // namespace

MannWhitney mann_whitney(std::span<const double> x, std::span<const double> y) {
  RankSums sums;
  MannWhitney test = statistic(x, y, sums);
  if (test.reason != Reason::none) return test;
  const double n1 = static_cast<double>(x.size());
  const double n2 = static_cast<double>(y.size());
  const double n = n1 + n2;
  const double variance = n1 * n2 / 12.0 * ((n + 1.0) - sums.ties / (n * (n - 1.0)));
  if (!(variance > 0.0)) {
    test.reason = Reason::zero_variance;
    return test;
  }
  const double s = std::sqrt(variance);
  const double above = test.u - n1 * n2 / 2.0;
  test.p_greater = normal_sf((above - 0.5) / s);
  test.p_less = normal_sf((-above - 0.5) / s);
  test.p_two_sided = std::min(1.0, 2.0 * normal_sf((std::abs(above) - 0.5) / s));
  return test;
}

MannWhitney mann_whitney_exact(std::span<const double> x, std::span<const double> y) {
  RankSums sums;
  MannWhitney test = statistic(x, y, sums);
  constexpr std::size_t kMostPairs = 40000;
  if (test.reason == Reason::none && sums.ties > 0.0) test.reason = Reason::invalid_input;
  if (test.reason == Reason::none && x.size() * y.size() > kMostPairs) test.reason = Reason::not_applicable;
  if (test.reason != Reason::none) return test;
  const std::vector<double> probability = permutation_distribution(x.size(), y.size());
  const std::size_t u = static_cast<std::size_t>(std::lround(test.u));
  test.p_greater = test.p_less = 0.0;
  for (std::size_t k = u; k < probability.size(); ++k) test.p_greater += probability[k];
  for (std::size_t k = 0; k <= u; ++k) test.p_less += probability[k];
  test.p_two_sided = std::min(1.0, 2.0 * std::min(test.p_greater, test.p_less));
  return test;
}

QuantileRanks quantile_ranks(std::int64_t n, double q, double alpha) {
  if (n < 1 || !(q > 0.0 && q < 1.0) || !(alpha > 0.0 && alpha < 1.0))
    throw std::domain_error("quantile ranks need n >= 1 and q and alpha between 0 and 1");
  QuantileRanks ranks;
  ranks.lower = binomial_quantile(alpha / 2.0, n, q);
  ranks.upper = binomial_quantile(1.0 - alpha / 2.0, n, q) + 1;
  ranks.coverage = binomial_cdf(ranks.upper - 1, n, q) - binomial_cdf(ranks.lower - 1, n, q);
  return ranks;
}

double quantile_variance(const QuantileSummary& summary) {
  const double z = normal_upper_quantile(0.025);
  const double n = static_cast<double>(summary.n);
  const double odds = summary.quantile / (1.0 - summary.quantile);
  if (!(summary.upper > summary.lower) || n <= z * z * odds || n <= z * z / odds) return 0.0;
  const double error = (summary.upper - summary.lower) / (2.0 * z);
  const double variance = static_cast<double>(summary.n_star) / n * (n - 1.0) * error * error;
  constexpr double kFloor = 1e-5;
  return summary.n >= 100 ? std::max(variance, kFloor) : variance;
}

double clustering_factor(const QuantileSummary& summary, const QuantileClusters& clusters) {
  const double units = static_cast<double>(clusters.units);
  if (clusters.units < 2 || !(clusters.values_sum > 0.0)) return 0.0;
  const double mean_s = clusters.below_sum / units;
  const double mean_n = clusters.values_sum / units;
  const CoMoments moments = CoMoments::from_central(
      clusters.units, {mean_s, mean_n},
      {clusters.below_squares - clusters.below_sum * mean_s, clusters.products - clusters.below_sum * mean_n,
       clusters.values_squares - clusters.values_sum * mean_n},
      {0.0, 0.0});
  const double clustered = ratio_covariance(moments, {0, 1}, {0, 1}) / units;
  const double independent = summary.quantile * (1.0 - summary.quantile) / static_cast<double>(summary.n);
  return clustered / independent;
}

}  // namespace liftmark::stats
