#pragma once
// What is on its way out of a store in ClickHouse. Rows go in two steps: reports leave them out at once, and
// the servers rewrite their files when they come to it. Until the files are gone a mark stays:
//
//   hidden   on the shard of an erased unit: its 128 bits, which stand in its rows too
//   purged   on the first shard: a type, and the moment before which its events are left out
//   erased   on the first shard, for ever: the hash of an erased id under the store's secret, which refuses
//            what a client sends again
//
// Nothing of a unit goes into the text of a statement, which servers write into logs of their own.

#include <set>
#include <string>
#include <string_view>

#include "engine/record/clickhouse/client.hpp"
#include "engine/record/event.hpp"
#include "engine/record/hashing.hpp"

namespace liftmark::clickhouse {

/// Conditions over rows that statements about `event` and `exposure` take up, each empty or beginning with
/// " AND ".
struct Hidden {
  std::string units;  ///< of rows of units that are not erased
  std::string types;  ///< of events that are not purged
  Micros latest = 0;  ///< stamp of the latest erasure or purge; 0: none
};
/// What is hidden now. A report that ends with another `latest` than it began with has seen an erasure or a
/// purge happen, and may have seen half of it.
Hidden read_hidden(Cluster& cluster);

/// The hashes of erased ids.
class ErasedUnits {
 public:
  /// Throws Error{storage} when the store's secret is damaged.
  explicit ErasedUnits(Client& home);
  /// Takes those up that were erased since.
  void read(Client& home);
  bool contains(std::string_view unit) const;
  /// Under the store's secret.
  Key key(std::string_view unit) const { return secret_.key(KeySpace::erased, unit); }

 private:
  Secret secret_;
  std::set<Key> keys_;
};

}  // namespace liftmark::clickhouse
