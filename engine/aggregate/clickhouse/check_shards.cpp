#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>

#include "engine/aggregate/clickhouse/run.hpp"
#include "engine/definition/error.hpp"

namespace liftmark::clickhouse {
namespace {

constexpr std::uint64_t kLookedAt = 1'000;  ///< exposed units of each shard, about

[[noreturn]] void refuse() {
  throw Error(ErrorCode::data, "/tables",
              "rows of one unit stand on several shards, which the numbers would miss",
              "shard the tables by unit, or name one server and a Distributed table");
}

}  // namespace

void check_shards(const Run& run) {
  Cluster& cluster = run.store.cluster();
  if (!run.tables.own() || cluster.size() < 2) return;
  std::uint64_t units = 0;
  for_each_row(cluster, "SELECT count() FROM lm_first WHERE mixed = 0",
               [&](const Rows& rows) { units = std::max(units, rows.natural(0)); });
  const std::uint64_t one_of = std::max<std::uint64_t>(1, units / kLookedAt);
  std::map<std::string, std::size_t> home;
  for (std::size_t shard = 0; shard < cluster.size(); ++shard) {
    Rows rows(cluster.shard(shard).query(
        fmt::format("SELECT low, high FROM lm_first WHERE mixed = 0 AND low % {} = 0", one_of)));
    while (rows.next()) {
      const std::string unit = fmt::format("({}, {})", rows.natural(0), rows.natural(1));
      if (!home.emplace(unit, shard).second) refuse();
    }
  }
  for (std::size_t shard = 0; shard < cluster.size(); ++shard) {
    std::string others;
    for (const auto& [unit, place] : home)
      if (place != shard) others += (others.empty() ? "" : ", ") + unit;
    if (others.empty()) continue;
    Rows rows(cluster.shard(shard).query(fmt::format("SELECT low FROM {} WHERE (low, high) IN ({}) LIMIT 1",
                                                     run.tables.events({.to = run.until}), others)));
    if (rows.next()) refuse();
  }
}

}  // namespace liftmark::clickhouse
