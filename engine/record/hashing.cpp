#include "engine/record/hashing.hpp"

#include <openssl/rand.h>
#include <xxhash.h>

#include <algorithm>

#include "engine/definition/error.hpp"

namespace liftmark {

namespace {
constexpr std::size_t kSecretBytes = 192;
constexpr std::size_t kStride = 16;
static_assert(kSecretBytes + 3 * kStride <= Secret::kBytes && kSecretBytes >= XXH3_SECRET_SIZE_MIN);
}  // namespace

Secret Secret::random() {
  Secret secret;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(secret.bytes_.data()), static_cast<int>(kBytes)) != 1)
    throw Error(ErrorCode::storage, "", "the system gives no random bytes");
  return secret;
}

Secret Secret::from(std::string_view bytes) {
  if (bytes.size() != kBytes)
    throw Error(ErrorCode::storage, "", "the store's secret is damaged", "restore a backup");
  Secret secret;
  std::copy(bytes.begin(), bytes.end(), secret.bytes_.begin());
  return secret;
}

Key Secret::key(KeySpace space, std::string_view text) const noexcept {
  const char* secret = bytes_.data() + static_cast<std::size_t>(space) * kStride;
  const XXH128_hash_t hash = XXH3_128bits_withSecret(text.data(), text.size(), secret, kSecretBytes);
  return {hash.low64, hash.high64};
}

}  // namespace liftmark
