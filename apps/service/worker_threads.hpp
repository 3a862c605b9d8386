#pragma once
// Threads for what takes long: reports, care of the store. The connections' threads never wait for it.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace liftmark::service {

class WorkerThreads {
 public:
  WorkerThreads(std::size_t threads, std::size_t waiting);
  /// Finishes what was accepted.
  ~WorkerThreads();
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;

  /// false when too many wait already. The work must not throw.
  bool post(std::function<void()> work);

 private:
  void run();
  std::size_t waiting_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> work_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace liftmark::service
