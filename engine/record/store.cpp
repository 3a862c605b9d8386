#include "engine/record/store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "engine/definition/error.hpp"
#include "engine/definition/overrides.hpp"
#include "engine/record/clickhouse/address.hpp"
#include "engine/record/schema.hpp"
#include "engine/record/writer_state.hpp"

namespace liftmark {
namespace {

/// Numbers of linux/magic.h and the file systems' own documentation.
constexpr std::pair<std::int64_t, std::string_view> kNetworkFileSystems[] = {
    {0x6969, "NFS"},       {0xFF53'4D42, "CIFS"}, {0xFE53'4D42, "SMB"},    {0x517B, "SMB"},
    {0x00C3'6400, "Ceph"}, {0x5346'414F, "AFS"},  {0x0BD0'0BD0, "Lustre"}, {0x0116'1970, "GFS2"},
};

void require_local(const std::filesystem::path& file) {
  struct statfs answer {};
  if (::statfs(file.c_str(), &answer) != 0) return;
  const std::string_view shared = network_file_system(static_cast<std::int64_t>(answer.f_type) & 0xFFFF'FFFF);
  if (!shared.empty())
    throw Error(ErrorCode::storage, file.string(),
                fmt::format("the store lies on a network file system ({})", shared),
                "keep it on a local disk; other machines reach it through liftmark serve");
}

Secret read_secret(Database& database) {
  Statement row(database, "SELECT value FROM setting WHERE name = 'secret'");
  if (!row.step()) database.fail(11);  // SQLITE_CORRUPT
  return Secret::from(row.blob(0));
}

CatalogVersion version_of(Statement& row) {
  return {row.integer(0), std::string(row.text(1)), std::string(row.text(2)), row.integer(3)};
}

}  // namespace

StoreLocked::StoreLocked(std::filesystem::path store)
    : Error(ErrorCode::storage, store.string(), "another process is writing to this store",
            "wait until it has finished, or send the data to the running service"),
      store_(std::move(store)) {}

Micros now_micros() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

Store::State::State(const std::filesystem::path& file, Database::Mode mode, StoreOptions options)
    : path(file), durable(options.durable), log_limit(options.log_limit), lock(file), database(file, mode) {}

Store::State::~State() = default;

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::~Store() = default;
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;

Store Store::create(const std::filesystem::path& path, StoreOptions options) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0 && errno == EEXIST)
    throw Error(ErrorCode::storage, path.string(), "the file exists already",
                "choose another name, or use the store as it is");
  if (file < 0)
    throw Error(ErrorCode::storage, path.string(),
                std::string("cannot make the store: ") + std::strerror(errno));
  ::close(file);
  try {
    require_local(path);
  } catch (...) {
    ::unlink(path.c_str());
    throw;
  }
  const UnitDoor door = options.unit_key.empty() ? UnitDoor() : UnitDoor(UnitKey::read(options.unit_key));
  auto state = std::make_unique<State>(path, Database::Mode::create, options);
  state->database.execute("PRAGMA page_size=8192");
  configure(state->database, options.durable);
  create_schema(state->database);
  state->secret = Secret::random();
  Statement insert(state->database, "INSERT INTO setting VALUES('secret', ?1)");
  insert.bind_blob(1, state->secret.bytes()).run();
  Statement durable(state->database, "INSERT INTO setting VALUES('durable', ?1)");
  durable.bind(1, options.durable).run();
  state->door = door;
  if (door.key() != nullptr) hash_units(state->database, *door.key());
  state->set_catalog({});
  return Store(std::move(state));
}

Store Store::open(const std::filesystem::path& path, StoreOptions options) {
  clickhouse::refuse_address(path.string());
  if (!std::filesystem::exists(path))
    throw Error(ErrorCode::storage, path.string(), "no such store", "liftmark init makes one");
  if (::access(path.c_str(), W_OK) != 0)
    throw Error(ErrorCode::storage, path.string(), "the store is read-only",
                "check the permissions of the file and its folder");
  require_local(path);
  auto state = std::make_unique<State>(path, Database::Mode::write, options);
  check_schema(state->database);
  // A store made without full durability stays so, and its answers keep saying it.
  state->durable =
      options.durable && state->database.integer("SELECT value FROM setting WHERE name = 'durable'") != 0;
  configure(state->database, state->durable);
  state->secret = read_secret(state->database);
  Statement clock(state->database, "SELECT last_commit, generation FROM clock");
  if (!clock.step()) state->database.fail(11);  // SQLITE_CORRUPT
  state->last_commit = clock.integer(0);
  state->generation = clock.integer(1);
  state->door = UnitDoor::of(state->database, options.unit_key);
  Store store(std::move(state));
  const auto catalog = store.get_catalog();
  store.state().set_catalog(catalog ? catalog->json : std::string_view());
  return store;
}

const std::filesystem::path& Store::path() const noexcept {
  return state_->path;
}
bool Store::durable() const noexcept {
  return state_->durable;
}

CatalogVersion Store::put_catalog(std::string_view json, std::string_view digest) {
  Database& database = state_->database;
  if (state_->door.key() != nullptr && has_overrides(json))
    throw Error(ErrorCode::definition, "overrides", "the store keeps hashed ids, and overrides name units",
                "aim at testers by an attribute in the audience instead");
  Transaction transaction(database);
  const auto current = get_catalog();
  if (current && current->digest == digest) return *current;
  const std::string before = current ? current->json : std::string();
  const Micros stamp = state_->next_stamp();
  Statement insert(database, "INSERT INTO catalog(json, digest, recorded_at) VALUES(?1, ?2, ?3)");
  insert.bind_text(1, json).bind_text(2, digest).bind(3, stamp).run();
  const std::int64_t version = database.last_row();
  state_->audit(stamp, "apply", fmt::format("catalog version {}", version));
  try {
    state_->keep_as_cataloged(stamp, before, json);
    state_->write_stamp(stamp);
    transaction.commit();
  } catch (...) {
    state_->forget();
    throw;
  }
  state_->last_commit = stamp;
  state_->set_catalog(json);
  return {version, std::string(json), std::string(digest), stamp};
}

std::optional<CatalogVersion> Store::get_catalog(std::optional<Micros> as_of) const {
  Statement row(state_->database,
                "SELECT version, json, digest, recorded_at FROM catalog WHERE recorded_at <= ?1 ORDER BY "
                "version DESC LIMIT 1");
  row.bind(1, as_of.value_or(INT64_MAX));
  if (!row.step()) return std::nullopt;
  return version_of(row);
}

std::string_view network_file_system(std::int64_t magic) noexcept {
  for (const auto& [number, name] : kNetworkFileSystems)
    if (number == magic) return name;
  return {};
}

bool is_store(const std::filesystem::path& path) noexcept {
  try {
    Database database(path, Database::Mode::read);
    return database.integer("PRAGMA application_id") == kApplicationId;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace liftmark
