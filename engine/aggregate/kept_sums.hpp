#pragma once
// Metrics whose answer is not a sum of one number per unit: each kind keeps what it needs of a unit's events
// in an accumulator of its own, filled by the one pass and merged over threads in any order.
//
// Memory, beside the sums: quantile 16 bytes an event, breadth 12 bytes an item of a unit, time_to_event 16
// bytes a unit, refund delays 3 kB an arm. While lines over time are made, quantile 12 bytes a unit and 16 an
// event more, breadth 12 bytes an item of a unit.

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "engine/aggregate/needs.hpp"
#include "engine/aggregate/population.hpp"
#include "engine/aggregate/texts.hpp"

namespace liftmark {

/// An event that counts for the metric, with what such kinds may ask of it.
struct KeptEvent {
  Micros since = 0;  ///< the first exposure
  std::int64_t value = 0;
  ValueCode item = 0;
};

/// A unit when its events are over, in time order. time_to_event: the events are the orders that stand.
struct KeptUnit {
  std::size_t member = 0;
  bool mature = false;
  Micros followed = 0;  ///< within the window, up to the as-of time
  std::span<const KeptEvent> events;
};

class KeptSums {
 public:
  virtual ~KeptSums() = default;
  virtual void add(const KeptUnit& unit) = 0;
  /// Takes over what another thread kept for the same metric.
  virtual void merge(KeptSums& other) = 0;
  /// Whether units can be taken back, and what is kept stays right while only time passes.
  virtual bool lasting() const noexcept { return false; }
  /// Takes back what another kept of units that were added here. Only where lasting().
  virtual void subtract(const KeptSums&) {}
  /// Writes what it found into the metric's statistics, whose cells hold the mature units already.
  virtual void describe(const Texts& texts, MetricStatistics& metric) = 0;
  /// Appends what was kept in an order that threads and layout do not decide, for the digest.
  virtual void append(const Texts& texts, std::string& bytes) = 0;
};

/// The accumulator of this metric; nothing for kinds that need none (MetricNeeds::kept).
std::unique_ptr<KeptSums> kept_sums(const MetricNeeds& needs, const Population& population);

std::unique_ptr<KeptSums> quantile_sums(const MetricNeeds& needs, const Population& population);
std::unique_ptr<KeptSums> item_sums(const MetricNeeds& needs, const Population& population);
std::unique_ptr<KeptSums> follow_up_sums(const MetricNeeds& needs, const Population& population);
std::unique_ptr<KeptSums> refund_delay_sums(const MetricNeeds& needs, const Population& population);

/// The cells of a measure of a whole arm for the chosen members, whose mature units are in `units`.
using MeasureOf = std::function<std::vector<Cell>(const std::function<bool(std::uint32_t)>& chosen,
                                                  const std::vector<Cell>& units)>;
/// Fills in measured_on and measured_until, and leaves units alone in by_day.
void measure_days(const Population& population, const MeasureOf& measure, MetricStatistics& metric);

/// Appends an integer's bytes.
void append_integer(std::int64_t value, std::string& bytes);

}  // namespace liftmark
