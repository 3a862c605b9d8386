#pragma once
// Who may do what: tokens with scopes, kept as SHA-256 hashes in a file of mode 0600.
//
// A line of the file is a JSON object: {"name", "scopes": [..], "hash": 64 hex digits, "rate": requests per
// second, 0 or absent for no limit of its own}. A token has 256 random bits, so one round of SHA-256 is
// enough.

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace liftmark::service {

enum class Scope : std::uint8_t {
  open,        ///< no token needed: health
  assign,      ///< arms of units; never shows salts
  record,      ///< exposures and events
  read,        ///< experiments, scorecards, reports, metrics
  admin,       ///< catalog, consent, erasure ..; always needs a token
  growthbook,  ///< a client key of GrowthBook's SDKs: it is public and shows the seeds of growthbook-v2
  stream,      ///< a short-lived token in the URL, from a bulk evaluation
};
std::string_view name(Scope scope) noexcept;
/// The scopes a token can have: assign, record, read, admin, growthbook.
std::span<const Scope> token_scopes() noexcept;

/// Lets `rate` requests a second through and bursts of one second (GCRA). Thread-safe.
class RateLimit {
 public:
  explicit RateLimit(double rate = 0.0);
  /// 0: go on; otherwise the whole seconds after which to come again, at least 1.
  int wait_seconds(std::int64_t now_micros) const noexcept;

 private:
  std::int64_t interval_ = 0;  ///< microseconds a request; 0: no limit
  std::int64_t burst_ = 0;
  mutable std::atomic<std::int64_t> due_{0};
};

struct Token {
  std::string name;
  unsigned scopes = 0;  ///< bit per Scope
  std::array<unsigned char, 32> hash{};
  RateLimit limit;
  bool has(Scope scope) const noexcept { return (scopes >> static_cast<unsigned>(scope) & 1u) != 0; }
};

/// Immutable.
class Tokens {
 public:
  /// No tokens at all.
  Tokens() = default;
  /// Reads the file. `rate` is for tokens without their own. Throws Error{usage} when it is missing, broken,
  /// not ours or readable by others.
  static std::shared_ptr<const Tokens> load(const std::filesystem::path& path, double rate = 0.0);
  bool empty() const noexcept { return tokens_.empty(); }
  std::size_t size() const noexcept { return tokens_.size(); }
  /// The token of this secret, or null. Takes the same time whichever it is and however near a guess comes.
  const Token* find(std::string_view secret) const noexcept;

 private:
  std::vector<std::unique_ptr<const Token>> tokens_;
};

struct NewToken {
  std::string name;
  std::vector<std::string> scopes;
  double rate = 0.0;
};
/// Adds a token to the file (made with mode 0600 when missing) and returns its secret, which is nowhere else.
/// Throws Error{usage} for an unknown scope or a name in use.
std::string create_token(const std::filesystem::path& path, const NewToken& token);
/// Removes it. Throws Error{usage} when there is none of this name.
void remove_token(const std::filesystem::path& path, std::string_view name);
/// One line a token, without hashes: name, scopes, rate.
std::string list_tokens(const std::filesystem::path& path);

/// Throws Error{usage} when others may read or write the file or it belongs to someone else; for token and
/// key files.
void require_private(const std::filesystem::path& path);

}  // namespace liftmark::service
