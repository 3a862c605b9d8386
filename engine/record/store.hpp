#pragma once
// The event store's file: creating, opening, the writer's lock, catalog versions.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/definition/error.hpp"
#include "engine/record/event.hpp"
#include "engine/record/reader.hpp"

namespace liftmark {

struct StoreOptions {
  /// false: synchronous NORMAL. A power failure may then lose the last commits, and every answer says so.
  bool durable = true;
  /// Bytes of write-ahead log above which recording stops with an Error(storage): a reader holds it.
  std::int64_t log_limit = 2ll << 30;
  /// The file with the key of hashed unit ids. create(): given, the store keeps hashes. open(): empty means
  /// unit_key_file(), and only a store of hashes asks for it.
  std::filesystem::path unit_key{};
};

/// The name of a file system that several machines share, by the number statfs gives it; empty for a local
/// one. SQLite's write-ahead log needs memory shared by all its users, so that a store on NFS or SMB would be
/// damaged.
std::string_view network_file_system(std::int64_t magic) noexcept;

/// Somebody else is the writer of the store: a command that runs, or the service.
class StoreLocked : public Error {
 public:
  explicit StoreLocked(std::filesystem::path store);
  const std::filesystem::path& store() const noexcept { return store_; }

 private:
  std::filesystem::path store_;
};

/// The writer of a store: one per file, guarded by a lock file beside it. Readers need no Store, see Reader.
/// All members throw Error(storage) when the disk says no; nothing acknowledged is lost then.
class Store {
 public:
  /// Makes an empty store (mode 0600). Throws Error(storage) when the file exists or lies on a network file
  /// system.
  static Store create(const std::filesystem::path& path, StoreOptions options = {});
  /// Opens for writing. Throws StoreLocked, or Error(storage) when missing, read-only, of another schema
  /// version (hint: `liftmark migrate`), not a store, or without the key of its hashed unit ids.
  static Store open(const std::filesystem::path& path, StoreOptions options = {});
  ~Store();
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;

  const std::filesystem::path& path() const noexcept;
  bool durable() const noexcept;

  /// Stores a catalog as a new version; the same digest as the current one changes nothing. Returns the
  /// version in force afterwards. Throws Error(definition) when its overrides would keep ids of units in a
  /// store of hashed ones.
  CatalogVersion put_catalog(std::string_view json, std::string_view digest);
  /// The catalog in force at `as_of` (unset: now); nothing before the first.
  std::optional<CatalogVersion> get_catalog(std::optional<Micros> as_of = {}) const;

  struct State;
  State& state() noexcept { return *state_; }

 private:
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The system's clock.
Micros now_micros();

/// What is kept of a store's header without locking it: exists, schema version, size.
bool is_store(const std::filesystem::path& path) noexcept;

}  // namespace liftmark
