#include "engine/record/unit_key.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "engine/definition/error.hpp"
#include "engine/record/database.hpp"

namespace liftmark {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr const char* kFingerprintSetting = "unit_key";
/// No client sends a unit of this name: it has a zero byte in front.
constexpr std::string_view kFingerprintText("\0liftmark unit key", 18);

using Context = std::shared_ptr<EVP_MAC_CTX>;

[[noreturn]] void no_hashing() {
  throw Error(ErrorCode::storage, "", "OpenSSL gives no HMAC-SHA-256", "check the installation of OpenSSL");
}

std::string to_hex(std::string_view bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  constexpr char kDigits[] = "0123456789abcdef";
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

std::optional<std::string> from_hex(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const auto high = kDigits.find(text[i]), low = kDigits.find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

struct OpenFile {
  int number;
  ~OpenFile() { ::close(number); }
};

[[noreturn]] void wrong_file(const std::filesystem::path& file, std::string what, std::string hint) {
  throw Error(ErrorCode::storage, file.string(), std::move(what), std::move(hint));
}

}  // namespace

UnitKey::UnitKey(std::string_view bytes) {
  EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  keyed_ = Context(EVP_MAC_CTX_new(algorithm), EVP_MAC_CTX_free);
  EVP_MAC_free(algorithm);
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0),
                                   OSSL_PARAM_construct_end()};
  if (keyed_ == nullptr || EVP_MAC_init(keyed_.get(), reinterpret_cast<const unsigned char*>(bytes.data()),
                                        bytes.size(), parameters) != 1)
    no_hashing();
}

UnitKey UnitKey::read(const std::filesystem::path& path) {
  const OpenFile file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.number < 0)
    wrong_file(path, fmt::format("cannot read the key of the unit ids: {}", std::strerror(errno)),
               "the store keeps hashed ids: put its key there, or name it in LIFTMARK_UNIT_KEY");
  struct stat status {};
  if (::fstat(file.number, &status) != 0 || !S_ISREG(status.st_mode))
    wrong_file(path, "the key of the unit ids is no regular file", "");
  if ((status.st_mode & 077) != 0)
    wrong_file(path, "others may read the key of the unit ids", fmt::format("chmod 600 {}", path.string()));
  if (status.st_uid != ::geteuid() && ::geteuid() != 0)
    wrong_file(path, "the key of the unit ids belongs to somebody else", "the writer must own it");
  std::array<char, 2 * kKeyBytes + 2> text{};
  const auto size = ::read(file.number, text.data(), text.size());
  std::string_view digits(text.data(), size < 0 ? 0 : static_cast<std::size_t>(size));
  if (digits.ends_with('\n')) digits.remove_suffix(1);
  const auto bytes = digits.size() == 2 * kKeyBytes ? from_hex(digits) : std::nullopt;
  if (!bytes)
    wrong_file(path, "the key of the unit ids is not 64 hexadecimal digits",
               "openssl rand -hex 32 makes one");
  return UnitKey(*bytes);
}

UnitKey UnitKey::make(const std::filesystem::path& path) {
  std::array<unsigned char, kKeyBytes> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    throw Error(ErrorCode::storage, "", "the system gives no random bytes");
  const std::string_view key(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const OpenFile file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (file.number < 0)
    wrong_file(path, fmt::format("cannot make the key of the unit ids: {}", std::strerror(errno)),
               "name another file, or use the key there is");
  const std::string text = to_hex(key) + "\n";
  // A store whose key is lost with the power could never be written again.
  if (::write(file.number, text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::fsync(file.number) != 0)
    wrong_file(path, "cannot write the key of the unit ids", "is the disk full?");
  return UnitKey(key);
}

std::string UnitKey::hash(std::string_view text) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  std::size_t size = 0;
  const std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context(EVP_MAC_CTX_dup(keyed_.get()),
                                                                          EVP_MAC_CTX_free);
  if (context == nullptr ||
      EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(text.data()), text.size()) != 1 ||
      EVP_MAC_final(context.get(), digest.data(), &size, digest.size()) != 1)
    no_hashing();
  return to_hex({reinterpret_cast<const char*>(digest.data()), size});
}

std::string UnitKey::fingerprint() const {
  return hash(kFingerprintText);
}

UnitDoor UnitDoor::of(Database& database, const std::filesystem::path& key_file) {
  Statement row(database, "SELECT value FROM setting WHERE name = ?1");
  row.bind_text(1, kFingerprintSetting);
  if (!row.step()) return {};
  const auto file = key_file.empty() ? unit_key_file(database.path()) : key_file;
  UnitKey key = UnitKey::read(file);
  if (key.fingerprint() != row.text(0))
    wrong_file(file, "this is the key of another store", "name the right one in LIFTMARK_UNIT_KEY");
  return UnitDoor(std::move(key));
}

std::filesystem::path unit_key_file(const std::filesystem::path& store) {
  const char* named = std::getenv("LIFTMARK_UNIT_KEY");
  return named != nullptr && *named != '\0' ? std::filesystem::path(named)
                                            : std::filesystem::path(store.string() + ".unit-key");
}

bool hashes_units(Database& database) {
  Statement row(database, "SELECT 1 FROM setting WHERE name = ?1");
  return row.bind_text(1, kFingerprintSetting).step();
}

bool hashes_units(const std::filesystem::path& store) {
  Database database(store, Database::Mode::read);
  return hashes_units(database);
}

void hash_units(Database& database, const UnitKey& key) {
  Statement insert(database, "INSERT INTO setting VALUES(?1, ?2)");
  insert.bind_text(1, kFingerprintSetting).bind_text(2, key.fingerprint()).run();
}

}  // namespace liftmark
