#pragma once
// One thread's share of the one pass: takes slices, keeps a unit's numbers while its events go by, and adds
// them to the metrics when the unit is over.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/aggregate/acted_events.hpp"
#include "engine/aggregate/kept_sums.hpp"
#include "engine/aggregate/metric_sums.hpp"
#include "engine/aggregate/property_match.hpp"
#include "engine/aggregate/unit_program.hpp"

namespace liftmark {

/// What the pass counts beside the metrics.
struct PassCounts {
  std::int64_t events_read = 0;    ///< events of measured units within the plan's time range
  std::int64_t late_events = 0;    ///< recorded more than a day after they happened
  std::int64_t future_events = 0;  ///< dated after they were recorded
  std::int64_t values_unread = 0;  ///< the property that holds a value is missing or no number
  void merge(const PassCounts& other) noexcept;
  void subtract(const PassCounts& other) noexcept;
};

struct PassInput {
  const Reader& reader;
  const Needs& needs;
  Population& population;  ///< groups of dimensions that need events are filled in, each member by one thread
  int day_offset_minutes = 0;
  Micros until = 0;  ///< as Reader::until: which windows are over
};

/// A unit of the store and its place in a population.
struct MemberOf {
  UnitIndex unit = 0;
  std::optional<std::uint32_t> member;  ///< nothing: not exposed, but part of the store
};

/// A unit whose numbers may have changed, and its place in the populations before and now.
struct ChangedUnit {
  UnitIndex unit = 0;
  std::optional<std::uint32_t> before, now;
  bool placed_anew = false;  ///< its exposures are others
  bool remembered = false;   ///< only its events that act are there, and nothing is new from before the start
};

class UnitPass {
 public:
  explicit UnitPass(const PassInput& input);
  ~UnitPass();
  UnitPass(const UnitPass&) = delete;
  UnitPass& operator=(const UnitPass&) = delete;

  /// From now on the events of measured units that decide their numbers go there as well; nullptr: no more.
  void keep_events(EventLayer* layer) noexcept { layer_ = layer; }
  /// Every unit of the slice.
  void add(const EventSlice& slice);
  /// What these units of the slice, ascending, gave without its new events and give now goes to `before` and
  /// `now`: of a metric to which a unit gives the same, nothing.
  static void add_change(UnitPass& before, UnitPass& now, const EventSlice& slice,
                         std::span<const ChangedUnit> units);
  /// To be called before anything is added: as MetricSums::follow, for every metric.
  void follow(const std::vector<MetricSums>& earlier);
  /// Events that change no number of their unit, whatever it did before, and are only counted; `slice` has no
  /// others of that unit. False, and nothing is counted, when one of them may change something.
  bool add_idle(const EventSlice& slice, const MemberOf& unit);

  /// Whether the unit has events there that what is asked from the experiment's start on looks at.
  bool before_start(const EventSlice& slice, UnitIndex unit) const;

  /// Takes over what another thread's added.
  void merge(UnitPass& other);

  std::vector<MetricSums>& metrics() noexcept { return sums_; }
  /// By metric; nothing for metrics that keep no events.
  std::vector<std::unique_ptr<KeptSums>>& kept() noexcept { return kept_; }
  const PassCounts& counts() const noexcept { return counts_; }

 private:
  struct Order {
    Key key;
    std::int64_t value = 0;
    Micros at = 0;
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
    bool touched = false;
    std::array<std::int64_t, 2> value{}, mark{};
  };
  /// What a metric had of a unit on one day since its first exposure.
  struct DayValues {
    std::int64_t day = 0;
    std::array<std::int64_t, 2> value{};
    bool operator==(const DayValues&) const = default;
  };
  /// A metric's needs as the end of a unit asks for them.
  struct MetricPlan {
    bool reported = true;
    bool plain = true;          ///< the values are those of the features
    bool parts = false;         ///< steps, surfaces, factors or terms are kept as well
    std::uint64_t touched = 0;  ///< features (UnitPass::bit) without which every value and part is zero
    Micros trend = 0;           ///< days of the window, of metrics kept by day; else 0
    Micros latest_first = 0;    ///< units first exposed later are not mature
    std::vector<int> features;
  };

