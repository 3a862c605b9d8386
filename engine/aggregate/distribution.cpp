#include "engine/aggregate/distribution.hpp"

#include <algorithm>
#include <cmath>

#include <boost/accumulators/accumulators.hpp>
#include <boost/accumulators/statistics/stats.hpp>
#include <boost/accumulators/statistics/weighted_skewness.hpp>

namespace liftmark {
namespace {

namespace acc = boost::accumulators;

/// Values, the zeros among them, with how many units have at most that.
std::vector<ValueCount> cumulated(const std::vector<ValueCount>& values, std::int64_t zeros) {
  std::vector<ValueCount> result;
  std::int64_t units = 0;
  const auto add = [&](double value, std::int64_t count) {
    if (count > 0) result.push_back({value, units += count});
  };
  auto next = values.begin();
  for (; next != values.end() && next->value < 0.0; ++next) add(next->value, next->units);
  add(0.0, zeros);
  for (; next != values.end(); ++next) add(next->value, next->units);
  return result;
}

/// m3 / m2^1.5. The library forms it from raw moments, which is exact enough only around 0: so it is fed
/// deviations from the mean.
double skewness_of(const std::vector<ValueCount>& values, std::int64_t zeros, double mean) {
  acc::accumulator_set<double, acc::stats<acc::tag::weighted_skewness>, double> moments;
  for (const auto& [value, units] : values) moments(value - mean, acc::weight = static_cast<double>(units));
  if (zeros > 0) moments(-mean, acc::weight = static_cast<double>(zeros));
  return acc::weighted_skewness(moments);
}

/// The sum of the largest values, where they are above 0.
double tail_sum(const std::vector<ValueCount>& values, std::int64_t count) {
  double sum = 0.0;
  for (auto next = values.rbegin(); next != values.rend() && next->value > 0.0 && count > 0; ++next) {
    sum += next->value * static_cast<double>(std::min(count, next->units));
    count -= std::min(count, next->units);
  }
  return sum;
}

}  // namespace

DistributionCell describe_distribution(std::size_t arm, const std::vector<ValueCount>& values,
                                       std::size_t units) {
  DistributionCell cell;
  cell.arm = arm;
  if (units == 0) return cell;
  const auto all = static_cast<std::int64_t>(units);
  std::int64_t zeros = all;
  double total = 0.0;
  for (const auto& [value, count] : values) {
    zeros -= count;
    total += value * static_cast<double>(count);
  }
  const std::vector<ValueCount> ranks = cumulated(values, zeros);
  const auto quantile = [&](double share) {
    const double rank =
        std::clamp(std::ceil(share * static_cast<double>(units)), 1.0, static_cast<double>(units));
    return std::lower_bound(ranks.begin(), ranks.end(), static_cast<std::int64_t>(rank),
                            [](const ValueCount& one, std::int64_t wanted) { return one.units < wanted; })
        ->value;
  };
  cell.median = quantile(0.5);
  cell.p90 = quantile(0.9);
  cell.p99 = quantile(0.99);
  cell.maximum = ranks.back().value;
  if (total > 0.0) cell.top_share = tail_sum(values, (all + 999) / 1000) / total;
  if (ranks.size() > 1) cell.skewness = skewness_of(values, zeros, total / static_cast<double>(units));
  return cell;
}

std::vector<ValueCount> count_values(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  std::vector<ValueCount> counted;
  for (const double value : values) {
    if (counted.empty() || counted.back().value != value) counted.push_back({value, 0});
    ++counted.back().units;
  }
  return counted;
}

}  // namespace liftmark
