#include "engine/aggregate/distribution.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <boost/accumulators/accumulators.hpp>
#include <boost/accumulators/statistics/stats.hpp>
#include <boost/accumulators/statistics/tail.hpp>
#include <boost/accumulators/statistics/weighted_skewness.hpp>

namespace liftmark {
namespace {

namespace acc = boost::accumulators;

/// The value at a 0-based rank among all units: `values` are the sorted non-zero ones, the zeros lie between.
double ranked(const std::vector<double>& values, std::size_t units, std::size_t rank) {
  const auto negative =
      static_cast<std::size_t>(std::lower_bound(values.begin(), values.end(), 0.0) - values.begin());
  const std::size_t zeros = units - values.size();
  if (rank < negative) return values[rank];
  return rank < negative + zeros ? 0.0 : values[rank - zeros];
}

/// m3 / m2^1.5. The library forms it from raw moments, which is exact enough only around 0: so it is fed
/// deviations from the mean, the zeros once with their weight.
double skewness_of(const std::vector<double>& values, std::size_t units, double mean) {
  acc::accumulator_set<double, acc::stats<acc::tag::weighted_skewness>, double> moments;
  for (const double value : values) moments(value - mean, acc::weight = 1.0);
  if (units > values.size()) moments(-mean, acc::weight = static_cast<double>(units - values.size()));
  return acc::weighted_skewness(moments);
}

/// The sum of the largest values.
double tail_sum(const std::vector<double>& values, std::size_t count) {
  acc::accumulator_set<double, acc::stats<acc::tag::tail<acc::right>>> tail(acc::right_tail_cache_size =
                                                                                count);
  for (const double value : values) tail(value);
  const auto largest = acc::tail(tail);
  return std::accumulate(largest.begin(), largest.end(), 0.0,
                         [](double sum, double value) { return sum + std::max(value, 0.0); });
}

}  // namespace

DistributionCell describe_distribution(std::size_t arm, std::vector<double> values, std::size_t units) {
  DistributionCell cell;
  cell.arm = arm;
  if (units == 0) return cell;
  std::sort(values.begin(), values.end());
  const auto quantile = [&](double share) {
    const double rank = std::ceil(share * static_cast<double>(units));
    return ranked(values, units, std::clamp<std::size_t>(static_cast<std::size_t>(rank), 1, units) - 1);
  };
  cell.median = quantile(0.5);
  cell.p90 = quantile(0.9);
  cell.p99 = quantile(0.99);
  cell.maximum = ranked(values, units, units - 1);
  const double total = std::accumulate(values.begin(), values.end(), 0.0);
  if (total > 0.0) cell.top_share = tail_sum(values, (units + 999) / 1000) / total;
  if (ranked(values, units, 0) != *cell.maximum)
    cell.skewness = skewness_of(values, units, total / static_cast<double>(units));
  return cell;
}

}  // namespace liftmark
