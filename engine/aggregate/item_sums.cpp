// What was shown or bought, per arm: effective number of items, coverage of the catalogue, novelty. All are
// functions of the shares p of items; a unit's part in them is the gradient times its own deviation from p.

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "engine/aggregate/kept_sums.hpp"
#include "engine/aggregate/linearised.hpp"

namespace liftmark {
namespace {

/// One unit's number of one item.
struct Shown {
  std::uint32_t member = 0;
  std::uint32_t item = 0;  ///< first a value code, then the item's place among all
  std::uint32_t count = 0;
};

/// What one cell was shown: counts by item, and each unit's.
struct CellItems {
  std::vector<double> counts;  ///< by item
  std::vector<Shown> shown;    ///< ascending by unit
  double total = 0;
  std::int64_t units = 0;  ///< mature, shown something or not
};

/// log of the binomial coefficient.
double log_choose(double n, double k) {
  return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1);
}

/// Calls `visit(first, last)` for each unit's run of `shown`.
template <typename Visit>
void for_each_unit(const std::vector<Shown>& shown, Visit visit) {
  for (std::size_t i = 0, end = 0; i < shown.size(); i = end) {
    while (end < shown.size() && shown[end].member == shown[i].member) ++end;
    visit(i, end);
  }
}

/// The measure with these gradients by item, as unit values.
stats::CoMoments measure_of(const CellItems& cell, double measure, const std::vector<double>& gradient) {
  if (cell.units < 2 || cell.total == 0) return without_variance(measure);
  double mean = 0;  // of the gradient over what was shown
  for (std::size_t i = 0; i < gradient.size(); ++i) mean += gradient[i] * cell.counts[i] / cell.total;
  std::vector<double> influence;
  for_each_unit(cell.shown, [&](std::size_t first, std::size_t last) {
    double sum = 0;
    for (std::size_t i = first; i < last; ++i)
      sum += (gradient[cell.shown[i].item] - mean) * cell.shown[i].count;
    influence.push_back(sum * static_cast<double>(cell.units) / cell.total);
  });
  return linearised(measure, cell.units, std::move(influence));
}

/// Chance that two events of two different units show the same item; empty with fewer than two such units.
std::optional<double> same_item(const CellItems& cell) {
  double pairs = cell.total * cell.total, same = 0;
  for (const double count : cell.counts) same += count * count;
  for_each_unit(cell.shown, [&](std::size_t first, std::size_t last) {
    double all = 0;
    for (std::size_t i = first; i < last; ++i) {
      const double count = cell.shown[i].count;
      all += count;
      same -= count * count;
    }
    pairs -= all * all;
  });
  if (pairs <= 0) return std::nullopt;
  return same / pairs;
}

class ItemSums final : public KeptSums {
 public:
  ItemSums(const MetricNeeds& needs, const Population& population) : needs_(needs), population_(population) {}

  void add(const KeptUnit& unit) override {
    if (!unit.mature) return;
    codes_.clear();
    for (const KeptEvent& event : unit.events)
      if (event.item != 0) codes_.push_back(event.item);
    std::sort(codes_.begin(), codes_.end());
    for (std::size_t i = 0, end = 0; i < codes_.size(); i = end) {
      while (end < codes_.size() && codes_[end] == codes_[i]) ++end;
      shown_.push_back(
          {static_cast<std::uint32_t>(unit.member), codes_[i], static_cast<std::uint32_t>(end - i)});
    }
  }

  void merge(KeptSums& other) override {
    auto& added = static_cast<ItemSums&>(other).shown_;
    shown_.insert(shown_.end(), added.begin(), added.end());
    added = {};
  }

  void describe(const Texts& texts, MetricStatistics& metric) override {
    index(texts);
    const std::vector<CellItems> items = items_of(metric.cells, [](std::uint32_t) { return true; });
    for (const auto measure :
         {BreadthMeasure::effective_items, BreadthMeasure::coverage, BreadthMeasure::novelty})
      metric.breadth.push_back({std::string(name(measure)), measured(measure, items, metric.cells)});
    add_shown(items, metric);
    metric.cells = metric.breadth[static_cast<std::size_t>(needs_.metric->measure)].cells;
    measure_days(
        population_,
        [&](const auto& chosen, const std::vector<Cell>& units) {
          return measured(needs_.metric->measure, items_of(units, chosen), units);
        },
        metric);
    metric.without_crossovers.clear();
    metric.without_bots.clear();
    metric.groups.clear();
    metric.distribution.clear();
  }

  void append(const Texts& texts, std::string& bytes) override {
    index(texts);
    std::map<std::pair<std::uint16_t, std::uint32_t>, std::int64_t> counts;
    for (const Shown& shown : shown_) counts[{population_.cell[shown.member], shown.item}] += shown.count;
    for (const auto& [place, count] : counts) {
      bytes += items_[place.second];
      bytes += '\0';
      append_integer(place.first, bytes);
      append_integer(count, bytes);
    }
  }

 private:
  /// Codes become places among the sorted names of all items that any arm was shown.
  void index(const Texts& texts) {
    if (indexed_) return;
    indexed_ = true;
    std::map<std::string, std::uint32_t> places;
    std::map<ValueCode, std::uint32_t> place_of;
    for (const Shown& shown : shown_)
      if (!place_of.count(shown.item)) {
        place_of[shown.item] = 0;
        places[std::string(texts.text(shown.item))] = 0;
      }
    for (auto& [name, place] : places) {
      place = static_cast<std::uint32_t>(items_.size());
      items_.push_back(name);
    }
    for (auto& [code, place] : place_of) place = places[std::string(texts.text(code))];
    for (Shown& shown : shown_) shown.item = place_of[shown.item];
    std::sort(shown_.begin(), shown_.end(), [](const Shown& a, const Shown& b) {
      return std::pair(a.member, a.item) < std::pair(b.member, b.item);
    });
  }

