#pragma once
// Where a ClickHouse store is: clickhouse://user@host:port,host:port/database names every shard, in order.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace liftmark::clickhouse {

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  /// "host:port", an IPv6 address in brackets.
  std::string text() const;
};

/// Every shard holds the same tables and its own units.
struct Address {
  bool tls = false;
  std::string user = "default";
  std::vector<Endpoint> shards;  ///< at least one; the order is that of `init`
  std::string database;
  /// The URL of a shard's HTTP interface, without user and password.
  std::string url(std::size_t shard) const;
};

/// Whether the text names a ClickHouse store and not a file.
bool is_address(std::string_view store) noexcept;

/// Throws Error{usage} for an address where only a file will do.
void refuse_address(std::string_view store);

/// Reads clickhouse://[user@]host[:port][,host[:port]]/database, or clickhouses:// for TLS. Ports are those
/// of the HTTP interface, by default 8123 and 8443. Throws Error{usage}; a password in the URL is refused,
/// since command lines are seen by everybody on the machine, and is not repeated in the message.
Address parse_address(std::string_view text);

/// The password: the environment's LIFTMARK_CLICKHOUSE_PASSWORD, or the first line of the file named by
/// LIFTMARK_CLICKHOUSE_PASSWORD_FILE; else empty. Throws Error{usage} when the file cannot be read or others
/// than its owner may read it.
std::string read_password();

}  // namespace liftmark::clickhouse
