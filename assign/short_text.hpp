#pragma once
// Comparing keys, names and attribute values, which mostly have a few bytes. Internal to assign: include it
// from .cpp only.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace liftmark::assign {

inline std::uint64_t word(const char* text, std::size_t size) noexcept {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, text, size);
  return bytes;
}

/// Equality of short texts without a call: names and values of attributes have a few bytes.
inline bool equal(std::string_view a, std::string_view b) noexcept {
  const std::size_t size = a.size();
  if (size != b.size()) return false;
  const char* const x = a.data();
  const char* const y = b.data();
  if (size > 16) return std::memcmp(x, y, size) == 0;
  if (size >= 8) return word(x, 8) == word(y, 8) && word(x + size - 8, 8) == word(y + size - 8, 8);
  if (size >= 4) return word(x, 4) == word(y, 4) && word(x + size - 4, 4) == word(y + size - 4, 4);
  return size == 0 || (x[0] == y[0] && x[size / 2] == y[size / 2] && x[size - 1] == y[size - 1]);
}

}  // namespace liftmark::assign
