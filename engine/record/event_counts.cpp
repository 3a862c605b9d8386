#include "engine/record/event_counts.hpp"

#include <algorithm>
#include <limits>

#include "engine/record/reader_state.hpp"

namespace liftmark {

void EventCounts::update(const Reader& reader) {
  constexpr std::uint16_t kMost = std::numeric_limits<std::uint16_t>::max();
  const StorePosition position = reader.position();
  const bool same = position.store == counted_.store && position.generation == counted_.generation &&
                    position.people == counted_.people;
  // A reader of the past may miss a block and see one behind it.
  const bool goes_on =
      same && counted_.whole && (position.whole || position.last_block <= counted_.last_block);
  if (!goes_on) {
    counted_ = position;
    counted_.last_block = 0;
    events_.clear();
  }
  events_.resize(std::max(events_.size(), reader.unit_count()), 0);
  const Reader::State& state = *reader.state_;
  std::unique_ptr<Snapshot> snapshot = state.snapshot();
  std::vector<UnitIndex> units;
  for (const BlockEntry& entry : state.events) {
    if (entry.block <= counted_.last_block) continue;
    snapshot->read_hot(entry.block, [&](std::string_view blob) { decode_units(blob, units); });
    for (const UnitIndex unit : units) {
      std::uint16_t& events = events_.at(state.canonical(unit));
      if (events != kMost) ++events;
    }
  }
  state.give_back(std::move(snapshot));
  counted_.last_block = std::max(counted_.last_block, position.last_block);
}

std::vector<UnitIndex> EventCounts::above(std::uint16_t most) const {
  std::vector<UnitIndex> units;
  for (std::size_t unit = 0; unit < events_.size(); ++unit)
    if (events_[unit] > most) units.push_back(static_cast<UnitIndex>(unit));
  return units;
}

}  // namespace liftmark
