#pragma once
// Identity under the store's secret: who can write ids cannot make two of them collide.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/record/event.hpp"

namespace liftmark {

/// What an id identifies; the same text in two spaces gives unrelated keys.
enum class KeySpace : std::uint8_t { event, exposure, unit, erased };

class Secret {
 public:
  static constexpr std::size_t kBytes = 256;
  Secret() = default;
  /// From OpenSSL's generator.
  static Secret random();
  /// Throws Error(storage) unless `bytes` has kBytes.
  static Secret from(std::string_view bytes);
  std::string_view bytes() const noexcept { return {bytes_.data(), bytes_.size()}; }
  /// XXH3-128 with 192 bytes of the secret that depend on the space.
  Key key(KeySpace space, std::string_view text) const noexcept;

 private:
  std::array<char, kBytes> bytes_{};
};

}  // namespace liftmark
