// A store of an older schema is brought forward as a whole or not at all: killed, without power, on a full
// disk.

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <tuple>

#include <catch2/catch.hpp>

#include "engine/definition/error.hpp"
#include "engine/record/backup.hpp"
#include "engine/record/compaction.hpp"
#include "engine/record/deliveries.hpp"
#include "engine/record/reader.hpp"
#include "engine/record/recorder.hpp"
#include "engine/record/temporary_store.hpp"
#include "engine/record/writer_state.hpp"
#include "faults/power_cut_vfs.hpp"
#include "faults/stored_ids.hpp"
#include "paths.hpp"

using namespace liftmark;
using Catch::Matchers::Contains;

namespace {

constexpr int kEvents = 20'000;

using Deliveries =
    std::map<std::tuple<std::string, std::int64_t>,
             std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t, Micros>>;

Deliveries deliveries_of(const std::filesystem::path& store) {
  Deliveries all;
  for (const SourceDeliveries& source : read_deliveries(store, INT64_MAX))
    for (const Delivery& d : source.hours)
      all[{source.source, d.hour}] = {d.rows, d.late_hour, d.late_day, d.late_week, d.future, d.largest_lead};
  return all;
}

void record_some(const std::filesystem::path& path) {
  Store store = Store::create(path);
  Recorder recorder(store);
  const Micros now = now_micros();
  for (int b = 0; b < 20; ++b) {
    Batch batch(b % 3 == 0 ? "till" : "web");
    for (int i = 0; i < kEvents / 20; ++i) {
      const std::string id = fmt::format("e{}.{}", b, i), unit = fmt::format("u{}", i * 7919 % 997);
      Event event;
      event.id = id;
      event.unit = unit;
      event.type = "view";
      event.at = now - i % 10 * kMicrosPerDay + i % 50 * kMicrosPerSecond;
      batch.add(event);
    }
    recorder.record(batch);
    if (b == 12) compact(recorder);
  }
}

/// Rows recorded by this program, carried over into the tables of schema 1, and what the door counted of
/// them.
struct OldStore {
  OldStore() {
    TemporaryStore current;
    record_some(current.path());
    deliveries = deliveries_of(current.path());
    ids = faults::stored_ids(current.path());
    Database database(place.path(), Database::Mode::create);
    database.execute("PRAGMA page_size=8192; PRAGMA journal_mode=WAL");
    std::ifstream file(std::string(tests::kSourceDir) + "/tests/faults/schema_1.sql");
    database.execute(std::string(std::istreambuf_iterator<char>(file), {}).c_str());
    database.execute(fmt::format("ATTACH '{}' AS now", current.path().string()).c_str());
    Statement tables(database, "SELECT name FROM main.sqlite_master WHERE type = 'table'");
    while (tables.step()) {
      const std::string name(tables.text(0));
      database.execute(
          fmt::format("DELETE FROM main.{0}; INSERT INTO main.{0} SELECT * FROM now.{0}", name).c_str());
    }
  }
  /// A further copy of it, without what lies beside.
  std::filesystem::path copy(const TemporaryStore& to) const {
    for (const auto& entry : std::filesystem::directory_iterator(to.folder()))
      std::filesystem::remove(entry.path());
    std::filesystem::copy_file(place.path(), to.path());
    return to.path();
  }
  TemporaryStore place;
  Deliveries deliveries;
  std::map<std::string, int> ids;
};

/// Interrupted after the copy of before and before the end.
bool interrupted_in_step(const std::filesystem::path& path) {
  Database database(path, Database::Mode::read);
  return database.integer("PRAGMA user_version") == 1 &&
         std::filesystem::exists(path.string() + ".before-schema-2");
}

/// Old or new, never between; then brought forward with every row.
void check_whole(const OldStore& old, const std::filesystem::path& path) {
  {
    Database database(path, Database::Mode::write);
    Statement check(database, "PRAGMA integrity_check");
    REQUIRE(check.step());
    CHECK(check.text(0) == "ok");
    const auto version = database.integer("PRAGMA user_version");
    CHECK((version == 1 || version == 2));
    CHECK(database.integer("SELECT count(*) FROM sqlite_master WHERE name = 'delivery'") == version - 1);
  }
  CHECK(migrate(path).to == 2);
  CHECK(deliveries_of(path) == old.deliveries);
  CHECK(faults::stored_ids(path) == old.ids);
}

}  // namespace

