#include "assign/swap.hpp"

#include <chrono>
#include <thread>

namespace liftmark::assign {

std::size_t counter_of_thread() noexcept {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

void wait_for_zero(const std::atomic<std::uint64_t>& count) noexcept {
  for (int tries = 0; count.load(std::memory_order_seq_cst) != 0; ++tries) {
    if (tries < 64) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }
}

}  // namespace liftmark::assign
