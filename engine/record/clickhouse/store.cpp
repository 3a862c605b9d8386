#include "engine/record/clickhouse/store.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <limits>
#include <map>

#include "engine/record/clickhouse/removals.hpp"
#include "engine/record/clickhouse/schema.hpp"
#include "engine/record/clickhouse/sql_text.hpp"
#include "engine/record/store.hpp"

namespace liftmark::clickhouse {
namespace {

constexpr Micros kEver = std::numeric_limits<Micros>::max();

}  // namespace

Key unit_key(std::string_view unit) noexcept {
  const XXH128_hash_t hash = XXH3_128bits(unit.data(), unit.size());
  return {hash.low64, hash.high64};
}

void Store::create(const Address& address, const std::string& distributed) {
  Cluster cluster(address);
  create_schema(address, cluster, distributed);
}

Store::Store(const Address& address, Limits limits) : database_(address.database), cluster_(address, limits) {
  require_schema(address, cluster_);
}

RowTables Store::row_tables() {
  const auto versions = catalogs(kEver);
  return versions.empty() ? RowTables() : RowTables(cluster_, versions.back().json, database_);
}

void Store::check_tables(std::string_view catalog) {
  const RowTables tables(cluster_, catalog, database_);
  if (!tables.own()) return;
  for (const char* table : {"event", "exposure"})
    for (std::string& answer : cluster_.query(fmt::format("SELECT count() FROM {}", table))) {
      Rows rows(std::move(answer));
      if (rows.next() && rows.natural(0) > 0)
        throw Error(ErrorCode::usage, "/tables",
                    "the store has rows of its own, which no report would read any more",
                    "liftmark init makes another store, in a database of its own");
    }
  // What only the server can say: that the filters are SQL over the tables.
  cluster_.query(fmt::format("SELECT low FROM {} LIMIT 0", tables.events({})));
  cluster_.query(fmt::format("SELECT low FROM {} LIMIT 0", tables.exposures({})));
}

CommitList Store::commits() {
  struct Commit {
    std::string writer;
    Micros begun = 0, ended = 0;
  };
  std::map<Micros, Commit> commits;
  Rows rows(cluster_.home().query(
      "SELECT stamp, any(writer), min(begun), max(ended) FROM commits GROUP BY stamp ORDER BY stamp"));
  while (rows.next()) commits[rows.integer(0)] = {rows.text(1), rows.integer(2), rows.integer(3)};
  CommitList list;
  Micros latest_end = 0;
  Micros latest_stamp = 0;
  std::string latest_writer;
  for (const auto& [stamp, commit] : commits) {
    if (commit.ended != 0) list.last = stamp;
    // Neither sees the other's rows when it looks for known ids.
    const bool together = latest_end > commit.begun && latest_writer != commit.writer;
    if (together) list.uncertain.push_back(latest_stamp);
    if (commit.ended == 0 || together) list.uncertain.push_back(stamp);
    const Micros end = commit.ended == 0 ? kEver : commit.ended;
    if (commit.ended == 0) continue;  // cut off: its own rows are uncertain, others looked after it
    if (end > latest_end) {
      latest_end = end;
      latest_stamp = stamp;
      latest_writer = commit.writer;
    }
  }
  std::sort(list.uncertain.begin(), list.uncertain.end());
  list.uncertain.erase(std::unique(list.uncertain.begin(), list.uncertain.end()), list.uncertain.end());
  return list;
}

std::vector<CatalogVersion> Store::catalogs(Micros as_of) {
  std::vector<CatalogVersion> versions;
  Rows rows(cluster_.home().query(fmt::format(
      "SELECT version, json, digest, recorded_at FROM catalog WHERE recorded_at <= {} ORDER BY version, "
      "length(json) LIMIT 1 BY version",  // the longer text is on its way out: an override was erased
      as_of)));
  while (rows.next()) versions.push_back({rows.integer(0), rows.text(1), rows.text(2), rows.integer(3)});
  return versions;
}

CatalogVersion Store::put_catalog(std::string_view json, std::string_view digest) {
  const auto versions = catalogs(kEver);
  if (!versions.empty() && versions.back().digest == digest) return versions.back();
  const Micros stamp = next_stamp();
  const std::int64_t version = versions.empty() ? 1 : versions.back().version + 1;
  // Periods first: stopped in between, the catalog is not in force, and applied again it brings them again.
  const RetentionDays before = versions.empty() ? RetentionDays() : retention_of(versions.back().json);
  for (const auto& [type, days] : changed_retention(before, retention_of(json))) keep_for(stamp, type, days);
  std::string row = fmt::format("{}\t", version);
  append_field(json, row);
  row += fmt::format("\t{}\t{}\n", digest, stamp);
  cluster_.home().insert("catalog", "(version, json, digest, recorded_at)", row);
  audit(stamp, "apply", fmt::format("catalog version {}", version));
  end_act(stamp, "apply");
  return {version, std::string(json), std::string(digest), stamp};
}

Micros Store::next_stamp() {
  return std::max(now_micros(), commits().last + 1);
}

void Store::audit(Micros stamp, std::string_view act, std::string_view detail) {
  std::string row = fmt::format("{}\t{}\t", stamp, act);
  append_field(detail, row);
  cluster_.home().insert("audit", "(recorded_at, act, detail)", row + "\n");
}

void Store::end_act(Micros stamp, std::string_view act) {
  cluster_.home().insert("commits", "(stamp, writer, begun, ended)",
                         fmt::format("{0}\t{1}\t{0}\t{0}\n", stamp, act));
}

void Store::keep_for(Micros stamp, std::string_view type, int days) {
  std::string row = fmt::format("{}\t", stamp);
  append_field(type, row);
  cluster_.home().insert("retention", "(recorded_at, type, days)", row + fmt::format("\t{}\n", days));
  audit(stamp, "retention", fmt::format("{}: {} days", type, days));
}

RetentionDays Store::retention() {
  RetentionDays periods;
  Rows rows(
      cluster_.home().query("SELECT type, argMax(days, recorded_at) AS d FROM retention GROUP BY type "
                            "HAVING d > 0"));
  while (rows.next()) periods[rows.text(0)] = static_cast<int>(rows.integer(1));
  return periods;
}

std::vector<Micros> Store::altered_after(Micros as_of) {
  std::vector<Micros> moments;
  Rows rows(cluster_.home().query(
      fmt::format("SELECT DISTINCT recorded_at FROM audit WHERE act IN ('erase', 'purge') AND recorded_at > "
                  "{} ORDER BY recorded_at",
                  as_of)));
  while (rows.next()) moments.push_back(rows.integer(0));
  return moments;
}

std::vector<Counter> Store::counters(Micros as_of) {
  std::vector<Counter> counters;
  Rows rows(cluster_.home().query(
      fmt::format("SELECT name, detail, sum(count) FROM counter WHERE recorded_at <= {} AND recorded_at IN "
                  "(SELECT stamp FROM "
                  "commits WHERE ended != 0) GROUP BY name, detail ORDER BY name, detail",
                  as_of)));
  while (rows.next()) counters.push_back({rows.text(0), rows.text(1), rows.integer(2)});
  return counters;
}

std::vector<SourceDeliveries> Store::deliveries(Micros as_of) {
  std::vector<SourceDeliveries> sources;
  Rows rows(
      cluster_.home().query(fmt::format("SELECT source, hour, sum(rows), sum(late_hour), sum(late_day), "
                                        "sum(late_week), sum(future), max(lead) FROM "
                                        "delivery WHERE recorded_at <= {} AND recorded_at IN (SELECT stamp "
                                        "FROM commits WHERE ended != 0) GROUP BY "
                                        "source, hour ORDER BY source, hour",
                                        as_of)));
  while (rows.next()) {
    const std::string source = rows.text(0);
    if (sources.empty() || sources.back().source != source) sources.push_back({source, {}});
    sources.back().hours.push_back({.hour = rows.integer(1),
                                    .rows = rows.integer(2),
                                    .late_hour = rows.integer(3),
                                    .late_day = rows.integer(4),
                                    .late_week = rows.integer(5),
                                    .future = rows.integer(6),
                                    .largest_lead = rows.integer(7)});
  }
  return sources;
}

std::vector<std::string> Store::unit_ids(std::size_t most) {
  std::vector<std::string> ids;
  const RowTables tables = row_tables();
  const std::string hidden = read_hidden(cluster_).units;
  for (std::string& answer : cluster_.query(fmt::format(
           "SELECT DISTINCT unit FROM (SELECT unit FROM {0} WHERE 1{2} UNION ALL SELECT unit FROM {1} WHERE "
           "1{2}) AS u LIMIT {3}",
           tables.events({}), tables.exposures({}), hidden, most + 1))) {
    Rows rows(std::move(answer));
    while (rows.next()) ids.push_back(rows.text(0));
  }
  if (ids.size() > most)
    throw Error(
        ErrorCode::data, "ClickHouse",
        fmt::format("holds more than {} units, too many to say here which of them the edit moves", most),
        "--allow-moves or --new-epoch, after a preview on a copy");
  return ids;
}

}  // namespace liftmark::clickhouse
