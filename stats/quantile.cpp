#include "stats/quantile.hpp"

#include <algorithm>
#include <cmath>

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

}  // namespace

/// How many units have these numbers of values; values [from, to) equal the quantile.
std::map<QuantileEstimator::Tally, std::int64_t> QuantileEstimator::tallies(
    std::span<const UnitValue> ascending, std::size_t from, std::size_t to) {
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    if (ascending[i].unit >= by_unit_.size()) by_unit_.resize(std::size_t{ascending[i].unit} + 1);
    Tally& tally = by_unit_[ascending[i].unit];
    tally.below += i < from ? 1 : 0;
    tally.equal += i >= from && i < to ? 1 : 0;
    ++tally.all;
  }
  std::map<Tally, std::int64_t> units;
  for (const UnitValue& value : ascending) {
    Tally& tally = by_unit_[value.unit];
    if (tally.all > 0) ++units[tally];
    tally = {};
  }
  return units;
}

ClusteredQuantile QuantileEstimator::estimate(std::span<const UnitValue> ascending, double probability,
                                              std::int64_t units) {
  const double count = static_cast<double>(ascending.size()), n = static_cast<double>(units);
  const double rank = rank_of(probability, count), share = rank / count;
  ClusteredQuantile result{.quantile = ranked(ascending, probability)};
  const auto less = [](const UnitValue& a, const UnitValue& b) { return a.value < b.value; };
  const auto [from, to] = std::equal_range(ascending.begin(), ascending.end(),
                                           ascending[static_cast<std::size_t>(rank) - 1], less);
  const auto first = static_cast<std::size_t>(from - ascending.begin());
  const auto last = static_cast<std::size_t>(to - ascending.begin());
  // Of values equal to the quantile the same part of each is below, so that no order among them matters.
  const double part = (rank - static_cast<double>(first)) / static_cast<double>(last - first);
  double squares = 0, cubes = 0;  // of each unit's part of share - (its values at or below) / values, times n
  for (const auto& [tally, times] : tallies(ascending, first, last)) {
    const double one = (share * tally.all - tally.below - part * tally.equal) * n / count;
    const double square = one * one * static_cast<double>(times);
    squares += square;
    cubes += square * one;
  }
  if (units < 2 || squares == 0) return result;
  const double error = std::sqrt(squares / (n * (n - 1)));  // of the share
  if ((share - kLimit * error) * count < 1 || (share + kLimit * error) * count > count)
    return result;  // the limits lie outside the sample
  const double slope =
      (ranked(ascending, share + kLimit * error) - ranked(ascending, share - kLimit * error)) /
      (2 * kLimit * error);
  result.has_variance = true;
  result.squares = slope * slope * squares;
  result.cubes = slope * slope * slope * cubes;
  return result;
}

ClusteredQuantile clustered_quantile(std::span<const UnitValue> ascending, double probability,
                                     std::int64_t units) {
  return QuantileEstimator().estimate(ascending, probability, units);
}

}  // namespace liftmark::stats
