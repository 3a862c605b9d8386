#pragma once
// A path for a store that is removed at the end of the test, with what lies beside it.

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>

class TemporaryStore {
 public:
  TemporaryStore() {
    static std::atomic<int> next = 0;
    folder_ = std::filesystem::temp_directory_path() / std::string("liftmark-test-")
                                                           .append(std::to_string(::getpid()))
                                                           .append(".")
                                                           .append(std::to_string(next++));
    std::filesystem::create_directories(folder_);
  }
  ~TemporaryStore() { std::filesystem::remove_all(folder_); }
  TemporaryStore(const TemporaryStore&) = delete;
  TemporaryStore& operator=(const TemporaryStore&) = delete;
  std::filesystem::path path() const { return folder_ / "shop.db"; }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};
