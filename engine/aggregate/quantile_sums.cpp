// Quantiles of event values, clustered by unit: keeps every value, and asks stats/quantile.hpp.

#include <algorithm>
#include <functional>

#include "engine/aggregate/kept_sums.hpp"
#include "engine/aggregate/linearised.hpp"
#include "stats/quantile.hpp"

namespace liftmark {
namespace {

class QuantileSums final : public KeptSums {
 public:
  QuantileSums(const MetricNeeds& needs, const Population& population)
      : needs_(needs), population_(population) {}

  void add(const KeptUnit& unit) override {
    if (!unit.mature) return;
    for (const KeptEvent& event : unit.events)
      values_.push_back({event.value, static_cast<std::uint32_t>(unit.member)});
  }

  void merge(KeptSums& other) override {
    auto& added = static_cast<QuantileSums&>(other).values_;
    values_.insert(values_.end(), added.begin(), added.end());
    added = {};
  }

  void describe(const Texts&, MetricStatistics& metric) override {
    sort();
    replace(metric.cells, [](std::uint32_t) { return true; });
    replace(metric.without_crossovers,
            [&](std::uint32_t member) { return population_.crossed[member] == 0; });
    if (!population_.bot.empty())
      replace(metric.without_bots, [&](std::uint32_t member) { return population_.bot[member] == 0; });
    for (auto& group : metric.groups) {
      const auto dimension = std::find_if(population_.dimensions.begin(), population_.dimensions.end(),
                                          [&](const Dimension& d) { return d.name == group.dimension; });
      const auto name = std::find(dimension->groups.begin(), dimension->groups.end(), group.group);
      const auto place = name - dimension->groups.begin();
      replace(group.cells, [&](std::uint32_t member) { return dimension->group[member] == place; });
    }
    measure_days(
        population_,
        [&](const auto& chosen, std::vector<Cell> cells) {
          replace(cells, chosen);
          return cells;
        },
        metric);
    metric.distribution.clear();
  }

  void append(const Texts&, std::string& bytes) override {
    sort();
    for (const Value& value : values_) {
      append_integer(value.value, bytes);
      append_integer(population_.cell[value.member], bytes);
    }
  }

 private:
  struct Value {
    std::int64_t value = 0;
    std::uint32_t member = 0;
  };

  void sort() {
    const auto key = [&](const Value& value) {
      return std::make_pair(value.value, population_.cell[value.member]);
    };
    std::sort(values_.begin(), values_.end(),
              [&](const Value& a, const Value& b) { return key(a) < key(b); });
  }

  /// Cells of mature units become cells of the quantile of those units' values.
<<<<<<< HEAD
  void replace(std::vector<Cell>& cells, const std::function<bool(std::uint32_t)>& chosen) {
    std::vector<std::vector<Value>> by_cell(population_.cells());
=======
  void replace(std::vector<Cell>& cells, const std::function<bool(std::uint32_t)>& chosen) const {
    std::vector<std::vector<stats::UnitValue>> by_cell(population_.cells());
>>>>>>> h5
    for (const Value& value : values_)
      if (chosen(value.member))
        by_cell[population_.cell[value.member]].push_back(
            {static_cast<double>(value.value) / needs_.per_one[0], value.member});
    for (std::size_t i = 0; i < cells.size(); ++i)
      cells[i].history = quantile_of(by_cell[i], cells[i].history.n());
  }

  /// A unit's values: below the quantile, equal to it, all.
  struct Tally {
    std::uint32_t below = 0, equal = 0, all = 0;
    auto operator<=>(const Tally&) const = default;
  };

  /// How many units have these numbers of values. Of a unit's own order nothing depends.
  std::map<Tally, std::int64_t> tallies(const std::vector<Value>& values, std::size_t from, std::size_t to) {
    tally_.resize(population_.cell.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      Tally& tally = tally_[values[i].member];
      tally.below += i < from ? 1 : 0;
      tally.equal += i >= from && i < to ? 1 : 0;
      ++tally.all;
    }
    std::map<Tally, std::int64_t> units;
    for (const Value& value : values) {
      Tally& tally = tally_[value.member];
      if (tally.all > 0) ++units[tally];
      tally = {};
    }
    return units;
  }

  /// Ascending values of the cell's `units` mature units.
<<<<<<< HEAD
  stats::CoMoments quantile_of(const std::vector<Value>& values, std::int64_t units) {
    if (values.empty()) return stats::CoMoments(1);
    const double count = static_cast<double>(values.size());
    const auto rank_of = [&](double share) {  // nearest rank, 1-based
      return static_cast<std::size_t>(std::clamp(std::ceil(share * count), 1.0, count));
    };
    const auto ranked = [&](double share) {
      return static_cast<double>(values[rank_of(share) - 1].value) / needs_.per_one[0];
    };
    const double quantile = ranked(needs_.metric->quantile);
    const std::size_t rank = rank_of(needs_.metric->quantile);
    // Of values equal to the quantile the same part of each is below, so that no order among them matters.
    const auto less = [](const Value& a, const Value& b) { return a.value < b.value; };
    const auto [from, to] = std::equal_range(values.begin(), values.end(), values[rank - 1], less);
    const auto first = static_cast<std::size_t>(from - values.begin());
    const double part = static_cast<double>(rank - first) / static_cast<double>(to - from);
    const double share = static_cast<double>(rank) / count, n = static_cast<double>(units);
    const auto by_tally = tallies(values, first, static_cast<std::size_t>(to - values.begin()));
    const auto influence = [&](const Tally& tally) {
      return (share * tally.all - tally.below - part * tally.equal) * n / count;
    };
    double squares = 0, cubes = 0;
    for (const auto& [tally, times] : by_tally) {
      const double one = influence(tally), square = one * one * static_cast<double>(times);
      squares += square;
      cubes += square * one;
    }
    if (units < 2 || squares == 0) return without_variance(quantile);
    const double error = std::sqrt(squares / (n * (n - 1)));  // of the share
    if ((share - kLimit * error) * count < 1 || (share + kLimit * error) * count > count)
      return without_variance(quantile);  // the limits lie outside the sample
    const double slope =
        (ranked(share + kLimit * error) - ranked(share - kLimit * error)) / (2 * kLimit * error);
    return stats::CoMoments::from_central(units, {quantile}, {slope * slope * squares},
                                          {slope * slope * slope * cubes});
=======
  stats::CoMoments quantile_of(const std::vector<stats::UnitValue>& values, std::int64_t units) const {
    if (values.empty()) return stats::CoMoments(1);
    auto found = stats::clustered_quantile(values, needs_.metric->quantile, units);
    if (found.influence.empty()) return without_variance(found.quantile);
    return linearised(found.quantile, units, std::move(found.influence));
>>>>>>> h5
  }

  const MetricNeeds& needs_;
  const Population& population_;
  std::vector<Value> values_;
  std::vector<Tally> tally_;  ///< by member, all zero between two measures
};

}  // namespace

std::unique_ptr<KeptSums> quantile_sums(const MetricNeeds& needs, const Population& population) {
  return std::make_unique<QuantileSums>(needs, population);
}

}  // namespace liftmark
