#pragma once
// The tables of a store in ClickHouse, which schema they are of, and how those of an older one are brought
// forward.

#include <string>
#include <string_view>

#include "engine/record/clickhouse/client.hpp"

namespace liftmark::clickhouse {

/// Makes the tables on every shard, which must not have any, and Distributed ones over the cluster of that
/// name in the servers' configuration unless it is empty. Throws Error{storage} when a shard has a store.
void create_schema(const Address& address, Cluster& cluster, const std::string& distributed);
/// Chooses the database on every shard. Throws Error{storage} when one has no store, one of another schema,
/// or is another shard than the address says.
void require_schema(const Address& address, Cluster& cluster);

/// What `setting` says on a shard; empty when it says nothing.
std::string setting(Client& shard, std::string_view name);

struct SchemaChange {
  std::string from, to;
};
/// Adds what an older store lacks; alters nothing that is there. Stopped in between it is run again. Throws
/// as require_schema().
SchemaChange migrate(const Address& address);

}  // namespace liftmark::clickhouse