  /// `earlier`: without its new events.
  void start_unit(const EventSlice& slice, UnitIndex unit, bool earlier = false);
  void begin_member(std::size_t member);
  /// Takes in rows of the member begun, in order of time; what it gives is added by finish().
  void go_through(const EventSlice& slice, std::uint32_t begin, std::uint32_t end);
  /// Both passes take in a member's rows, `before` only those that are not new.
  static void go_through_both(UnitPass& before, UnitPass& now, const EventSlice& slice,
                              const ChangedUnit& one);
  /// What the other has gone through counts as gone through here.
  void take_unit_of(const UnitPass& other);
  /// Packs the events of the member gone through that another look at it needs.
  void pack(const EventSlice& slice) const;
  /// Both passes have gone through one unit.
  static void finish_change(UnitPass& before, UnitPass& now);
  bool gives_same(const UnitPass& other, std::size_t metric) const;
  void count_timing(const EventSlice& slice, std::uint32_t begin, std::uint32_t end);
  void count_some_timing(const EventSlice& slice, std::uint32_t begin, std::uint32_t end);
  void act(const EventSlice& slice, std::uint32_t index, std::span<const Action> actions);
  /// What an action leaves behind beside its feature's number.
  void keep(const EventSlice& slice, std::uint32_t index, const Action& action, std::int64_t value);
  void surface_event(const EventSlice& slice, std::uint32_t index, std::size_t feature, std::int64_t value);
  std::size_t steps_passed(std::size_t metric) const;
  void add_parts(std::size_t metric, std::size_t member);
  void add_terms(std::size_t metric, std::size_t member);
  void keep_unit(std::size_t metric, bool mature);
  void add_today(const Action& action, std::int64_t value, std::int64_t calendar_day);
  void end_day();
  void finish();
  void finish_metric(std::size_t metric);
  void place_in_dimensions();
  UnitValues values_of(std::size_t metric) const;
  /// When the orders that are not fully refunded were made.
  std::vector<Micros> orders_standing(std::size_t place) const;
  bool history(std::size_t metric) const noexcept {
    return last_before_ >= first_at_ - input_.needs.metrics[metric].lookback;
  }
  /// The event's number for the feature; false if it does not count.
  bool number(const EventSlice& slice, std::uint32_t index, const Feature& feature, std::int64_t& value);
  void begin_unit();
  std::uint64_t bits_of(std::size_t metric) const;
  static std::uint64_t bit(std::size_t feature) noexcept {
    return std::uint64_t{1} << std::min<std::size_t>(feature, 63);  // the last ones share a bit
  }

  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
  static constexpr std::uint64_t kAlways = ~std::uint64_t{0};  ///< a value that needs no event

  PassInput input_;
  UnitProgram program_, start_program_;
  std::vector<MetricPlan> plans_;
  std::vector<PropertyMatch> matches_;
  std::vector<PropertyNumber> numbers_;  ///< by column
  std::vector<char> purchase_type_;      ///< by type, for the lifecycle
  std::vector<char> counted_type_;       ///< by type, where not every event read is counted; else empty
  std::vector<MetricSums> sums_;
  std::vector<std::unique_ptr<KeptSums>> kept_;  ///< by metric
  PassCounts counts_;
  EventLayer* layer_ = nullptr;
  // Of the present unit:
  std::size_t member_ = 0;
  Micros first_at_ = 0;
  std::vector<std::int64_t> value_, mark_;              ///< by feature
  std::uint64_t touched_features_ = ~std::uint64_t{0};  ///< bits of those that have changed
  bool left_behind_ = true;                             ///< an action left something beside its number
  std::int64_t day_ = -1;                               ///< since the first exposure
  std::vector<Today> today_;                            ///< by metric
  std::vector<std::uint16_t> touched_;                  ///< metrics with values today
  std::vector<std::vector<DayValues>> days_;            ///< by metric, of mature ones
  std::vector<UnitValues> trend_;                       ///< by metric
  std::vector<std::vector<KeptEvent>> kept_events_;     ///< by metric
  std::vector<std::vector<Order>> orders_;              ///< by Needs::orders
  std::vector<std::vector<Refund>> refunds_;            ///< by Needs::orders
  std::vector<std::vector<StepEvent>> step_events_;     ///< by metric
  std::vector<std::vector<std::pair<ValueCode, std::int64_t>>> surface_values_;  ///< by metric
  bool lifecycle_ = false;                                                       ///< last_purchase_ is wanted
  Micros last_before_ = kNever;  ///< latest event before the first exposure, or never
  Micros last_purchase_ = kNever;
};

}  // namespace liftmark
