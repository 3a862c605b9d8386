#pragma once
// The lock file beside a store: who holds it is its one writer. Internal to engine/record.

#include <filesystem>

namespace liftmark {

class WriterLock {
 public:
  /// Throws StoreLocked when another process or another WriterLock of this one holds it, Error(storage) when
  /// the file cannot be made.
  explicit WriterLock(const std::filesystem::path& store);
  ~WriterLock();
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  int file_ = -1;
};

}  // namespace liftmark
