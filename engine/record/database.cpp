#include "engine/record/database.hpp"

#include <sqlite3.h>

#include <utility>

#include "engine/definition/error.hpp"

namespace liftmark {

namespace {

struct Explanation {
  int code;
  const char* what;
  const char* hint;
};

constexpr Explanation kExplanations[] = {
    {SQLITE_FULL, "the disk is full",
     "free some space; nothing acknowledged is lost, and recording resumes by itself"},
    {SQLITE_READONLY, "the store is read-only", "check the permissions of the file and its folder"},
    {SQLITE_BUSY, "the store is busy: another process holds it", "try again in a moment"},
    {SQLITE_CORRUPT, "the store is damaged", "restore a backup (liftmark backup makes them)"},
    {SQLITE_NOTADB, "not a Liftmark store", "liftmark init makes one"},
    {SQLITE_CANTOPEN, "cannot open the store", "check the path; liftmark init makes a new store"},
    {SQLITE_IOERR, "the disk failed", "check the disk; nothing acknowledged is lost"},
};

}  // namespace

Statement::Statement(Database& database, std::string_view sql) : database_(&database) {
  const int code = sqlite3_prepare_v3(database.handle(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle_, nullptr);
  if (code != SQLITE_OK) database.fail(code);
}
Statement::~Statement() {
  sqlite3_finalize(handle_);
}
Statement::Statement(Statement&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), database_(other.database_) {}
Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(database_, other.database_);
  return *this;
}

Statement& Statement::bind(int index, std::int64_t value) {
  if (const int code = sqlite3_bind_int64(handle_, index, value); code != SQLITE_OK) database_->fail(code);
  return *this;
}
Statement& Statement::bind_text(int index, std::string_view value) {
  const char* data = value.data() == nullptr ? "" : value.data();
  const int code = sqlite3_bind_text64(handle_, index, data, value.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (code != SQLITE_OK) database_->fail(code);
  return *this;
}
Statement& Statement::bind_blob(int index, std::string_view value) {
  const char* data = value.data() == nullptr ? "" : value.data();
  const int code = sqlite3_bind_blob64(handle_, index, data, value.size(), SQLITE_STATIC);
  if (code != SQLITE_OK) database_->fail(code);
  return *this;
}
Statement& Statement::bind_null(int index) {
  if (const int code = sqlite3_bind_null(handle_, index); code != SQLITE_OK) database_->fail(code);
  return *this;
}
bool Statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) {
    reset();
    database_->fail(code);
  }
  return false;
}
void Statement::run() {
  step();
  reset();
}
void Statement::reset() noexcept {
  if (handle_ != nullptr) sqlite3_reset(handle_);
}
std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(handle_, column);
}
std::string_view Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}
std::string_view Statement::blob(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(handle_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}
bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

Database::Database(const std::filesystem::path& path, Mode mode) : path_(path) {
  int flags = SQLITE_OPEN_NOMUTEX;
  if (mode == Mode::read) flags |= SQLITE_OPEN_READONLY;
  if (mode == Mode::write) flags |= SQLITE_OPEN_READWRITE;
  if (mode == Mode::create) flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr);
  if (code != SQLITE_OK) {
    sqlite3_close(std::exchange(handle_, nullptr));
    fail(code);
  }
  sqlite3_busy_timeout(handle_, kBusyMilliseconds);
  execute("PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY");
}
Database::~Database() {
  sqlite3_close_v2(handle_);
}

void Database::execute(const char* sql) {
  if (const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr); code != SQLITE_OK) fail(code);
}
std::int64_t Database::integer(const char* sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer(0) : 0;
}
std::int64_t Database::last_row() const noexcept {
  return sqlite3_last_insert_rowid(handle_);
}
std::int64_t Database::changes() const noexcept {
  return sqlite3_changes64(handle_);
}
bool Database::in_transaction() const noexcept {
  return sqlite3_get_autocommit(handle_) == 0;
}

void Database::fail(int code) const {
  for (const Explanation& row : kExplanations)
    if (row.code == (code & 0xff)) throw Error(ErrorCode::storage, path_.string(), row.what, row.hint);
  const char* message = handle_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle_);
  throw Error(ErrorCode::storage, path_.string(), std::string("the store failed: ") + message);
}

Transaction::Transaction(Database& database, bool write) : database_(database) {
  database_.execute(write ? "BEGIN IMMEDIATE" : "BEGIN");
}
Transaction::~Transaction() {
  if (open_ && database_.in_transaction())
    sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}
void Transaction::commit() {
  database_.execute("COMMIT");
  open_ = false;
}

}  // namespace liftmark
