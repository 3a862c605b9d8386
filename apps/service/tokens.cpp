#include "apps/service/tokens.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "engine/definition/error.hpp"

namespace liftmark::service {
namespace {

using nlohmann::ordered_json;

constexpr std::array kTokenScopes{Scope::assign, Scope::record, Scope::read, Scope::admin, Scope::growthbook};
constexpr std::string_view kPrefix = "lm_";

std::array<unsigned char, 32> hash_of(std::string_view secret) noexcept {
  std::array<unsigned char, 32> hash{};
  unsigned int size = 0;
  EVP_Digest(secret.data(), secret.size(), hash.data(), &size, EVP_sha256(), nullptr);
  return hash;
}

std::string hex(std::span<const unsigned char> bytes) {
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

[[noreturn]] void broken(const std::filesystem::path& path, std::size_t line, const std::string& what) {
  throw Error(ErrorCode::usage, fmt::format("{}:{}", path.string(), line), what,
              "liftmark token create writes such lines");
}

unsigned scopes_of(const ordered_json& row, const std::filesystem::path& path, std::size_t line) {
  unsigned scopes = 0;
  for (const auto& scope : row.at("scopes")) {
    const auto known = std::find_if(kTokenScopes.begin(), kTokenScopes.end(),
                                    [&](Scope s) { return name(s) == scope.get<std::string>(); });
    if (known == kTokenScopes.end()) broken(path, line, "there is no scope " + scope.dump());
    scopes |= 1u << static_cast<unsigned>(*known);
  }
  return scopes;
}

/// The file's rows; checked to be objects with a name.
std::vector<ordered_json> rows_of(const std::filesystem::path& path) {
  require_private(path);
  std::ifstream file(path);
  std::vector<ordered_json> rows;
  std::string text;
  for (std::size_t line = 1; std::getline(file, text); ++line) {
    if (text.empty()) continue;
    auto row = ordered_json::parse(text, nullptr, false);
    if (!row.is_object() || !row.contains("name") || !row["name"].is_string() || !row.contains("hash") ||
        !row["hash"].is_string() || !row.contains("scopes") || !row["scopes"].is_array())
      broken(path, line, "this is no token");
    rows.push_back(std::move(row));
  }
  return rows;
}

void write_rows(const std::filesystem::path& path, const std::vector<ordered_json>& rows) {
  const std::filesystem::path next = path.string() + ".new";
  const int file = ::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  std::string text;
  for (const auto& row : rows) text += row.dump() + "\n";
  const bool written = file >= 0 &&
                       ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(file) == 0;
  if (file >= 0) ::close(file);
  if (!written || ::rename(next.c_str(), path.c_str()) != 0)
    throw Error(ErrorCode::storage, path.string(), std::string("cannot be written: ") + std::strerror(errno),
                "check the folder and its space");
}

}  // namespace

std::string_view name(Scope scope) noexcept {
  constexpr std::string_view kNames[] = {"open", "assign", "record", "read", "admin", "growthbook", "stream"};
  return kNames[static_cast<std::size_t>(scope)];
}

std::span<const Scope> token_scopes() noexcept {
  return kTokenScopes;
}

RateLimit::RateLimit(double rate)
    : interval_(rate > 0.0 ? std::max<std::int64_t>(1, static_cast<std::int64_t>(1e6 / rate)) : 0),
      burst_(std::max<std::int64_t>(interval_, 1'000'000)) {}

int RateLimit::wait_seconds(std::int64_t now) const noexcept {
  if (interval_ == 0) return 0;
  std::int64_t due = due_.load(std::memory_order_relaxed);
  for (;;) {
    const std::int64_t next = std::max(due, now) + interval_;
    if (next > now + burst_) return static_cast<int>((next - burst_ - now + 999'999) / 1'000'000);
    if (due_.compare_exchange_weak(due, next, std::memory_order_relaxed)) return 0;
  }
}

void require_private(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    throw Error(ErrorCode::usage, path.string(), "cannot be read", "check the path");
  if (status.st_uid != ::geteuid() && status.st_uid != 0)
    throw Error(ErrorCode::usage, path.string(), "belongs to another user", "chown it to the service's user");
  if ((status.st_mode & 077) != 0)
    throw Error(ErrorCode::usage, path.string(), "others may read or change it",
                fmt::format("chmod 600 {}", path.string()));
}

std::shared_ptr<const Tokens> Tokens::load(const std::filesystem::path& path, double rate) {
  auto tokens = std::make_shared<Tokens>();
  std::size_t line = 0;
  for (const ordered_json& row : rows_of(path)) {
    ++line;
    const double own = row.value("rate", 0.0);
    const std::string digits = row["hash"].get<std::string>();
    if (digits.size() != 64 || digits.find_first_not_of("0123456789abcdef") != std::string::npos)
      broken(path, line, "the hash is not 64 hexadecimal digits");
    std::array<unsigned char, 32> hash{};
    for (std::size_t i = 0; i < hash.size(); ++i)
      hash[i] = static_cast<unsigned char>(std::stoi(digits.substr(2 * i, 2), nullptr, 16));
    tokens->tokens_.push_back(
        std::unique_ptr<const Token>(new Token{row["name"].get<std::string>(), scopes_of(row, path, line),
                                               hash, RateLimit(own > 0.0 ? own : rate)}));
  }
  return tokens;
}

const Token* Tokens::find(std::string_view secret) const noexcept {
  const auto hash = hash_of(secret);
  const Token* found = nullptr;
  for (const auto& token : tokens_)
    if (CRYPTO_memcmp(token->hash.data(), hash.data(), hash.size()) == 0) found = token.get();
  return found;
}

std::string create_token(const std::filesystem::path& path, const NewToken& token) {
  std::vector<ordered_json> rows;
  if (std::filesystem::exists(path)) rows = rows_of(path);
  for (const ordered_json& row : rows)
    if (row["name"] == token.name)
      throw Error(ErrorCode::usage, token.name, "there is a token of this name", "choose another");
  ordered_json row{{"name", token.name}, {"scopes", token.scopes}};
  scopes_of(row, path, rows.size() + 1);
  unsigned char random[32];
  if (RAND_bytes(random, sizeof random) != 1) throw std::bad_alloc();
  const std::string secret = std::string(kPrefix) + hex(random);
  row["hash"] = hex(hash_of(secret));
  if (token.rate > 0.0) row["rate"] = token.rate;
  rows.push_back(std::move(row));
  write_rows(path, rows);
  return secret;
}

void remove_token(const std::filesystem::path& path, std::string_view token) {
  auto rows = rows_of(path);
  if (std::erase_if(rows, [&](const ordered_json& row) { return row["name"] == token; }) == 0)
    throw Error(ErrorCode::usage, std::string(token), "there is no token of this name",
                "liftmark token list shows them");
  write_rows(path, rows);
}

std::string list_tokens(const std::filesystem::path& path) {
  std::string text;
  for (const ordered_json& row : rows_of(path)) {
    std::string scopes;
    for (const auto& scope : row["scopes"]) scopes += (scopes.empty() ? "" : ",") + scope.get<std::string>();
    text += fmt::format("{}  {}", row["name"].get<std::string>(), scopes);
    if (row.contains("rate")) text += fmt::format("  {} a second", row["rate"].dump());
    text += "\n";
  }
  return text;
}

}  // namespace liftmark::service
