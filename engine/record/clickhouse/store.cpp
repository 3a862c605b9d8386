#include "engine/record/clickhouse/store.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <xxhash.h>

#include <algorithm>
#include <random>
#include <set>

#include "engine/record/clickhouse/sql_text.hpp"
#include "engine/record/store.hpp"

namespace liftmark::clickhouse {
namespace {

constexpr std::string_view kSchema = "1";
constexpr std::string_view kApply = "apply";  ///< stands for a writer in the list of commits
constexpr Micros kHour = 3600 * kMicrosPerSecond;

/// Months, so that a purge drops whole partitions and a report reads few.
constexpr std::string_view kByMonth = "PARTITION BY toYYYYMM(toDate(intDiv(at, 86400000000)))";

std::vector<std::string> table_statements() {
  return {
      "CREATE TABLE setting (name String, value String) ENGINE = MergeTree ORDER BY name",
      "CREATE TABLE catalog (version Int64, json String, digest String, recorded_at Int64) "
      "ENGINE = MergeTree ORDER BY version",
      "CREATE TABLE commits (stamp Int64, writer String, begun Int64, ended Int64) "
      "ENGINE = MergeTree ORDER BY stamp",
      "CREATE TABLE counter (recorded_at Int64, name String, detail String, count Int64) "
      "ENGINE = MergeTree ORDER BY recorded_at",
      "CREATE TABLE delivery (recorded_at Int64, source String, hour Int64, rows Int64, late_hour Int64, "
      "late_day "
      "Int64, late_week Int64, future Int64, lead Int64) ENGINE = MergeTree ORDER BY recorded_at",
      fmt::format(
          "CREATE TABLE event (low UInt64, high UInt64, at Int64, type String, value Int64, "
          "recorded_at Int64, id String, id_key UInt64, content UInt32, reference String, unit String, "
          "source String, stamp Int64, keys Array(String), texts Array(String), "
          "numbers Array(Int64), numeric Array(UInt8)) ENGINE = MergeTree {} ORDER BY (low, high, at)",
          kByMonth),
      fmt::format("CREATE TABLE exposure (low UInt64, high UInt64, at Int64, experiment String, epoch Int32, "
                  "arm String, recorded_at Int64, id String, id_key UInt64, content UInt32, repeat UInt8, "
                  "fallback UInt8, propensity Int64, unit String, source String, stamp Int64, "
                  "keys Array(String), texts Array(String)) ENGINE = MergeTree {} "
                  "ORDER BY (experiment, low, high, at)",
                  kByMonth),
  };
}

/// The setting's value on a shard; empty when it has none.
std::string setting(Client& shard, std::string_view name) {
  Rows rows(shard.query(fmt::format("SELECT value FROM setting WHERE name = {}", literal(name))));
  return rows.next() ? rows.text(0) : std::string();
}

bool has_store(Client& shard, const std::string& database) {
  Rows rows(shard.query(fmt::format(
      "SELECT count() FROM system.tables WHERE database = {} AND name = 'setting'", literal(database))));
  return rows.next() && rows.natural(0) > 0;
}

std::string random_name() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}{:08x}", device(), device(), device());
}

/// Empty shards of a store that is being made.
void require_free(const Address& address, Cluster& cluster) {
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    Client& shard = cluster.shard(i);
    shard.use({});
    shard.query(fmt::format("CREATE DATABASE IF NOT EXISTS {}", identifier(address.database)));
    if (has_store(shard, address.database))
      throw Error(ErrorCode::storage, "ClickHouse at " + shard.name(),
                  fmt::format("the database {} holds a store already", address.database),
                  "choose another database, or use the store as it is");
    shard.use(address.database);
  }
}

void require_shards(const Address& address, Cluster& cluster) {
  std::string store;
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    Client& shard = cluster.shard(i);
    const std::string where = "ClickHouse at " + shard.name();
    shard.use({});
    if (!has_store(shard, address.database))
      throw Error(ErrorCode::storage, where, fmt::format("no store in the database {}", address.database),
                  "liftmark init makes one");
    shard.use(address.database);
    if (setting(shard, "schema") != kSchema)
      throw Error(ErrorCode::storage, where, "the store is of another schema version",
                  "use the liftmark that made it");
    if (i == 0) store = setting(shard, "store");
    if (setting(shard, "store") != store || setting(shard, "shard") != std::to_string(i) ||
        setting(shard, "shards") != std::to_string(cluster.size()))
      throw Error(ErrorCode::storage, where,
                  fmt::format("is shard {} of {} of its store, but the address makes it {} of {}",
                              setting(shard, "shard"), setting(shard, "shards"), i, cluster.size()),
                  "name the same shards in the same order as liftmark init was given");
  }
}

