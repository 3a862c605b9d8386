#pragma once
// Texts are UTF-8; anything else is turned away at the door with its place named.

#include <simdjson.h>

#include <string_view>

namespace liftmark {

inline bool is_utf8(std::string_view text) noexcept {
  // Short ASCII, which nearly every id is, needs no call.
  unsigned char high = 0;
  if (text.size() <= 64) {
    for (const char c : text) high = static_cast<unsigned char>(high | static_cast<unsigned char>(c));
    if (high < 0x80) return true;
  }
  return simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace liftmark
