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
  void replace(std::vector<Cell>& cells, const std::function<bool(std::uint32_t)>& chosen) {
    std::vector<std::vector<stats::UnitValue>> by_cell(population_.cells());
    for (const Value& value : values_)
      if (chosen(value.member))
        by_cell[population_.cell[value.member]].push_back(
            {static_cast<double>(value.value) / needs_.per_one[0], value.member});
    for (std::size_t i = 0; i < cells.size(); ++i)
      cells[i].history = quantile_of(by_cell[i], cells[i].history.n());
  }

  /// Ascending values of the cell's `units` mature units.
  stats::CoMoments quantile_of(const std::vector<stats::UnitValue>& values, std::int64_t units) {
    if (values.empty()) return stats::CoMoments(1);
    const auto found = estimator_.estimate(values, needs_.metric->quantile, units);
    if (!found.has_variance) return without_variance(found.quantile);
    return stats::CoMoments::from_central(units, {found.quantile}, {found.squares}, {found.cubes});
  }

  const MetricNeeds& needs_;
  const Population& population_;
  std::vector<Value> values_;
  stats::QuantileEstimator estimator_;
};

}  // namespace

std::unique_ptr<KeptSums> quantile_sums(const MetricNeeds& needs, const Population& population) {
  return std::make_unique<QuantileSums>(needs, population);
}

}  // namespace liftmark
