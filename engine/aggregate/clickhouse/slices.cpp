#include <fmt/format.h>

#include <algorithm>

#include "engine/aggregate/clickhouse/run.hpp"

namespace liftmark::clickhouse {
namespace {

constexpr unsigned kMostBits = 12;  ///< 4,096 slices, of 16 billion events a shard

/// Rows of the fullest shard's events, erased and merged ones too: about right is enough.
std::int64_t most_rows(Cluster& cluster) {
  std::int64_t most = 0;
  for_each_row(cluster,
               "SELECT sum(rows) FROM system.parts WHERE active AND database = currentDatabase() AND table = "
               "'event'",
               [&](const Rows& rows) { most = std::max(most, rows.integer(0)); });
  return most;
}

}  // namespace

std::vector<Slice> slices_of(Cluster& cluster, const RowTables& tables, std::int64_t rows_at_once) {
  unsigned bits = 0;
  if (!tables.own())  // whose units the server hashes as it reads: each slice would read all rows
    for (std::int64_t rows = most_rows(cluster); rows > rows_at_once && bits < kMostBits; rows /= 2) ++bits;
  std::vector<Slice> slices;
  const std::uint64_t last = (std::uint64_t{1} << bits) - 1;
  for (std::uint64_t i = 0; i <= last; ++i) {
    const auto from = [&](std::uint64_t slice) { return slice << (64 - bits); };
    std::string units = "1";
    if (bits > 0) units = fmt::format("low >= {}", from(i));
    if (i < last) units += fmt::format(" AND low < {}", from(i + 1));
    slices.push_back({.units = units, .bucket = fmt::format("toUInt16(bitShiftRight(low, {}))", 48 - bits)});
  }
  return slices;
}

}  // namespace liftmark::clickhouse
