#include "stats/quantile.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace liftmark::stats {
namespace {

constexpr double kLimit = 1.959963984540054;  // of the ranks that the slope is taken over

double rank_of(double share, double count) {  // nearest rank, 1-based
  return std::clamp(std::ceil(share * count), 1.0, count);
}

double ranked(std::span<const UnitValue> ascending, double share) {
  const auto rank = static_cast<std::size_t>(rank_of(share, static_cast<double>(ascending.size())));
  return ascending[rank - 1].value;
}

/// Each unit's part of share - (its values at or below the quantile) / values, times `units`, ascending. Of
/// values equal to the quantile the same part of each is below, so that no order among them matters.
std::vector<double> share_influence(std::span<const UnitValue> ascending, std::size_t rank,
                                    std::int64_t units) {
  const auto less = [](const UnitValue& a, const UnitValue& b) { return a.value < b.value; };
  const auto [from, to] = std::equal_range(ascending.begin(), ascending.end(), ascending[rank - 1], less);
  const auto first = static_cast<std::size_t>(from - ascending.begin());
  const double part = static_cast<double>(rank - first) / static_cast<double>(to - from);
  std::map<std::uint32_t, std::pair<double, double>> by_unit;  // values at or below the quantile, all values
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    auto& [below, all] = by_unit[ascending[i].unit];
    below += i < first ? 1.0 : ascending[i].value == ascending[rank - 1].value ? part : 0.0;
    all += 1;
  }
  const double count = static_cast<double>(ascending.size()), n = static_cast<double>(units);
  const double share = static_cast<double>(rank) / count;
  std::vector<double> influence;
  influence.reserve(by_unit.size());
  for (const auto& [unit, sums] : by_unit)
    influence.push_back((share * sums.second - sums.first) * n / count);
  std::sort(influence.begin(), influence.end());  // sums must not depend on the units' numbers
  return influence;
}

}  // namespace

ClusteredQuantile clustered_quantile(std::span<const UnitValue> ascending, double probability,
                                     std::int64_t units) {
  const double count = static_cast<double>(ascending.size()), n = static_cast<double>(units);
  const double rank = rank_of(probability, count), share = rank / count;
  ClusteredQuantile result{.quantile = ranked(ascending, probability), .influence = {}};
  auto influence = share_influence(ascending, static_cast<std::size_t>(rank), units);
  double squares = 0;
  for (const double one : influence) squares += one * one;
  if (units < 2 || squares == 0) return result;
  const double error = std::sqrt(squares / (n * (n - 1)));  // of the share
  if ((share - kLimit * error) * count < 1 || (share + kLimit * error) * count > count)
    return result;  // the limits lie outside the sample
  const double slope =
      (ranked(ascending, share + kLimit * error) - ranked(ascending, share - kLimit * error)) /
      (2 * kLimit * error);
  for (double& one : influence) one *= slope;
  result.influence = std::move(influence);
  return result;
}

}  // namespace liftmark::stats
