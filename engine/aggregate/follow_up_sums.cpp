// How long each unit was followed until its k-th order that stands: every unit, censored at the end of its
// window or at the as-of time.

#include <algorithm>

#include "engine/aggregate/kept_sums.hpp"

namespace liftmark {
namespace {

class FollowUpSums final : public KeptSums {
 public:
  FollowUpSums(const MetricNeeds& needs, const Population& population)
      : needs_(needs), population_(population), units_(population.cells()) {}

  void add(const KeptUnit& unit) override {
    const auto k = static_cast<std::size_t>(needs_.metric->minimum_orders);
    const bool event = unit.events.size() >= k;
    const Micros time = event ? unit.events[k - 1].since : unit.followed;
    if (time < 0) return;  // first exposed after the as-of time
    units_[population_.cell[unit.member]].push_back(
        {static_cast<double>(time) / static_cast<double>(kMicrosPerDay), event});
  }

  void merge(KeptSums& other) override {
    auto& added = static_cast<FollowUpSums&>(other).units_;
    for (std::size_t i = 0; i < units_.size(); ++i)
      units_[i].insert(units_[i].end(), added[i].begin(), added[i].end());
    added.clear();
  }

  void describe(const Texts&, MetricStatistics& metric) override {
    sort();
    const std::size_t arms = population_.arms.size();
    for (std::size_t i = 0; i < units_.size(); ++i)
      metric.follow_ups.push_back({population_.epochs[i / arms], i % arms, units_[i]});
  }

  void append(const Texts&, std::string& bytes) override {
    sort();
    for (const auto& cell : units_)
      for (const auto& unit : cell) {
        bytes.append(reinterpret_cast<const char*>(&unit.time), sizeof unit.time);
        bytes += unit.event ? '1' : '0';
      }
  }

 private:
  void sort() {
    for (auto& cell : units_)
      std::sort(cell.begin(), cell.end(), [](const stats::FollowUp& a, const stats::FollowUp& b) {
        return std::pair(a.time, a.event) < std::pair(b.time, b.event);
      });
  }

  const MetricNeeds& needs_;
  const Population& population_;
  std::vector<std::vector<stats::FollowUp>> units_;  ///< by cell
};

}  // namespace

std::unique_ptr<KeptSums> follow_up_sums(const MetricNeeds& needs, const Population& population) {
  return std::make_unique<FollowUpSums>(needs, population);
}

}  // namespace liftmark
