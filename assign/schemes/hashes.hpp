#pragma once
// The hash functions other systems bucket with, over a text given in pieces: no concatenation, no allocation.

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace liftmark::assign {

/// A text in pieces, hashed as if they were written one after another.
using Pieces = std::initializer_list<std::string_view>;

/// What a hash function of 32-bit words is fed with. `utf8`: the bytes. The others reproduce JavaScript
/// libraries, which hash the string's UTF-16 code units; text that is not UTF-8 counts as U+FFFD, one per
/// wrong byte.
enum class HashUnits {
  utf8,
  utf16,        ///< whole code units (above 255 possible)
  low_bytes,    ///< the low byte of each UTF-16 code unit (murmurhash3js)
  code_points,  ///< whole code points (Python's ord)
};

/// MurmurHash3 x86_32 (Austin Appleby, public domain). With `utf16`, the imurmurhash variant: whole code
/// units are mixed into overlapping bits, and a tail whose word is negative as int32 is dropped, as that
/// library does.
std::uint32_t murmur3_32(Pieces text, std::uint32_t seed, HashUnits units = HashUnits::utf8) noexcept;

/// FNV-1a, 32 bits (draft-eastlake-fnv); a unit above 255 is xored whole.
std::uint32_t fnv1a_32(Pieces text, HashUnits units = HashUnits::utf16) noexcept;

/// The first 15 hexadecimal digits (60 bits) of SHA-1.
std::uint64_t sha1_60(Pieces text) noexcept;

/// The first 8 bytes of SHA-256, big-endian.
std::uint64_t sha256_64(Pieces text) noexcept;

/// MD5 (RFC 1321) of the text written `times` times, separated by `separator`.
std::array<std::uint8_t, 16> md5(Pieces text, unsigned times = 1, std::string_view separator = {}) noexcept;

/// `value` / 2^60 as a double: [0, 1]; 1.0 is possible, because a 60-bit number does not fit a double.
inline double share_of_60_bits(std::uint64_t value) noexcept {
  return static_cast<double>(value) / 1152921504606846976.0;
}

}  // namespace liftmark::assign
