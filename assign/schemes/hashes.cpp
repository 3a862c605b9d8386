// SHA and MD5 come from OpenSSL's low-level functions: they neither allocate nor fail, unlike the EVP
// interface.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "assign/schemes/hashes.hpp"

#include <openssl/md5.h>
#include <openssl/sha.h>

#include <bit>
#include <cstddef>

#include "assign/schemes/unicode.hpp"

namespace liftmark::assign {
namespace {

std::uint64_t big_endian_64(const unsigned char* bytes) noexcept {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | bytes[i];
  return value;
}

/// Calls `take` with every hash unit of the text, in order.
template <class Take>
void for_each_unit(Pieces text, HashUnits units, Take take) noexcept {
  for (const std::string_view piece : text) {
    switch (units) {
      case HashUnits::utf8:
        for (const char byte : piece) take(static_cast<std::uint32_t>(static_cast<unsigned char>(byte)));
        break;
      case HashUnits::code_points:
        for_each_code_point(piece, take);
        break;
      case HashUnits::utf16:
        for_each_utf16(piece, take);
        break;
      case HashUnits::low_bytes:
        for_each_utf16(piece, [&take](std::uint32_t unit) { take(unit & 0xffU); });
        break;
    }
  }
}

/// MurmurHash3 x86_32, one unit at a time.
class Murmur3 {
 public:
  explicit Murmur3(std::uint32_t seed) noexcept : hash_(seed) {}

  void add(std::uint32_t unit) noexcept {
    // The fourth unit of a word wraps its high byte to the bottom (only for units above 255).
    const unsigned position = length_++ & 3U;
    word_ ^= position == 3 ? (unit & 0xffU) << 24 | (unit >> 8 & 0xffU) : unit << (8 * position);
    if (position != 3) return;
    hash_ = std::rotl(hash_ ^ scramble(word_), 13) * 5U + 0xe6546b64U;
    word_ = 0;
  }

  std::uint32_t finish(bool signed_tail) const noexcept {
    std::uint32_t hash = hash_;
    if (!signed_tail || static_cast<std::int32_t>(word_) > 0) hash ^= scramble(word_);
    hash ^= length_;
    hash = (hash ^ hash >> 16) * 0x85ebca6bU;
    hash = (hash ^ hash >> 13) * 0xc2b2ae35U;
    return hash ^ hash >> 16;
  }

 private:
  static std::uint32_t scramble(std::uint32_t word) noexcept {
    return std::rotl(word * 0xcc9e2d51U, 15) * 0x1b873593U;
  }

  std::uint32_t hash_;
  std::uint32_t word_ = 0;
  std::uint32_t length_ = 0;
};

}  // namespace

std::uint32_t murmur3_32(Pieces text, std::uint32_t seed, HashUnits units) noexcept {
  Murmur3 hash(seed);
  for_each_unit(text, units, [&hash](std::uint32_t unit) { hash.add(unit); });
  return hash.finish(units == HashUnits::utf16);
}

std::uint32_t fnv1a_32(Pieces text, HashUnits units) noexcept {
  std::uint32_t hash = 0x811c9dc5U;
  for_each_unit(text, units, [&hash](std::uint32_t unit) { hash = (hash ^ unit) * 0x01000193U; });
  return hash;
}

std::uint64_t sha1_60(Pieces text) noexcept {
  SHA_CTX context;
  SHA1_Init(&context);
  for (const std::string_view piece : text) SHA1_Update(&context, piece.data(), piece.size());
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1_Final(digest, &context);
  return big_endian_64(digest) >> 4;
}

std::uint64_t sha256_64(Pieces text) noexcept {
  SHA256_CTX context;
  SHA256_Init(&context);
  for (const std::string_view piece : text) SHA256_Update(&context, piece.data(), piece.size());
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256_Final(digest, &context);
  return big_endian_64(digest);
}

std::array<std::uint8_t, 16> md5(Pieces text, unsigned times, std::string_view separator) noexcept {
  MD5_CTX context;
  MD5_Init(&context);
  for (unsigned time = 0; time < times; ++time) {
    if (time > 0) MD5_Update(&context, separator.data(), separator.size());
    for (const std::string_view piece : text) MD5_Update(&context, piece.data(), piece.size());
  }
  std::array<std::uint8_t, 16> digest{};
  MD5_Final(digest.data(), &context);
  return digest;
}

}  // namespace liftmark::assign
