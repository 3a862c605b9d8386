#pragma once
// Keyed hashing of unit ids at the door: a store made with a key keeps HMAC-SHA-256(key, id) wherever another
// keeps the id, so that whoever has the file and not the key cannot tell whether a person is in it.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct evp_mac_ctx_st;

namespace liftmark {

class Database;

/// HMAC-SHA-256 (RFC 2104, FIPS 180-4) under one key. Thread-safe; copies share the key.
class UnitKey {
 public:
  explicit UnitKey(std::string_view bytes);
  /// 64 hexadecimal digits. Throws Error(storage) when the file is missing, is not that, or can be read by
  /// others than its owner.
  static UnitKey read(const std::filesystem::path& file);
  /// Makes the file (mode 0600) with 32 bytes of OpenSSL's generator. Throws Error(storage) when it exists.
  static UnitKey make(const std::filesystem::path& file);

  /// 64 lower-case hexadecimal digits, the form of `openssl dgst -sha256 -hmac`.
  std::string hash(std::string_view text) const;
  /// Tells this key from others; kept in the store.
  std::string fingerprint() const;

 private:
  std::shared_ptr<evp_mac_ctx_st> keyed_;
};

/// The form in which a store keeps ids of units: as they are, or hashed.
class UnitDoor {
 public:
  UnitDoor() = default;  ///< ids as they are
  explicit UnitDoor(UnitKey key) : key_(std::move(key)) {}
  /// As the store says. `key_file` empty: unit_key_file(). Throws Error(storage) when the store hashes ids
  /// and its key is not there or is another.
  static UnitDoor of(Database& database, const std::filesystem::path& key_file = {});

  const UnitKey* key() const noexcept { return key_ ? &*key_ : nullptr; }
  std::string stored(std::string_view unit) const { return key_ ? key_->hash(unit) : std::string(unit); }

 private:
  std::optional<UnitKey> key_;
};

/// Where the key of a store is looked for: the file named by the environment's LIFTMARK_UNIT_KEY, else the
/// store's own name with ".unit-key" behind it.
std::filesystem::path unit_key_file(const std::filesystem::path& store);
/// Whether the store keeps hashed ids.
bool hashes_units(Database& database);
bool hashes_units(const std::filesystem::path& store);
/// Makes an empty store keep hashed ids from now on.
void hash_units(Database& database, const UnitKey& key);

}  // namespace liftmark
