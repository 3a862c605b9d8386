#pragma once
// A store in ClickHouse: its tables on every shard, and on the first one the catalog and the list of commits.
//
// Tables (docs/clickhouse.md): `event` and `exposure` hold the rows of the shard's own units, ordered by unit
// and time; `low` and `high` are the 128 bits that stand for a unit. A unit lives on shard low % shards.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/definition/retention.hpp"
#include "engine/record/clickhouse/client.hpp"
#include "engine/record/clickhouse/row_tables.hpp"
#include "engine/record/deliveries.hpp"
#include "engine/record/event.hpp"
#include "engine/record/reader.hpp"

namespace liftmark::clickhouse {

/// XXH3-128 of a unit's id.
Key unit_key(std::string_view unit) noexcept;

/// The commits that reports must know of.
struct CommitList {
  Micros last = 0;  ///< the default as-of; 0 before the first commit
  std::vector<Micros>
      uncertain{};  ///< stamps whose rows may stand twice: the writer was cut off, or two wrote
  std::vector<Micros> unfinished{};  ///< of these, the ones cut off or under way
};

class Store {
 public:
  /// Makes the tables on every shard, and with a `cluster` (a name in the servers' configuration) Distributed
  /// tables `all_event` and `all_exposure` in front of them. Throws Error{storage} when a shard has them.
  static void create(const Address& address, const std::string& cluster);
  /// Throws Error{storage} when a shard has no store, belongs to another one, or the address names other
  /// shards or another order of them than `create` was given.
  explicit Store(const Address& address, Limits limits = {});

  Cluster& cluster() noexcept { return cluster_; }
  const std::string& database() const noexcept { return database_; }
  CommitList commits();
  /// Takes out of the list what nobody needs of the hours before `before`: where one writer was at work and
  /// ended all it began, the last commit stands for the hour. A service makes hundreds of thousands a day.
  void fold_commits(Micros before);
  /// The latest stamp listed, of a commit that ended or not; 0 where none is as late as `since`.
  Micros last_stamp(Micros since = 0);
  /// Where the rows stand by the newest catalog, whatever moment is asked about: tables are where they are.
  RowTables row_tables();
  /// Versions recorded by then, oldest first.
  std::vector<CatalogVersion> catalogs(Micros as_of);
  /// The newest version that is later than this one, or the same one with a text of fewer bytes: an override
  /// was erased from it. Nothing when there is none.
  std::optional<CatalogVersion> newest_catalog(std::int64_t later_than = 0, std::size_t bytes = 0);
  /// As liftmark::Store::put_catalog, but that nothing keeps two apart who ask at the same instant: the
  /// server has no transactions.
  CatalogVersion put_catalog(std::string_view json, std::string_view digest);
  /// A moment after every commit: the stamp of an administrative act.
  Micros next_stamp();
  /// Notes an act on the audit log; `detail` must not hold a unit's id.
  void audit(Micros stamp, std::string_view act, std::string_view detail);
  /// Lists an act among the commits: what it counted counts from now on.
  void end_act(Micros stamp);
  /// As liftmark::Store::State::keep_for(): events of the type are kept for so many days, 0: for ever.
  void keep_for(Micros stamp, std::string_view type, int days);
  /// The periods in force, of catalog and commands.
  RetentionDays retention();
  /// When units were erased and events purged after `as_of`.
  std::vector<Micros> altered_after(Micros as_of);
  std::vector<Counter> counters(Micros as_of, const CommitList& commits);
  /// As read_deliveries().
  std::vector<SourceDeliveries> deliveries(Micros as_of, const CommitList& commits);
  /// The ids of all units with rows, without erased ones. Throws Error{data} above `most`.
  std::vector<std::string> unit_ids(std::size_t most);
  /// Throws Error{usage} when the catalog's tables cannot be read, or when the store has rows of its own,
  /// which nobody would see any more.
  void check_tables(std::string_view catalog);

 private:
  std::string database_;
  Cluster cluster_;
};

}  // namespace liftmark::clickhouse
