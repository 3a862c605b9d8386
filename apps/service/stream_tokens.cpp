#include "apps/service/stream_tokens.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <charconv>
#include <new>

namespace liftmark::service {

StreamTokens::StreamTokens() {
  if (RAND_bytes(secret_.data(), static_cast<int>(secret_.size())) != 1) throw std::bad_alloc();
}

std::string StreamTokens::sign(std::int64_t expires) const {
  const std::string text = fmt::format("{}", expires);
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
  std::string token = text + ".";
  for (unsigned int i = 0; i < 16; ++i) token += fmt::format("{:02x}", mac[i]);
  return token;
}

std::string StreamTokens::issue(std::int64_t now) const {
  constexpr std::int64_t kHalf = kLifeSeconds / 2;
  return sign((now / kHalf + 2) * kHalf);
}

bool StreamTokens::valid(std::string_view token, std::int64_t now) const {
  std::int64_t expires = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), expires);
  if (error != std::errc() || end == token.data() + token.size() || *end != '.' || expires < now)
    return false;
  const std::string expected = sign(expires);
  return expected.size() == token.size() && CRYPTO_memcmp(expected.data(), token.data(), token.size()) == 0;
}

}  // namespace liftmark::service
