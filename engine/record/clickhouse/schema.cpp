#include "engine/record/clickhouse/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <vector>

#include "engine/definition/retention.hpp"
#include "engine/record/clickhouse/sql_text.hpp"
#include "engine/record/hashing.hpp"

namespace liftmark::clickhouse {
namespace {

constexpr std::string_view kSchema = "2";
constexpr std::string_view kFirstSchema = "1";  ///< nothing could be erased in it

/// Months: a report reads few of them, and a removal rewrites few.
constexpr std::string_view kByMonth = "PARTITION BY toYYYYMM(toDate(intDiv(at, 86400000000)))";

/// Seconds for which the server keeps rows that were replaced: long enough for the system to have written the
/// new ones, which the server does not wait for; short enough for an erasure. Its own default is 480.
constexpr int kOldParts = 60;
/// Of tables that say what is being removed, whose rows are small and the last trace of it.
constexpr int kOldMarks = 1;

std::vector<std::string> first_tables() {
  return {
      "CREATE TABLE setting (name String, value String) ENGINE = MergeTree ORDER BY name",
      fmt::format("CREATE TABLE catalog (version Int64, json String, digest String, recorded_at Int64) "
                  "ENGINE = MergeTree ORDER BY version SETTINGS old_parts_lifetime = {}",
                  kOldParts),
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
          "numbers Array(Int64), numeric Array(UInt8)) ENGINE = MergeTree {} ORDER BY (low, high, at) "
          "SETTINGS old_parts_lifetime = {}",
          kByMonth, kOldParts),
      fmt::format("CREATE TABLE exposure (low UInt64, high UInt64, at Int64, experiment String, epoch Int32, "
                  "arm String, recorded_at Int64, id String, id_key UInt64, content UInt32, repeat UInt8, "
                  "fallback UInt8, propensity Int64, unit String, source String, stamp Int64, "
                  "keys Array(String), texts Array(String)) ENGINE = MergeTree {} "
                  "ORDER BY (experiment, low, high, at) SETTINGS old_parts_lifetime = {}",
                  kByMonth, kOldParts),
  };
}

/// What schema 2 added: removals.hpp says what for.
std::vector<std::string> removal_tables() {
  return {
      "CREATE TABLE IF NOT EXISTS audit (recorded_at Int64, act String, detail String) "
      "ENGINE = MergeTree ORDER BY recorded_at",
      "CREATE TABLE IF NOT EXISTS retention (recorded_at Int64, type String, days Int64) "
      "ENGINE = MergeTree ORDER BY (type, recorded_at)",
      "CREATE TABLE IF NOT EXISTS erased (low UInt64, high UInt64, recorded_at Int64) "
      "ENGINE = MergeTree ORDER BY (low, high)",
      fmt::format(
          "CREATE TABLE IF NOT EXISTS hidden (low UInt64, high UInt64, stamp Int64, rows Int64) "
          "ENGINE = MergeTree PARTITION BY stamp ORDER BY (low, high) SETTINGS old_parts_lifetime = {}",
          kOldMarks),
      fmt::format("CREATE TABLE IF NOT EXISTS purged (type String, before Int64, stamp Int64, rows Int64) "
                  "ENGINE = MergeTree PARTITION BY stamp ORDER BY type SETTINGS old_parts_lifetime = {}",
                  kOldMarks),
  };
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

/// Chooses the database and checks that the address names this store's shards in their order.
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
    if (i == 0) store = setting(shard, "store");
    if (setting(shard, "store") != store || setting(shard, "shard") != std::to_string(i) ||
        setting(shard, "shards") != std::to_string(cluster.size()))
      throw Error(ErrorCode::storage, where,
                  fmt::format("is shard {} of {} of its store, but the address makes it {} of {}",
                              setting(shard, "shard"), setting(shard, "shards"), i, cluster.size()),
                  "name the same shards in the same order as liftmark init was given");
  }
}

[[noreturn]] void refuse_schema(const Client& shard, const std::string& schema) {
  const std::string where = "ClickHouse at " + shard.name();
  if (schema == kFirstSchema)
    throw Error(ErrorCode::storage, where,
                fmt::format("the store has schema {}, this program writes {}", schema, kSchema),
                "liftmark migrate brings it up to date");
  throw Error(ErrorCode::storage, where,
              fmt::format("the store has schema {}, this program knows up to {}", schema, kSchema),
              "use a newer liftmark");
}

/// Under which erased ids are hashed.
void make_secret(Client& home) {
  const Secret secret = Secret::random();
  std::string hex;
  for (const char byte : secret.bytes()) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  home.insert("setting", "(name, value)", fmt::format("secret\t{}\n", hex));
}

/// Schema 1 asked the newest catalog for the periods.
void copy_retention(Client& home) {
  Rows done(home.query("SELECT count() FROM retention"));
  if (done.next() && done.natural(0) > 0) return;
  Rows catalog(home.query("SELECT json, recorded_at FROM catalog ORDER BY version DESC LIMIT 1"));
  if (!catalog.next()) return;
  std::string rows;
  for (const auto& [type, days] : retention_of(catalog.text(0))) {
    rows += fmt::format("{}\t", catalog.integer(1));
    append_field(type, rows);
    rows += fmt::format("\t{}\n", days);
  }
  if (!rows.empty()) home.insert("retention", "(recorded_at, type, days)", rows);
}

}  // namespace

std::string setting(Client& shard, std::string_view name) {
  // Rows are only added: the newest schema is the one that counts.
  Rows rows(shard.query(
      fmt::format("SELECT value FROM setting WHERE name = {} ORDER BY length(value) DESC, value DESC LIMIT 1",
                  literal(name))));
  return rows.next() ? rows.text(0) : std::string();
}

void create_schema(const Address& address, Cluster& cluster, const std::string& distributed) {
  require_free(address, cluster);
  for (const std::string& statement : first_tables()) cluster.query(statement);
  for (const std::string& statement : removal_tables()) cluster.query(statement);
  make_secret(cluster.home());
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

void require_schema(const Address& address, Cluster& cluster) {
  require_shards(address, cluster);
  for (std::size_t i = 0; i < cluster.size(); ++i)
    if (const std::string schema = setting(cluster.shard(i), "schema"); schema != kSchema)
      refuse_schema(cluster.shard(i), schema);
}

SchemaChange migrate(const Address& address) {
  Cluster cluster(address);
  require_shards(address, cluster);
  SchemaChange change{std::string(kSchema), std::string(kSchema)};
  std::vector<std::size_t> older;
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    const std::string schema = setting(cluster.shard(i), "schema");
    if (schema == kSchema) continue;
    if (schema != kFirstSchema) refuse_schema(cluster.shard(i), schema);
    change.from = schema;
    older.push_back(i);
  }
  if (older.empty()) return change;
  for (const std::string& statement : removal_tables()) cluster.query(statement);
  if (setting(cluster.home(), "secret").empty()) make_secret(cluster.home());
  copy_retention(cluster.home());
  for (const std::size_t shard : older)
    cluster.shard(shard).insert("setting", "(name, value)", fmt::format("schema\t{}\n", kSchema));
  return change;
}

}  // namespace liftmark::clickhouse
