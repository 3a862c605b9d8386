#include "engine/record/clickhouse/removals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/record/clickhouse/schema.hpp"
#include "engine/record/clickhouse/sql_text.hpp"

namespace liftmark::clickhouse {
namespace {

Secret read_secret(Client& home) {
  const std::string hex = setting(home, "secret");
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned byte = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    bytes += static_cast<char>(byte);
  }
  return Secret::from(bytes);
}

}  // namespace

Hidden read_hidden(Cluster& cluster) {
  Hidden hidden;
  for (std::string& answer : cluster.query("SELECT count(), max(stamp) FROM hidden")) {
    Rows rows(std::move(answer));
    if (!rows.next() || rows.natural(0) == 0) continue;
    hidden.units = " AND (low, high) NOT IN (SELECT low, high FROM hidden)";
    hidden.latest = std::max(hidden.latest, rows.integer(1));
  }
  Rows purged(cluster.home().query("SELECT type, max(before), max(stamp) FROM purged GROUP BY type"));
  while (purged.next()) {
    hidden.types +=
        fmt::format(" AND NOT (type = {} AND at < {})", literal(purged.text(0)), purged.integer(1));
    hidden.latest = std::max(hidden.latest, purged.integer(2));
  }
  Rows done(cluster.home().query("SELECT max(recorded_at) FROM audit WHERE act IN ('erase', 'purge')"));
  if (done.next()) hidden.latest = std::max(hidden.latest, done.integer(0));
  return hidden;
}

ErasedUnits::ErasedUnits(Client& home) : secret_(read_secret(home)) {}

void ErasedUnits::read(Client& home) {
  Rows rows(home.query("SELECT low, high FROM erased"));
  while (rows.next()) keys_.insert({rows.natural(0), rows.natural(1)});
}

bool ErasedUnits::contains(std::string_view unit) const {
  return !keys_.empty() && keys_.contains(key(unit));
}

}  // namespace liftmark::clickhouse
