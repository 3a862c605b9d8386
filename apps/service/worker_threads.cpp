#include "apps/service/worker_threads.hpp"

#include <utility>

namespace liftmark::service {

WorkerThreads::WorkerThreads(std::size_t threads, std::size_t waiting) : waiting_(waiting) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

WorkerThreads::~WorkerThreads() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool WorkerThreads::post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (work_.size() >= waiting_) return false;
    work_.push_back(std::move(work));
  }
  wake_.notify_one();
  return true;
}

void WorkerThreads::run() {
  for (;;) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stopping_ || !work_.empty(); });
    if (work_.empty()) return;
    const auto work = std::move(work_.front());
    work_.pop_front();
    lock.unlock();
    work();
  }
}

}  // namespace liftmark::service
