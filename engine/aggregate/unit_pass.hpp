#pragma once
// One thread's share of the one pass: reads slices, keeps a unit's numbers while its events go by, and adds
// them to the metrics when the unit is over.

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "engine/aggregate/metric_sums.hpp"
#include "engine/aggregate/property_match.hpp"

namespace liftmark {

/// What the pass counts beside the metrics.
struct PassCounts {
  std::int64_t events_read = 0;    ///< events of measured units within the plan's time range
  std::int64_t late_events = 0;    ///< recorded more than a day after they happened
  std::int64_t future_events = 0;  ///< dated after they were recorded
  std::int64_t values_unread = 0;  ///< the property that holds a value is missing or no number
  void merge(const PassCounts& other) noexcept;
};

struct PassInput {
  const Reader& reader;
  const Needs& needs;
  Population& population;  ///< groups of dimensions that need events are filled in, each member by one thread
  int day_offset_minutes = 0;
};

class UnitPass {
 public:
  explicit UnitPass(const PassInput& input);
  ~UnitPass();
  UnitPass(const UnitPass&) = delete;
  UnitPass& operator=(const UnitPass&) = delete;

  std::size_t slices() const noexcept { return scanner_.slices(); }
  void read(std::size_t slice);

  std::vector<MetricSums>& metrics() noexcept { return sums_; }
  const PassCounts& counts() const noexcept { return counts_; }

 private:
  struct Order {
    Key key;
    std::int64_t value = 0;
  };
  struct Refund {
    Key order;
    std::int64_t value = 0;
  };
  /// An event that is a step of a funnel.
  struct StepEvent {
    std::uint8_t step = 0;
    std::uint32_t event = 0;
    Micros at = 0;
  };
  /// One metric's values of the present day since the first exposure.
  struct Today {
    std::int64_t day = -1;
    std::array<std::int64_t, 2> value{}, mark{};
  };
  /// Where an event type's features and orders stand.
  struct TypeNeeds {
    std::vector<std::uint16_t> features, start_features;
    std::vector<std::uint16_t> refunds;  ///< into Needs::orders
  };

  void prepare_types();
  void measured_unit(const EventSlice& slice, std::size_t member);
  void start_unit(const EventSlice& slice, UnitIndex unit);
  void event(const EventSlice& slice, std::uint32_t index, std::size_t member);
  void order_event(const EventSlice& slice, std::uint32_t index, std::size_t feature);
  void step_event(std::uint32_t index, Micros at, std::size_t feature);
  void surface_event(const EventSlice& slice, std::uint32_t index, std::size_t feature, std::int64_t value);
  std::size_t steps_passed(std::size_t metric) const;
  void add_parts(std::size_t metric, std::size_t member);
  void today(std::size_t feature, std::size_t member, Micros since, std::int64_t value,
             std::int64_t calendar_day);
  void flush_today(std::size_t metric, std::size_t member);
  void finish(std::size_t member);
  void place_in_dimensions(std::size_t member);
  UnitValues values_of(std::size_t metric) const;
  std::int64_t orders_standing(const OrderNeeds& needs, std::size_t place) const;
  bool history(const MetricNeeds& metric, std::size_t member) const;
  /// The event's number for the feature; false if it does not count.
  bool number(const EventSlice& slice, std::uint32_t index, const Feature& feature, std::int64_t& value);
  void aggregate(const Feature& feature, std::int64_t value, std::int64_t calendar_day, std::int64_t& total,
                 std::int64_t& mark) const;
  void clear();

  PassInput input_;
  EventScanner scanner_;
  std::vector<TypeNeeds> types_;
  std::vector<PropertyMatch> matches_;
  std::vector<PropertyNumber> numbers_;                                     ///< by column
  std::vector<std::vector<std::pair<std::uint16_t, std::uint8_t>>> daily_;  ///< by feature: metric and place
  std::vector<std::uint8_t> order_feature_;  ///< by feature: 1 if an order counts here
  std::vector<std::vector<std::pair<std::uint16_t, std::uint8_t>>>
      steps_of_;                                         ///< by feature: funnel metric and step
  std::vector<std::vector<std::uint16_t>> surfaces_of_;  ///< by feature: metrics kept by surface
  std::vector<bool> purchase_type_;                      ///< by type, for the lifecycle
  std::vector<MetricSums> sums_;
  PassCounts counts_;
  // Of the present unit:
  std::vector<std::int64_t> value_, mark_;
  std::vector<Today> today_;
  std::vector<std::vector<Order>> orders_;                                       ///< by Needs::orders
  std::vector<std::vector<Refund>> refunds_;                                     ///< by Needs::orders
  std::vector<std::vector<StepEvent>> step_events_;                              ///< by metric
  std::vector<std::vector<std::pair<ValueCode, std::int64_t>>> surface_values_;  ///< by metric
  Micros last_before_ =
      std::numeric_limits<Micros>::min();  ///< latest event before the first exposure, or never
  Micros last_purchase_ = std::numeric_limits<Micros>::min();
};

}  // namespace liftmark