/// From when to when a writer was at work on a commit, or on those of an hour.
struct Span {
  std::string writer;
  Micros name = 0;
  Micros begun = 0, ended = 0;
};

/// The names of those that ran at the same time as another writer's: neither sees the other's rows when it
/// looks for known ids. `spans` in the order of their beginning.
std::set<Micros> together(const std::vector<Span>& spans) {
  std::set<Micros> names;
  std::vector<const Span*> open;
  for (const Span& span : spans) {
    open.erase(
        std::remove_if(open.begin(), open.end(), [&](const Span* one) { return one->ended <= span.begun; }),
        open.end());
    for (const Span* other : open)
      if (other->writer != span.writer) names.insert({other->name, span.name});
    open.push_back(&span);
  }
  return names;
}

/// A condition on the rows of the door that leaves out those of unfinished commits.
std::string of_finished(const CommitList& commits) {
  return commits.unfinished.empty()
             ? std::string()
             : fmt::format(" AND recorded_at NOT IN ({})", fmt::join(commits.unfinished, ", "));
}

}  // namespace

Key unit_key(std::string_view unit) noexcept {
  const XXH128_hash_t hash = XXH3_128bits(unit.data(), unit.size());
  return {hash.low64, hash.high64};
}

void Store::create(const Address& address, const std::string& distributed) {
  Cluster cluster(address);
  require_free(address, cluster);
  for (const std::string& statement : table_statements()) cluster.query(statement);
  const std::string store = random_name();
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    Client& shard = cluster.shard(i);
    if (!distributed.empty())
      for (const char* table : {"event", "exposure"})
        shard.query(fmt::format("CREATE TABLE all_{} AS {} ENGINE = Distributed({}, {}, {}, low)", table,
                                table, identifier(distributed), identifier(address.database), table));
    shard.insert(
        "setting", "(name, value)",
        fmt::format("schema\t{}\nstore\t{}\nshard\t{}\nshards\t{}\n", kSchema, store, i, cluster.size()));
  }
}

Store::Store(const Address& address, Limits limits) : database_(address.database), cluster_(address, limits) {
  require_shards(address, cluster_);
}

