#pragma once
// One shard's HTTP interface. An answer is whole or an error: never a part of one.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/definition/error.hpp"
#include "engine/record/clickhouse/address.hpp"
#include "engine/record/server_progress.hpp"

namespace liftmark::clickhouse {

/// The server did not answer, or its answer broke off: what was asked may have been done or not.
class LostConnection : public Error {
 public:
  LostConnection(std::string where, std::string what, std::string hint)
      : Error(ErrorCode::storage, std::move(where), std::move(what), std::move(hint)) {}
};

/// A watch said that a statement is to end; the server was told so.
class Cancelled : public Error {
 public:
  Cancelled() : Error(ErrorCode::storage, "ClickHouse", "the statements were ended, as was asked for", "") {}
};

/// What one statement may cost.
struct Limits {
  std::int64_t seconds = 600;            ///< without an answer by then, the statement is given up and ended
  std::int64_t memory = 4ll << 30;       ///< bytes a statement may take on a server
  std::int64_t spill_above = 1ll << 30;  ///< groups and sorts beyond this many bytes go to the server's disk
  std::int64_t rows = 0;                 ///< rows a statement may read; 0: any number
  std::int64_t block = 0;  ///< rows that INSERT SELECT puts together at least; 0: as many as the server does
};

class Client {
 public:
  /// Connects when asked something. `database` empty: none is chosen yet.
  Client(const Address& address, std::size_t shard, std::string password, Limits limits = {});
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) = delete;

  /// The answer in TabSeparated. Temporary tables live as long as the client. Throws LostConnection when
  /// nobody answers, the answer is cut short or takes longer than the limit, and Error{storage} with the
  /// server's own words when it says no.
  std::string query(std::string_view sql);
  /// Called about once a second while query() waits, with the rows that the server has read and may have to;
  /// false ends the statement on the server, and query() throws Cancelled. Empty: nobody watches.
  void watch(std::function<bool(std::int64_t rows, std::int64_t of_rows)> watch);
  /// Inserts rows in TabSeparated; `columns` as "(a, b)".
  void insert(std::string_view table, std::string_view columns, std::string_view rows);
  /// Makes a temporary table with these rows in TabSeparated, in place of one of that name: what a statement
  /// is about, when it is long or must not be read in a server's log. `columns` as "a UInt64, b String".
  void make_list(std::string_view name, std::string_view columns, std::string_view rows);
  /// Statements go to this database from now on.
  void use(std::string database);
  /// "host:port".
  const std::string& name() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// All shards of a store, asked the same thing at the same time.
class Cluster {
 public:
  explicit Cluster(const Address& address, Limits limits = {});
  std::size_t size() const noexcept { return shards_.size(); }
  Client& shard(std::size_t index) { return shards_[index]; }
  /// The one with catalog, settings and the list of commits.
  Client& home() { return shards_.front(); }
  /// The answers by shard. When one fails, its error is thrown after all have ended.
  std::vector<std::string> query(std::string_view sql);
  /// Called with each statement before it is sent to all shards, e.g. to show it.
  void on_query(std::function<void(std::string_view)> listener) { listener_ = std::move(listener); }
  /// Called from the thread that asks, with the rows of all shards. See Client::watch.
  void on_progress(const ServerWatch& watch);

 private:
  /// Of the statement that runs; shared with the shards' threads, and where a Cluster is moved to.
  struct Shared {
    std::atomic<std::int64_t> statements{0};
    std::atomic<bool> cancelled{false};
    std::vector<std::atomic<std::int64_t>> rows, of_rows;
    explicit Shared(std::size_t shards) : rows(shards), of_rows(shards) {}
    ServerProgress sum() const;
  };
  std::vector<Client> shards_;
  std::function<void(std::string_view)> listener_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace liftmark::clickhouse