  /// -log2 of an item's share of all that was shown, every arm counting the same; 0 of what nobody was shown.
  std::vector<double> surprise(const std::vector<CellItems>& cells) const {
    const std::size_t arms = population_.arms.size();
    std::vector<double> shares(items_.size(), 0.0);
    for (std::size_t arm = 0; arm < arms; ++arm) {
      double total = 0;
      for (std::size_t i = arm; i < cells.size(); i += arms) total += cells[i].total;
      for (std::size_t i = arm; i < cells.size() && total > 0; i += arms)
        for (std::size_t item = 0; item < items_.size(); ++item)
          shares[item] += cells[i].counts[item] / total;
    }
    double all = 0;
    for (const double share : shares) all += share;
    for (double& share : shares) share = share > 0 ? -std::log2(share / all) : 0.0;
    return shares;
  }

  /// What the chosen members were shown, by cell.
  std::vector<CellItems> items_of(const std::vector<Cell>& units,
                                  const std::function<bool(std::uint32_t)>& chosen) const {
    std::vector<CellItems> cells(population_.cells());
    for (std::size_t i = 0; i < cells.size(); ++i) {
      cells[i].counts.assign(items_.size(), 0.0);
      cells[i].units = units[i].history.n();
    }
    for (const Shown& shown : shown_) {
      if (!chosen(shown.member)) continue;
      CellItems& cell = cells[population_.cell[shown.member]];
      cell.shown.push_back(shown);
      cell.counts[shown.item] += shown.count;
      cell.total += shown.count;
    }
    return cells;
  }

  std::vector<Cell> measured(BreadthMeasure measure, const std::vector<CellItems>& items,
                             std::vector<Cell> cells) const {
    const std::vector<double> bits =
        measure == BreadthMeasure::novelty ? surprise(items) : std::vector<double>{};
    double smallest = 0;  // events of the smallest cell: coverage is compared at that number
    for (const CellItems& cell : items)
      if (cell.total > 0 && (smallest == 0 || cell.total < smallest)) smallest = cell.total;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (items[i].total == 0)
        cells[i].history = stats::CoMoments(1);
      else if (measure == BreadthMeasure::effective_items)
        cells[i].history = effective_items(items[i]);
      else if (measure == BreadthMeasure::coverage)
        cells[i].history = coverage(items[i], smallest);
      else
        cells[i].history = novelty(items[i], bits);
    }
    return cells;
  }

  stats::CoMoments effective_items(const CellItems& cell) const {
    const auto same = same_item(cell);
    if (!same || *same <= 0) return stats::CoMoments(1);
    std::vector<double> gradient;
    for (const double count : cell.counts) gradient.push_back(-2 * count / cell.total / (*same * *same));
    return measure_of(cell, 1 / *same, gradient);
  }

  /// Expected share of all items among `events` drawn from the cell's: Hurlbert 1971.
  stats::CoMoments coverage(const CellItems& cell, double events) const {
    const double all = static_cast<double>(items_.size());
    double seen = 0;
    std::vector<double> gradient;
    for (const double count : cell.counts) {
      const double rest = cell.total - count;
      if (count > 0)
        seen +=
            rest < events ? 1.0 : 1.0 - std::exp(log_choose(rest, events) - log_choose(cell.total, events));
      gradient.push_back(events * std::pow(1 - count / cell.total, events - 1) / all);
    }
    return measure_of(cell, seen / all, gradient);
  }

  stats::CoMoments novelty(const CellItems& cell, const std::vector<double>& bits) const {
    double mean = 0;
    for (std::size_t i = 0; i < bits.size(); ++i) mean += bits[i] * cell.counts[i] / cell.total;
    return measure_of(cell, mean, bits);
  }

  void add_shown(const std::vector<CellItems>& cells, MetricStatistics& metric) const {
    const std::size_t arms = population_.arms.size();
    for (std::size_t arm = 0; arm < arms; ++arm) {
      MetricStatistics::Shown row{.arm = arm, .diversity = std::nullopt};
      CellItems whole{.counts = std::vector<double>(items_.size(), 0.0), .shown = {}};
      for (std::size_t i = arm; i < cells.size(); i += arms) {
        row.units += cells[i].units;
        whole.total += cells[i].total;
        whole.shown.insert(whole.shown.end(), cells[i].shown.begin(), cells[i].shown.end());
        for (std::size_t item = 0; item < items_.size(); ++item) whole.counts[item] += cells[i].counts[item];
      }
      row.events = std::llround(whole.total);
      row.items = std::count_if(whole.counts.begin(), whole.counts.end(), [](double n) { return n > 0; });
      if (const auto same = same_item(whole)) row.diversity = 1 - *same;
      metric.shown.push_back(row);
    }
  }

  const MetricNeeds& needs_;
  const Population& population_;
  std::vector<Shown> shown_;
  std::vector<std::string> items_;
  std::vector<ValueCode> codes_;  // of the present unit
  bool indexed_ = false;
};

}  // namespace

std::unique_ptr<KeptSums> item_sums(const MetricNeeds& needs, const Population& population) {
  return std::make_unique<ItemSums>(needs, population);
}

}  // namespace liftmark
