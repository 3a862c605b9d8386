#include "engine/record/writer_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "engine/record/store.hpp"

namespace liftmark {

WriterLock::WriterLock(const std::filesystem::path& store) {
  const std::filesystem::path path = store.string() + ".lock";
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file_ < 0)
    throw Error(ErrorCode::storage, path.string(),
                std::string("cannot make the lock file: ") + std::strerror(errno),
                "the folder of the store must be writable");
  if (::flock(file_, LOCK_EX | LOCK_NB) == 0) return;
  ::close(file_);
  throw StoreLocked(store);
}

WriterLock::~WriterLock() {
  ::close(file_);
}

}  // namespace liftmark
