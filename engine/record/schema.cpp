#include "engine/record/schema.hpp"

#include <fmt/format.h>

#include <iterator>

#include "engine/definition/error.hpp"
#include "engine/record/deliveries.hpp"

namespace liftmark {
namespace {

constexpr const char* kTables = R"sql(
CREATE TABLE setting(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE clock(one INTEGER PRIMARY KEY CHECK(one = 1), last_commit INTEGER NOT NULL, generation INTEGER NOT NULL,
                   sweeps INTEGER NOT NULL);
INSERT INTO clock VALUES(1, 0, 0, 0);
CREATE TABLE catalog(version INTEGER PRIMARY KEY, json TEXT NOT NULL, digest TEXT NOT NULL, recorded_at INTEGER NOT NULL);
CREATE TABLE unit(unit INTEGER PRIMARY KEY, id TEXT NOT NULL);
CREATE TABLE name(kind INTEGER, code INTEGER, parent INTEGER NOT NULL, number INTEGER NOT NULL, text TEXT NOT NULL,
                  PRIMARY KEY(kind, code)) WITHOUT ROWID;
CREATE TABLE block(block INTEGER PRIMARY KEY, kind INTEGER NOT NULL, part INTEGER NOT NULL, born INTEGER NOT NULL,
                   rows INTEGER NOT NULL, first_unit INTEGER NOT NULL, last_unit INTEGER NOT NULL,
                   first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
                   first_recorded INTEGER NOT NULL, last_recorded INTEGER NOT NULL,
                   hot BLOB NOT NULL, properties BLOB, detail BLOB NOT NULL);
CREATE TABLE replaced(block INTEGER PRIMARY KEY, generation INTEGER NOT NULL);
CREATE TABLE id_run(run INTEGER PRIMARY KEY, level INTEGER NOT NULL, keys INTEGER NOT NULL,
                    through_block INTEGER NOT NULL, fences BLOB NOT NULL, filter BLOB NOT NULL);
CREATE TABLE id_chunk(chunk INTEGER PRIMARY KEY, keys BLOB NOT NULL);
CREATE TABLE counter(seq INTEGER PRIMARY KEY, recorded_at INTEGER NOT NULL, name TEXT NOT NULL, detail TEXT NOT NULL,
                     count INTEGER NOT NULL);
CREATE TABLE consent(seq INTEGER PRIMARY KEY, unit INTEGER NOT NULL, purpose TEXT NOT NULL, granted INTEGER NOT NULL,
                     at INTEGER NOT NULL, recorded_at INTEGER NOT NULL);
CREATE TABLE link(seq INTEGER PRIMARY KEY, anonymous INTEGER NOT NULL, unit INTEGER NOT NULL, at INTEGER NOT NULL,
                  recorded_at INTEGER NOT NULL);
CREATE TABLE sticky(unit INTEGER, experiment TEXT, epoch INTEGER, arm TEXT NOT NULL, recorded_at INTEGER NOT NULL,
                    PRIMARY KEY(unit, experiment, epoch)) WITHOUT ROWID;
CREATE TABLE retention(type TEXT PRIMARY KEY, days INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE erased(key BLOB PRIMARY KEY, recorded_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE erasure(seq INTEGER PRIMARY KEY, unit INTEGER NOT NULL, recorded_at INTEGER NOT NULL,
                     finished_at INTEGER);
CREATE TABLE audit(seq INTEGER PRIMARY KEY, recorded_at INTEGER NOT NULL, act TEXT NOT NULL, detail TEXT NOT NULL);
)sql";

/// How a store of version `from` becomes one of the next. A released step never changes.
struct SchemaStep {
  int from;
  void (*run)(Database& database);
};
constexpr SchemaStep kSteps[] = {
    {1, add_deliveries},
};
static_assert(std::size(kSteps) == kSchemaVersion - 1);

[[noreturn]] void refuse_newer(const Database& database, std::int64_t version) {
  throw Error(ErrorCode::storage, database.path().string(),
              fmt::format("the store has schema {}, this program knows up to {}", version, kSchemaVersion),
              "use a newer liftmark");
}

}  // namespace

void create_schema(Database& database) {
  Transaction transaction(database);
  database.execute(kTables);
  database.execute(kDeliveryTable);
  database.execute(
      fmt::format("PRAGMA application_id={}; PRAGMA user_version={}", kApplicationId, kSchemaVersion)
          .c_str());
  transaction.commit();
}

void check_schema(Database& database) {
  const auto application = database.integer("PRAGMA application_id");
  if (application != kApplicationId)
    throw Error(ErrorCode::storage, database.path().string(), "not a Liftmark store",
                "liftmark init makes one");
  const auto version = database.integer("PRAGMA user_version");
  if (version > kSchemaVersion) refuse_newer(database, version);
  if (version < kSchemaVersion)
    throw Error(ErrorCode::storage, database.path().string(),
                fmt::format("the store has schema {}, this program writes {}", version, kSchemaVersion),
                "liftmark migrate brings it up to date after a verified backup");
}

void run_schema_steps(Database& database) {
  Transaction transaction(database);
  const auto version = database.integer("PRAGMA user_version");
  if (version > kSchemaVersion) refuse_newer(database, version);
  for (const SchemaStep& step : kSteps)
    if (step.from >= version) step.run(database);
  database.execute(fmt::format("PRAGMA user_version={}", kSchemaVersion).c_str());
  transaction.commit();
}

void configure(Database& database, bool durable) {
  database.execute(
      "PRAGMA journal_mode=WAL; PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-65536; "
      "PRAGMA wal_autocheckpoint=4096; PRAGMA foreign_keys=OFF; PRAGMA secure_delete=ON");
  database.execute(durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
}

}  // namespace liftmark
