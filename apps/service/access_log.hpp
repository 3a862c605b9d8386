#pragma once
// One JSON line an answer: when, what route, how it ended, how long it took. No paths, queries or bodies, so
// no ids of units.

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>

namespace liftmark::service {

struct AccessEntry {
  std::string_view method, route, token, client;
  int status = 0;
  std::size_t bytes = 0;
  std::int64_t microseconds = 0;
};

/// Thread-safe. Lines are written in blocks; flush() writes what is waiting.
class AccessLog {
 public:
  /// `path` empty: no log; "-": standard error. Appends; made with mode 0600. Throws Error{usage} when it
  /// cannot be opened.
  explicit AccessLog(const std::filesystem::path& path);
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  bool on() const noexcept { return file_ >= 0; }
  void add(const AccessEntry& entry);
  void flush();
  /// Opens the file anew, for log rotation.
  void reopen();

 private:
  void open();
  std::filesystem::path path_;
  std::mutex mutex_;
  std::string waiting_;
  int file_ = -1;
};

}  // namespace liftmark::service
