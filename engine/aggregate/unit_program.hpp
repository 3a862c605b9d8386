#pragma once
// What an event does to its unit, worked out once for a pass: the distances from the first exposure at which
// anything changes cut time into intervals, and within an interval every event of a type has the same few
// actions. The pass then compares no ranges and looks up no names. Read by all threads.
//
// A new kind of need becomes a Feature (needs.hpp); what its events must leave behind beyond one number per
// feature is a bit in Action::Extra, which the pass answers (UnitPass::keep), and is read when the unit ends.

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "engine/aggregate/needs.hpp"

namespace liftmark {

struct Action {
  enum Extra : std::uint8_t {
    kOrder = 1,    ///< kept with its key, for orders that may be refunded
    kStep = 2,     ///< kept with its moment, for funnels
    kSurface = 4,  ///< also added by surface
    kDaily = 8,    ///< also added by days since the first exposure
    kKept = 32,    ///< kept whole, for KeptSums
    kRefund = 16,  ///< no feature: a refund for the orders `feature` (into Needs::orders)
  };
  std::uint16_t feature = 0;
  Aggregation aggregation = Aggregation::count;
  bool checked = false;  ///< a predicate, a property's number or a sign decides whether the event counts
  std::uint8_t extra = 0;
  /// Counts, sums and whether there was any: what is added is (value & mask) + one, without a branch.
  bool additive = false;
  bool once = false;  ///< any: the total stays 1
  std::int64_t mask = 0, one = 0;
};

class UnitProgram {
 public:
  /// The program of the features that are relative to the unit's first exposure, or (`from_start`) of those
  /// relative to the experiment's start. `types`: all event types, by index.
  UnitProgram(const Needs& needs, const std::vector<std::string>& types, bool from_start);

  /// Nothing is ever done.
  bool empty() const noexcept { return actions_.empty(); }
  /// Ascending distances at which actions change: interval i lies before bounds()[i], the last one behind
  /// all.
  std::span<const Micros> bounds() const noexcept { return bounds_; }
  std::span<const Action> actions(std::size_t interval, std::uint32_t type) const noexcept {
    const Range range = table_[interval * types_ + type];
    return {actions_.data() + range.begin, range.count};
  }

  /// No event of any type does anything there.
  bool idle(std::size_t interval) const noexcept { return idle_[interval] != 0; }

  /// A metric that keeps the feature by days, and whether as numerator (0) or denominator (1).
  struct Daily {
    std::uint16_t metric = 0;
    std::uint8_t place = 0;
  };
  /// A funnel metric and the step that the feature is.
  struct Step {
    std::uint16_t metric = 0;
    std::uint8_t step = 0;
  };
  std::span<const Daily> daily(std::size_t feature) const noexcept { return daily_[feature]; }
  std::span<const Step> steps(std::size_t feature) const noexcept { return steps_[feature]; }
  /// Metrics whose numerator is also kept by surface.
  std::span<const std::uint16_t> surfaces(std::size_t feature) const noexcept { return surfaces_[feature]; }
  /// Metrics that keep the feature's events whole.
  std::span<const std::uint16_t> kept(std::size_t feature) const noexcept { return kept_[feature]; }
  /// Into Needs::orders.
  std::span<const std::uint16_t> orders(std::size_t feature) const noexcept { return orders_[feature]; }

 private:
  struct Range {
    std::uint32_t begin = 0;
    std::uint32_t count = 0;
  };
  void index_metrics(const Needs& needs);
  void add_type(const Needs& needs, const std::string& type, Micros from, bool from_start);
  Action action(const Needs& needs, std::size_t feature) const;

  std::size_t types_;
  std::vector<Micros> bounds_;
  std::vector<Range> table_;
  std::vector<char> idle_;  // by interval
  std::vector<Action> actions_;
  std::vector<std::vector<Daily>> daily_;  // these by feature
  std::vector<std::vector<Step>> steps_;
  std::vector<std::vector<std::uint16_t>> surfaces_, kept_, orders_;
};

}  // namespace liftmark
