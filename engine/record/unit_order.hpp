#pragma once
// Rows by unit. Internal to reading.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "engine/record/event.hpp"

namespace liftmark {

/// The places of `units` by unit, in their own order within one. All are below `unit_count`.
inline std::vector<std::uint32_t> order_by_unit(const std::vector<UnitIndex>& units, std::size_t count,
                                                std::size_t unit_count) {
  std::vector<std::uint32_t> order(count);
  if (count < unit_count / 16) {  // counting would look at every unit of the store for a few rows
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return units[a] < units[b]; });
    return order;
  }
  std::vector<std::uint32_t> next(unit_count + 1, 0);
  for (std::size_t i = 0; i < count; ++i) ++next[units[i] + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  for (std::uint32_t i = 0; i < count; ++i) order[next[units[i]]++] = i;
  return order;
}

}  // namespace liftmark
