#pragma once
// The order of rows: by unit, and within one.

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <tuple>
#include <vector>

#include "engine/record/event.hpp"

namespace liftmark {

/// The places of the first `count` of `units` by unit, in their own order within one. All are below
/// `unit_count`. A radix sort: counting by unit would look at every unit of the store for a few rows.
inline std::vector<std::uint32_t> order_by_unit(const std::vector<UnitIndex>& units, std::size_t count,
                                                std::size_t unit_count) {
  constexpr unsigned kBits = 11;
  constexpr std::size_t kDigits = std::size_t{1} << kBits;
  struct Row {
    UnitIndex unit;
    std::uint32_t place;
  };
  std::vector<Row> rows(count), sorted(count);
  for (std::uint32_t i = 0; i < count; ++i) rows[i] = {units[i], i};
  for (unsigned shift = 0; (unit_count >> shift) > 0; shift += kBits) {
    const auto digit = [shift](const Row& row) { return row.unit >> shift & (kDigits - 1); };
    std::array<std::uint32_t, kDigits + 1> next{};
    for (const Row& row : rows) ++next[digit(row) + 1];
    std::partial_sum(next.begin(), next.end(), next.begin());
    for (const Row& row : rows) sorted[next[digit(row)]++] = row;
    rows.swap(sorted);
  }
  std::vector<std::uint32_t> order(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = rows[i].place;
  return order;
}

/// Whether row `a` of a unit comes before row `b` in a slice (EventSlice): by time, type, value, and as far
/// as they are columns by the moment of recording and the key.
template <class Columns>
bool precedes(const Columns& rows, std::size_t a, std::size_t b, bool keys) {
  const auto tuple = [&](std::size_t i) { return std::tie(rows.at[i], rows.type[i], rows.value[i]); };
  if (tuple(a) != tuple(b)) return tuple(a) < tuple(b);
  if constexpr (requires { rows.recorded_at; })
    if (rows.recorded && rows.recorded_at[a] != rows.recorded_at[b])
      return rows.recorded_at[a] < rows.recorded_at[b];
  return keys && rows.key[a] < rows.key[b];
}

}  // namespace liftmark
