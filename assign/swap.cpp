#include "assign/swap.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>
#include <utility>

namespace liftmark::assign {
namespace {

/// Threads take counters in turn, so that few share one.
std::size_t counter_of_thread() noexcept {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

}  // namespace

CurrentAssigner::CurrentAssigner(std::shared_ptr<const Assigner> first)
    : current_(first.get()), owned_(std::move(first)) {
  if (owned_ == nullptr) throw std::logic_error("CurrentAssigner needs an Assigner");
}

CurrentAssigner::~CurrentAssigner() = default;

CurrentAssigner::Pin CurrentAssigner::pin() const noexcept {
  Counter& counter = counters_[counter_of_thread() % kCounters];
  return Pin(counter.readers[phase_.load(std::memory_order_relaxed)], current_);
}

std::shared_ptr<const Assigner> CurrentAssigner::share() const {
  const std::lock_guard lock(writing_);
  return owned_;
}

/// A reader adds itself to a count and then loads the pointer, a writer stores the pointer and then reads the
/// counts, all in one total order. So a count seen at zero after the store has no reader of the old pointer,
/// and later readers see the new one. Both phases are waited for: a slow reader may still count itself in an
/// older phase.
void CurrentAssigner::replace(std::shared_ptr<const Assigner> next) {
  if (next == nullptr) throw std::logic_error("CurrentAssigner needs an Assigner");
  const std::lock_guard lock(writing_);
  current_.store(next.get(), std::memory_order_seq_cst);
  const std::size_t old_phase = phase_.load(std::memory_order_relaxed);
  wait_for_readers(1 - old_phase);
  phase_.store(1 - old_phase, std::memory_order_seq_cst);
  wait_for_readers(old_phase);
  owned_ = std::move(next);
}

void CurrentAssigner::wait_for_readers(std::size_t phase) const noexcept {
  for (const Counter& counter : counters_) {
    for (int tries = 0; counter.readers[phase].load(std::memory_order_seq_cst) != 0; ++tries) {
      if (tries < 64) {
        std::this_thread::yield();
      } else {
        std::this_thread::sleep_for(std::chrono::microseconds(50));
      }
    }
  }
}

}  // namespace liftmark::assign
