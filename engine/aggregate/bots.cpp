#include "engine/aggregate/bots.hpp"

#include <algorithm>

namespace liftmark {

bool faster_than(std::span<const Micros> at, std::uint32_t most, Micros span) noexcept {
  for (std::size_t last = most; last < at.size(); ++last)
    if (at[last] - at[last - most] < span) return true;
  return false;
}

std::vector<UnitIndex> suspected_bots(const Reader& reader, std::string_view experiment,
                                      const BotLimits& limits) {
  const ExposureColumns exposed = reader.exposures(experiment);
  std::vector<UnitIndex> bots;
  EventScanner scanner(reader, {.recorded_at = false});
  for (std::size_t s = 0; s < scanner.slices(); ++s) {
    const EventSlice& slice = scanner.read(s);
    for (UnitIndex unit = slice.first_unit; unit < slice.last_unit; ++unit) {
      const std::uint32_t begin = slice.begin(unit), count = slice.end(unit) - begin;
      if (count <= std::min(limits.in_a_minute, limits.in_a_day)) continue;
      const auto at = slice.at.subspan(begin, count);
      const bool fast = faster_than(at, limits.in_a_minute, 60 * kMicrosPerSecond) ||
                        faster_than(at, limits.in_a_day, kMicrosPerDay);
      if (fast && std::binary_search(exposed.unit.begin(), exposed.unit.end(), unit)) bots.push_back(unit);
    }
  }
  return bots;
}

}  // namespace liftmark
