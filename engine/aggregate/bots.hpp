#pragma once
// Units whose events come faster than a person makes them.

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/record/reader.hpp"

namespace liftmark {

/// More events than this within so long, anywhere in the unit's life up to the reader's moment, and it is no
/// person: ten a second for a minute, or seven a minute through a whole day and night. Generous, because one
/// page may show fifty items, each an event.
struct BotLimits {
  std::uint16_t in_a_minute = 600;
  std::uint16_t in_a_day = 10'000;
  /// Units with no more events in all are over no limit.
  std::uint16_t few() const noexcept { return std::min(in_a_minute, in_a_day); }
};

/// Whether more than `most` of these moments, ascending, lie within less than `span`.
bool faster_than(std::span<const Micros> at, std::uint32_t most, Micros span) noexcept;

/// The units exposed to the experiment that are over a limit, ascending; events of every type count. `busy`:
/// all units with more than limits.few() events, ascending (EventCounts::above); only theirs are read. Throws
/// as Reader does.
std::vector<UnitIndex> suspected_bots(const Reader& reader, std::string_view experiment,
                                      std::span<const UnitIndex> busy, const BotLimits& limits = {});

}  // namespace liftmark
