#pragma once
// SQLite with exceptions: a connection, a prepared statement, a transaction. Internal to engine/record.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace liftmark {

class Database;

/// A prepared statement; kept for the life of its Database and reset after use. Parameters count from 1,
/// columns from 0. Bound views must stay valid until the next reset.
class Statement {
 public:
  Statement() = default;
  Statement(Database& database, std::string_view sql);
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;

  Statement& bind(int index, std::int64_t value);
  Statement& bind_text(int index, std::string_view value);
  Statement& bind_blob(int index, std::string_view value);
  Statement& bind_null(int index);
  /// true while there is a row.
  bool step();
  /// Runs a statement without rows and resets it.
  void run();
  void reset() noexcept;
  std::int64_t integer(int column) const;
  std::string_view text(int column) const;
  std::string_view blob(int column) const;
  bool is_null(int column) const;

 private:
  sqlite3_stmt* handle_ = nullptr;
  Database* database_ = nullptr;
};

class Database {
 public:
  enum class Mode { create, write, read };
  static constexpr int kBusyMilliseconds = 5000;  ///< how long a lock is waited for
  Database(const std::filesystem::path& path, Mode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void execute(const char* sql);
  std::int64_t integer(const char* sql);
  std::int64_t last_row() const noexcept;
  std::int64_t changes() const noexcept;
  bool in_transaction() const noexcept;
  const std::filesystem::path& path() const noexcept { return path_; }
  sqlite3* handle() const noexcept { return handle_; }
  /// Throws the Error(storage) that says what SQLite's result `code` means for a person.
  [[noreturn]] void fail(int code) const;

 private:
  std::filesystem::path path_;
  sqlite3* handle_ = nullptr;
};

/// BEGIN on construction, ROLLBACK unless commit() was reached.
class Transaction {
 public:
  explicit Transaction(Database& database, bool write = true);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace liftmark
