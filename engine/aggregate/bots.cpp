#include "engine/aggregate/bots.hpp"

#include <algorithm>
#include <memory>

namespace liftmark {

bool faster_than(std::span<const Micros> at, std::uint32_t most, Micros span) noexcept {
  for (std::size_t last = most; last < at.size(); ++last)
    if (at[last] - at[last - most] < span) return true;
  return false;
}

std::vector<UnitIndex> suspected_bots(const Reader& reader, std::string_view experiment,
                                      std::span<const UnitIndex> busy, const BotLimits& limits) {
  std::vector<UnitIndex> bots;
  if (busy.empty()) return bots;
  const ExposureColumns exposed = reader.exposures(experiment);
  auto looked_at = std::make_shared<UnitSelection>(reader.unit_count(), false);
  bool any = false;
  for (const UnitIndex unit : busy)
    if (std::binary_search(exposed.unit.begin(), exposed.unit.end(), unit)) any = (*looked_at)[unit] = true;
  if (!any) return bots;
  EventScanner scanner(reader, {.recorded_at = false, .units = looked_at});
  for (std::size_t s = 0; s < scanner.slices(); ++s) {
    const EventSlice& slice = scanner.read(s);
    for (UnitIndex unit = slice.first_unit; unit < slice.last_unit; ++unit) {
      const std::uint32_t begin = slice.begin(unit), count = slice.end(unit) - begin;
      if (count <= limits.few()) continue;
      const auto at = slice.at.subspan(begin, count);
      if (faster_than(at, limits.in_a_minute, 60 * kMicrosPerSecond) ||
          faster_than(at, limits.in_a_day, kMicrosPerDay))
        bots.push_back(unit);
    }
  }
  return bots;
}

}  // namespace liftmark