TEST_CASE("a store of schema 1 is brought forward, with a copy of before") {
  const OldStore old;
  const TemporaryStore place;
  const auto path = old.copy(place);
  CHECK_THROWS_WITH(Store::open(path), Contains("the store has schema 1"));
  const Migration migration = migrate(path);
  CHECK(migration.from == 1);
  CHECK(migration.to == 2);
  CHECK(deliveries_of(path) == old.deliveries);  // counted at the door and counted from the rows
  CHECK(faults::stored_ids(path) == old.ids);
  {
    Database before(migration.backup, Database::Mode::read);
    CHECK(before.integer("PRAGMA user_version") == 1);
    CHECK(before.integer("SELECT sum(rows) FROM block WHERE block NOT IN (SELECT block FROM replaced)") ==
          kEvents);
  }
  CHECK(migrate(path).backup.empty());  // nothing to do
  Store store = Store::open(path);
  Recorder recorder(store);
  Batch batch("web");
  Event event;
  event.id = "e0.0";
  event.unit = "u0";
  event.type = "view";
  event.at = now_micros();
  batch.add(event);
  CHECK(recorder.record(batch).conflict == 1);  // ids are still known
}

TEST_CASE("nobody migrates under a writer, and a newer schema is refused") {
  const OldStore old;
  const WriterLock lock(old.place.path());
  CHECK_THROWS_AS(migrate(old.place.path()), StoreLocked);
  TemporaryStore place;
  { Store::create(place.path()).state().database.execute("PRAGMA user_version=3"); }
  CHECK_THROWS_WITH(migrate(place.path()), Contains("use a newer") || Contains("knows up to 2"));
}

TEST_CASE("kill -9 while migrating") {
  const OldStore old;
  const TemporaryStore place;
  for (int round = 0; round < faults::rounds(); ++round) {
    const auto path = old.copy(place);
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        migrate(path);
      } catch (...) {
        ::_exit(2);
      }
      ::_exit(0);
    }
    std::mt19937 random(static_cast<unsigned>(round));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 80'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    REQUIRE((WIFSIGNALED(status) || WEXITSTATUS(status) == 0));
    check_whole(old, path);
  }
}

TEST_CASE("a power cut while migrating") {
  const OldStore old;
  const TemporaryStore place;
  int cut = 0, in_step = 0;
  for (int round = 0; round < faults::rounds(); ++round) {
    const auto path = old.copy(place);
    faults::install_power_cut_vfs();
    faults::cut_power_after(1 + round * 7);
    try {
      migrate(path);
    } catch (const Error&) {
      ++cut;
    }
    faults::remove_power_cut_vfs();
    faults::restore_power();
    std::filesystem::remove(path.string() + "-shm");
    in_step += interrupted_in_step(path);
    check_whole(old, path);
  }
  CHECK(cut > 0);
  CHECK(in_step > 0);
}

TEST_CASE("a disk that fills up while migrating changes nothing, and says so") {
  const OldStore old;
  const TemporaryStore place;
  int full = 0, in_step = 0;
  for (int round = 0; round < faults::rounds(); ++round) {
    const auto path = old.copy(place);
    faults::install_power_cut_vfs();
    faults::fill_disk_after(round * 7);
    try {
      migrate(path);
    } catch (const Error& error) {
      ++full;
      CHECK_THAT(error.what(), Contains("disk is full"));
    }
    faults::free_disk();
    in_step += interrupted_in_step(path);
    check_whole(old, path);
    faults::remove_power_cut_vfs();
  }
  CHECK(full > 0);
  CHECK(in_step > 0);
}
