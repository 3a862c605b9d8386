#pragma once
// UTF-8 read as code points or as UTF-16 code units, for systems whose SDK hashes those.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace liftmark::assign {

/// A code point and the number of bytes it took.
struct CodePoint {
  std::uint32_t value = 0xfffd;
  std::size_t bytes = 1;
};

/// The code point at the start of `text`, which must not be empty. What is not UTF-8 (overlong forms,
/// surrogates and values above U+10FFFF too) is U+FFFD, one byte long.
inline CodePoint first_code_point(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 && lead < 0xf8 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead >= 0xf5 || text.size() < length) return {};
  std::uint32_t value = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return {};
    value = value << 6 | (byte(i) & 0x3fU);
  }
  constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kSmallest[length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return {};
  return {value, length};
}

/// Calls `take(std::uint32_t)` with every code point of `text`.
template <class Take>
void for_each_code_point(std::string_view text, Take take) noexcept {
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    take(point.value);
    text.remove_prefix(point.bytes);
  }
}

/// Calls `take(std::uint32_t)` with every UTF-16 code unit of `text`; surrogates come in pairs.
template <class Take>
void for_each_utf16(std::string_view text, Take take) noexcept {
  for_each_code_point(text, [&take](std::uint32_t point) {
    if (point < 0x10000) return take(point);
    take(0xd800U + ((point - 0x10000U) >> 10));
    take(0xdc00U + ((point - 0x10000U) & 0x3ffU));
  });
}

}  // namespace liftmark::assign
