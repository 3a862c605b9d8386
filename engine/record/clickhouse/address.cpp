#include "engine/record/clickhouse/address.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>

#include "engine/definition/error.hpp"

namespace liftmark::clickhouse {
namespace {

constexpr std::string_view kPlain = "clickhouse://", kTls = "clickhouses://";
constexpr const char* kForm = "write clickhouse://user@host:8123/database, or clickhouses:// for TLS";

[[noreturn]] void refuse(std::string what) {
  throw Error(ErrorCode::usage, "store", std::move(what), kForm);
}

/// Host names, IPv4 addresses and, in brackets, IPv6 ones: nothing that could become another part of a URL.
bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= 255 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  });
}

bool is_ipv6(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' || c == '.';
  });
}

Endpoint read_endpoint(std::string_view text, bool tls) {
  Endpoint endpoint;
  endpoint.port = tls ? 8443 : 8123;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos || !is_ipv6(text.substr(1, close - 1))) refuse("names no host");
    endpoint.host = text.substr(1, close - 1);
    port = text.substr(close + 1);
  } else {
    const auto colon = text.find(':');
    endpoint.host = text.substr(0, colon);
    if (!is_host(endpoint.host)) refuse("names no host");
    if (colon != std::string_view::npos) port = text.substr(colon);
  }
  if (port.empty()) return endpoint;
  const char* const end = port.data() + port.size();
  const auto [rest, failed] = std::from_chars(port.data() + 1, end, endpoint.port);
  if (port.front() != ':' || failed != std::errc() || rest != end || endpoint.port == 0)
    refuse("has a port that is no number from 1 to 65535");
  return endpoint;
}

}  // namespace

std::string Endpoint::text() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

std::string Address::url(std::size_t shard) const {
  return fmt::format("{}://{}/", tls ? "https" : "http", shards[shard].text());
}

bool is_address(std::string_view store) noexcept {
  return store.starts_with(kPlain) || store.starts_with(kTls);
}

void refuse_address(std::string_view store) {
  if (is_address(store))
    throw Error(ErrorCode::usage, "store", "is in ClickHouse, which this command does not work on yet",
                "init, migrate, apply, import, report, check, export, erase, purge and serve do; see "
                "docs/clickhouse.md");
}

Address parse_address(std::string_view text) {
  Address address;
  if (!is_address(text)) refuse("is no address of a ClickHouse store");
  address.tls = text.starts_with(kTls);
  text.remove_prefix(address.tls ? kTls.size() : kPlain.size());
  const auto slash = text.find('/');
  if (slash == std::string_view::npos || slash + 1 == text.size()) refuse("names no database");
  address.database = text.substr(slash + 1);
  if (address.database.find_first_of("/?#&% ") != std::string::npos)
    refuse("has a database with a strange name");
  std::string_view hosts = text.substr(0, slash);
  if (const auto at = hosts.rfind('@'); at != std::string_view::npos) {
    address.user = hosts.substr(0, at);
    hosts.remove_prefix(at + 1);
    if (address.user.find(':') != std::string::npos)
      throw Error(ErrorCode::usage, "store", "holds a password, which everybody on the machine could see",
                  "set LIFTMARK_CLICKHOUSE_PASSWORD, or LIFTMARK_CLICKHOUSE_PASSWORD_FILE to a file's name");
    const bool plain = std::none_of(address.user.begin(), address.user.end(),
                                    [](char c) { return static_cast<unsigned char>(c) <= ' '; });
    if (address.user.empty() || !plain) refuse("has a user with a strange name");
  }
  for (;;) {
    const auto comma = hosts.find(',');
    address.shards.push_back(read_endpoint(hosts.substr(0, comma), address.tls));
    if (comma == std::string_view::npos) return address;
    hosts.remove_prefix(comma + 1);
  }
}

std::string read_password() {
  if (const char* password = std::getenv("LIFTMARK_CLICKHOUSE_PASSWORD")) return password;
  const char* path = std::getenv("LIFTMARK_CLICKHOUSE_PASSWORD_FILE");
  if (path == nullptr || *path == '\0') return {};
  struct stat status {};
  if (::stat(path, &status) == 0 && (status.st_mode & (S_IRGRP | S_IROTH)) != 0)
    throw Error(ErrorCode::usage, path, "the file with the password may be read by others", "chmod 600 it");
  std::ifstream file(path);
  std::string password;
  if (!std::getline(file, password) && password.empty())
    throw Error(ErrorCode::usage, path, "the file with the password cannot be read or is empty",
                "see LIFTMARK_CLICKHOUSE_PASSWORD_FILE");
  if (!password.empty() && password.back() == '\r') password.pop_back();
  return password;
}

}  // namespace liftmark::clickhouse