RowTables Store::row_tables() {
  const auto newest = newest_catalog();
  return newest ? RowTables(cluster_, newest->json, database_) : RowTables();
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

/// The list is long where a service records: by writer and hour it is short, and says where to look closer.
CommitList Store::commits() {
  CommitList list;
  std::vector<Span> hours;
  std::set<Micros> closer;
  Rows rows(cluster_.home().query(fmt::format(
      "SELECT writer, intDiv(stamp, {0}) AS hour, min(begun), max(ended), max(if(ended != 0, stamp, 0)), "
      "countIf(ended = 0) != countIf(ended != 0) FROM commits GROUP BY writer, hour ORDER BY min(begun)",
      kHour)));
  while (rows.next()) {
    list.last = std::max(list.last, rows.integer(4));
    if (rows.text(0) == kApply) continue;  // writes no rows
    hours.push_back({rows.text(0), rows.integer(1), rows.integer(2), rows.integer(3)});
    if (rows.natural(5) != 0) closer.insert(rows.integer(1));
  }
  closer.merge(together(hours));
  if (closer.empty()) return list;
  Rows commits(cluster_.home().query(
      fmt::format("SELECT stamp, any(writer), min(begun), max(ended) FROM commits WHERE intDiv(stamp, {}) IN "
                  "({}) AND writer != {} GROUP BY stamp ORDER BY min(begun)",
                  kHour, fmt::join(closer, ", "), literal(kApply))));
  std::vector<Span> ended;
  while (commits.next()) {
    if (commits.integer(3) == 0)
      list.unfinished.push_back(commits.integer(0));
    else
      ended.push_back({commits.text(1), commits.integer(0), commits.integer(2), commits.integer(3)});
  }
  std::set<Micros> uncertain = together(ended);
  uncertain.insert(list.unfinished.begin(), list.unfinished.end());
  list.uncertain.assign(uncertain.begin(), uncertain.end());
  return list;
}

void Store::fold_commits(Micros before) {
  struct Hour {
    Micros hour = 0, last = 0;
    std::string writer;
    bool simple = false, folded = false;  ///< simple: of one writer, who ended all it began
  };
  std::vector<Hour> hours;
  Rows rows(cluster_.home().query(
      fmt::format("SELECT intDiv(stamp, {0}) AS hour, max(stamp), any(writer), uniqExact(writer) = 1 AND "
                  "countIf(ended = 0) = countIf(ended != 0), count() <= 2 FROM commits WHERE intDiv(stamp, "
                  "{0}) < {1} AND "
                  "writer != {2} GROUP BY hour ORDER BY hour",
                  kHour, before / kHour, literal(kApply))));
  while (rows.next())
    hours.push_back(
        {rows.integer(0), rows.integer(1), rows.text(2), rows.natural(3) != 0, rows.natural(4) != 0});
  // A commit may reach into the hour after: another writer there must find whom it met.
  const auto alone = [](const Hour& hour, const Hour& next) {
    return next.hour > hour.hour + 1 || (hour.writer == next.writer && hour.simple && next.simple);
  };
  std::vector<Micros> fold, keep;
  for (std::size_t i = 0; i + 1 < hours.size(); ++i) {
    if (!hours[i].simple || hours[i].folded || !alone(hours[i], hours[i + 1]) ||
        (i > 0 && !alone(hours[i - 1], hours[i])))
      continue;
    fold.push_back(hours[i].hour);
    keep.push_back(hours[i].last);
  }
  if (fold.empty()) return;
  cluster_.home().query(fmt::format(
      "ALTER TABLE commits DELETE WHERE intDiv(stamp, {}) IN ({}) AND writer != {} AND stamp NOT IN ({})",
      kHour, fmt::join(fold, ", "), literal(kApply), fmt::join(keep, ", ")));
}

Micros Store::last_stamp(Micros since) {
  Rows rows(cluster_.home().query(fmt::format("SELECT max(stamp) FROM commits WHERE stamp >= {}", since)));
  return rows.next() ? rows.integer(0) : 0;
}

std::vector<CatalogVersion> Store::catalogs(Micros as_of) {
  std::vector<CatalogVersion> versions;
  Rows rows(cluster_.home().query(fmt::format(
      "SELECT version, json, digest, recorded_at FROM catalog WHERE recorded_at <= {} ORDER BY version",
      as_of)));
  while (rows.next()) versions.push_back({rows.integer(0), rows.text(1), rows.text(2), rows.integer(3)});
  return versions;
}

std::optional<CatalogVersion> Store::newest_catalog(std::int64_t later_than) {
  Rows rows(cluster_.home().query(
      fmt::format("SELECT version, json, digest, recorded_at FROM catalog WHERE version > {} "
                  "ORDER BY version DESC LIMIT 1",
                  later_than)));
  if (!rows.next()) return std::nullopt;
  return CatalogVersion{rows.integer(0), rows.text(1), rows.text(2), rows.integer(3)};
}

CatalogVersion Store::put_catalog(std::string_view json, std::string_view digest) {
  const auto newest = newest_catalog();
  if (newest && newest->digest == digest) return *newest;
  const Micros stamp = std::max(now_micros(), last_stamp() + 1);
  const std::int64_t version = newest ? newest->version + 1 : 1;
  std::string row = fmt::format("{}\t", version);
  append_field(json, row);
  row += fmt::format("\t{}\t{}\n", digest, stamp);
  cluster_.home().insert("catalog", "(version, json, digest, recorded_at)", row);
  cluster_.home().insert("commits", "(stamp, writer, begun, ended)",
                         fmt::format("{}\t{}\t{}\t{}\n", stamp, kApply, stamp, stamp));
  return {version, std::string(json), std::string(digest), stamp};
}

std::vector<Counter> Store::counters(Micros as_of, const CommitList& commits) {
  std::vector<Counter> counters;
  Rows rows(cluster_.home().query(
      fmt::format("SELECT name, detail, sum(count) FROM counter WHERE recorded_at <= {}{} GROUP BY name, "
                  "detail ORDER BY name, detail",
                  as_of, of_finished(commits))));
  while (rows.next()) counters.push_back({rows.text(0), rows.text(1), rows.integer(2)});
  return counters;
}

std::vector<SourceDeliveries> Store::deliveries(Micros as_of, const CommitList& commits) {
  std::vector<SourceDeliveries> sources;
  Rows rows(cluster_.home().query(
      fmt::format("SELECT source, hour, sum(rows), sum(late_hour), sum(late_day), sum(late_week), "
                  "sum(future), max(lead) FROM delivery WHERE recorded_at <= {}{} "
                  "GROUP BY source, hour ORDER BY source, hour",
                  as_of, of_finished(commits))));
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
  for (std::string& answer : cluster_.query(fmt::format("SELECT DISTINCT unit FROM (SELECT unit FROM {} "
                                                        "UNION ALL SELECT unit FROM {}) AS u LIMIT {}",
                                                        tables.events({}), tables.exposures({}), most + 1))) {
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
