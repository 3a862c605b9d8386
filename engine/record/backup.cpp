#include "engine/record/backup.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "engine/definition/error.hpp"
#include "engine/record/database.hpp"
#include "engine/record/schema.hpp"

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
  Migration migration;
  {
    Database database(store, Database::Mode::read);
    require_store(database);
    migration.from = static_cast<int>(database.integer("PRAGMA user_version"));
  }
  migration.to = kSchemaVersion;
  if (migration.from == migration.to) return migration;
  // Schema 1 is the first: an older number was never released, a newer one is refused.
  Database database(store, Database::Mode::read);
  check_schema(database);
  return migration;
}

}  // namespace liftmark
