#include "apps/service/access_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "apps/service/problems.hpp"
#include "engine/definition/time_point.hpp"
#include "engine/record/store.hpp"

namespace liftmark::service {

AccessLog::AccessLog(const std::filesystem::path& path) : path_(path) {
  if (!path_.empty()) open();
}

AccessLog::~AccessLog() {
  flush();
  if (file_ > STDERR_FILENO) ::close(file_);
}

void AccessLog::open() {
  file_ =
      path_ == "-" ? STDERR_FILENO : ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file_ < 0)
    throw Error(ErrorCode::usage, path_.string(), std::string("cannot be written: ") + std::strerror(errno),
                "name another file for --access-log");
}

void AccessLog::reopen() {
  flush();
  const std::lock_guard lock(mutex_);
  if (file_ <= STDERR_FILENO) return;
  ::close(file_);
  open();
}

void AccessLog::add(const AccessEntry& entry) {
  std::string line = fmt::format(
      R"({{"at":"{}","method":"{}","route":"{}","status":{},"bytes":{},"micros":{},"client":"{}")",
      format_time(now_micros()), entry.method, entry.route, entry.status, entry.bytes, entry.microseconds,
      entry.client);
  if (!entry.token.empty()) line += ",\"token\":" + json_text(entry.token);
  line += "}\n";
  const std::lock_guard lock(mutex_);
  waiting_ += line;
  if (waiting_.size() < 32'768) return;
  [[maybe_unused]] const auto written = ::write(file_, waiting_.data(), waiting_.size());
  waiting_.clear();
}

void AccessLog::flush() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty() || file_ < 0) return;
  [[maybe_unused]] const auto written = ::write(file_, waiting_.data(), waiting_.size());
  waiting_.clear();
}

}  // namespace liftmark::service
