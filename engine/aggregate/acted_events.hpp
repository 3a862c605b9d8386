#pragma once
// The events of measured units that decide their numbers, packed in memory, so that a later report need not
// read them from the store again: about 7 bytes an event. See report_memory.hpp.

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/record/reader.hpp"

namespace liftmark {

/// Columns of events as an EventSlice has them, to be filled row by row.
struct EventColumns {
  std::vector<Micros> at;
  std::vector<std::uint8_t> timing;
  std::vector<std::uint32_t> type;
  std::vector<Millionths> value;
  std::vector<std::vector<ValueCode>> properties;
  std::vector<Key> key, reference;  ///< filled when `keys`
  bool keys = false;

  /// Empty, with the columns that a reader with this filter gives.
  explicit EventColumns(const EventFilter& filter)
      : properties(filter.properties.size()), keys(filter.keys) {}
  std::size_t size() const noexcept { return at.size(); }
  void clear();
  void append(const EventSlice& slice, std::uint32_t row);
  /// Puts the rows from `begin` on in the order that a slice has a unit's rows in.
  void sort_from(std::size_t begin);
  /// Everything, as the slice of these units; `offsets` is not kept alive.
  EventSlice slice(UnitIndex first, UnitIndex last, std::span<const std::uint32_t> offsets) const;
};

/// Units, ascending, with a packed piece each.
class EventLayer {
 public:
  /// The unit's events follow, whose times count from its first exposure. `replaces`: earlier layers' pieces
  /// of the unit are void.
  void begin_unit(UnitIndex unit, Micros first_at, bool replaces);
  /// Throws away the unit begun: it holds a value that only one Reader knows.
  void add(const EventSlice& slice, std::uint32_t row);
  void end_unit();
  bool empty() const noexcept { return units_.empty(); }
  std::size_t bytes() const noexcept;
  std::size_t units() const noexcept { return units_.size(); }

 private:
  friend class ActedEvents;
  std::size_t begin_of(std::size_t place) const { return place == 0 ? 0 : end_[place - 1]; }
  /// All of another's, whose units come behind these.
  void append(const EventLayer& other);
  void take(const EventLayer& other, std::size_t place, bool replaces);

  std::vector<UnitIndex> units_;
  std::vector<std::uint32_t> end_;
  std::vector<char> replaces_;
  std::string bytes_;
  Micros before_ = 0;  ///< of the unit begun: the moment of the event before
  bool whole_ = true;  ///< of the unit begun: everything could be packed
};

/// Layers above one another. Reading is thread-safe.
class ActedEvents {
 public:
  /// The bottom: layers of ascending ranges of units that do not overlap.
  explicit ActedEvents(std::vector<EventLayer> bottom = {});

  /// Adds a layer out of such of ascending ranges of units; when there are many, all become one bottom.
  void add(const std::vector<EventLayer>& parts);
  std::size_t bytes() const noexcept;
  bool empty() const noexcept { return bottom_.empty(); }

  /// Looks for units in ascending order.
  class Search {
   public:
    explicit Search(const ActedEvents& events);
    /// Whether the unit's events are known.
    bool find(UnitIndex unit);
    /// Appends the events of the unit found, whose first exposure was at `first_at`, in no certain order.
    void unpack(Micros first_at, EventColumns& to) const;

   private:
    struct Place {
      const EventLayer* layer = nullptr;
      std::size_t next = 0;
    };
    /// Moves `place` to the unit; whether it is there.
    static bool seek(Place& place, UnitIndex unit);

    const ActedEvents& events_;
    std::size_t part_ = 0;
    Place bottom_;
    std::vector<Place> later_;
    std::vector<std::pair<const EventLayer*, std::size_t>> found_;
  };

 private:
  void settle();

  std::vector<EventLayer> bottom_, later_;
};

}  // namespace liftmark
