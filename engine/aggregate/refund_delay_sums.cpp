// How long after an order its refund comes: whole days from the unit's last order before it, within the
// window.

#include <algorithm>
#include <cmath>

#include "engine/aggregate/kept_sums.hpp"

namespace liftmark {
namespace {

constexpr std::size_t kLongest = 400;  // days, as a window's

class RefundDelaySums final : public KeptSums {
 public:
  explicit RefundDelaySums(const Population& population)
      : population_(population), days_(population.arms.size(), std::vector<std::int64_t>(kLongest + 1, 0)) {}

  void add(const KeptUnit& unit) override {
    auto& days = days_[population_.arm_of(population_.cell[unit.member])];
    Micros order = -1;
    for (const KeptEvent& event : unit.events) {
      if (event.value > 0) order = event.since;
      if (event.value >= 0 || order < 0) continue;
      ++days[std::min<std::size_t>(static_cast<std::size_t>((event.since - order) / kMicrosPerDay),
                                   kLongest)];
    }
  }

  void merge(KeptSums& other) override {
    const auto& added = static_cast<RefundDelaySums&>(other).days_;
    for (std::size_t arm = 0; arm < days_.size(); ++arm)
      for (std::size_t day = 0; day <= kLongest; ++day) days_[arm][day] += added[arm][day];
  }

  bool lasting() const noexcept override { return true; }

  void subtract(const KeptSums& other) override {
    const auto& taken = static_cast<const RefundDelaySums&>(other).days_;
    for (std::size_t arm = 0; arm < days_.size(); ++arm)
      for (std::size_t day = 0; day <= kLongest; ++day) days_[arm][day] -= taken[arm][day];
  }

  void describe(const Texts&, MetricStatistics& metric) override {
    for (std::size_t arm = 0; arm < days_.size(); ++arm) {
      MetricStatistics::RefundDelay row{.arm = arm, .median_days = std::nullopt, .p90_days = std::nullopt};
      for (const auto count : days_[arm]) row.refunds += count;
      if (row.refunds > 0) {
        row.median_days = quantile(days_[arm], row.refunds, 0.5);
        row.p90_days = quantile(days_[arm], row.refunds, 0.9);
      }
      metric.refund_delays.push_back(row);
    }
  }

  void append(const Texts&, std::string& bytes) override {
    for (const auto& arm : days_)
      for (const auto count : arm) append_integer(count, bytes);
  }

 private:
  static double quantile(const std::vector<std::int64_t>& days, std::int64_t all, double share) {
    const auto rank = static_cast<std::int64_t>(std::ceil(share * static_cast<double>(all)));
    std::int64_t seen = 0;
    std::size_t day = 0;
    while (day < kLongest && (seen += days[day]) < rank) ++day;
    return static_cast<double>(day);
  }

  const Population& population_;
  std::vector<std::vector<std::int64_t>> days_;  ///< by arm and whole day
};

}  // namespace

std::unique_ptr<KeptSums> refund_delay_sums(const MetricNeeds&, const Population& population) {
  return std::make_unique<RefundDelaySums>(population);
}

}  // namespace liftmark
