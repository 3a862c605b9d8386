#pragma once
// Tokens for the URL of an event stream: a browser's EventSource cannot send headers. They are short-lived,
// open nothing else, and are signed with a secret of this process.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace liftmark::service {

class StreamTokens {
 public:
  static constexpr std::int64_t kLifeSeconds = 3600;
  StreamTokens();
  /// Good from now on for between half and all of its life; the same for half of it, so that an answer that
  /// holds one can be a 304.
  std::string issue(std::int64_t now_seconds) const;
  bool valid(std::string_view token, std::int64_t now_seconds) const;

 private:
  std::string sign(std::int64_t expires) const;
  std::array<unsigned char, 32> secret_{};
};

}  // namespace liftmark::service
