#include "engine/record/backup.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "engine/definition/error.hpp"
#include "engine/record/database.hpp"
#include "engine/record/schema.hpp"
#include "engine/record/writer_lock.hpp"

namespace liftmark {
namespace {

void require_store(Database& database) {
  if (database.integer("PRAGMA application_id") != kApplicationId)
    throw Error(ErrorCode::storage, database.path().string(), "not a Liftmark store",
                "liftmark init makes one");
}

void verify(const std::filesystem::path& copy) {
  Database database(copy, Database::Mode::read);
  require_store(database);
  Statement check(database, "PRAGMA integrity_check");
  if (!check.step() || check.text(0) != "ok")
    throw Error(ErrorCode::storage, copy.string(), "the copy failed its check",
                "check the disk and make another");
}

int schema_version(const std::filesystem::path& store) {
  Database database(store, Database::Mode::read);
  require_store(database);
  return static_cast<int>(database.integer("PRAGMA user_version"));
}

/// A verified copy beside the store. One that an interrupted migration left is made anew.
std::filesystem::path copy_of_before(const std::filesystem::path& store, int version) {
  const std::filesystem::path copy = fmt::format("{}.before-schema-{}", store.string(), version);
  const std::filesystem::path part = copy.string() + ".part";
  std::filesystem::remove(part);
  backup(store, part);
  std::filesystem::rename(part, copy);
  return copy;
}

}  // namespace

void backup(const std::filesystem::path& store, const std::filesystem::path& target) {
  if (!std::filesystem::exists(store))
    throw Error(ErrorCode::storage, store.string(), "no such store", "liftmark init makes one");
  const int file = ::open(target.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0)
    throw Error(ErrorCode::storage, target.string(), "cannot make the file, or it exists already",
                "name another");
  ::close(file);
  try {
    Database database(store, Database::Mode::read);
    require_store(database);
    Statement copy(database, "VACUUM INTO ?1");
    copy.bind_text(1, target.native()).run();
    verify(target);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(target, ignored);
    throw;
  }
}

Migration migrate(const std::filesystem::path& store) {
  if (!std::filesystem::exists(store))
    throw Error(ErrorCode::storage, store.string(), "no such store", "liftmark init makes one");
  if (const int version = schema_version(store); version == kSchemaVersion)
    return {.from = version, .to = version, .backup = {}};
  const WriterLock lock(store);
  // Another migration may have come first: its copy of before must stay.
  Migration migration{.from = schema_version(store), .to = kSchemaVersion, .backup = {}};
  if (migration.from < migration.to) migration.backup = copy_of_before(store, migration.to);
  Database database(store, Database::Mode::write);
  configure(database, true);
  run_schema_steps(database);
  return migration;
}

}  // namespace liftmark
