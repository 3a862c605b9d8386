#pragma once
// XXH3-64 as liftmark-1 uses it, inlined because it is the hot path. Internal to assign: include it from .cpp
// only.

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace liftmark::assign {

/// XXH3-64 of the bytes with a seed; 0 is plain XXH3-64.
inline std::uint64_t xxh3(std::string_view bytes, std::uint64_t seed = 0) noexcept {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

/// XXH3-64 of the sixteen bytes LE64(unit) LE64(key).
inline std::uint64_t xxh3_pair(std::uint64_t unit, std::uint64_t key) noexcept {
  static_assert(std::endian::native == std::endian::little,
                "the sixteen bytes are little-endian by definition");
  unsigned char bytes[16];
  std::memcpy(bytes, &unit, 8);
  std::memcpy(bytes + 8, &key, 8);
  return XXH3_64bits(bytes, sizeof bytes);
}

}  // namespace liftmark::assign
