#pragma once
// Replacing a value (the Assigner, say) while others read it, without locks for readers.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "assign/assigner.hpp"

namespace liftmark::assign {

/// Which of several counters the calling thread uses; threads take them in turn, so that few share one.
std::size_t counter_of_thread() noexcept;
/// Returns when the count is zero; yields, then sleeps between looks.
void wait_for_zero(const std::atomic<std::uint64_t>& count) noexcept;

/// The value in use. Readers pin it (two uncontended atomic additions, never waiting for anyone); a writer
/// puts a new one in place and waits until nobody reads the old one any more. So that neither disturbs the
/// other, each reader counts itself in one of many counters, each in its own cache line.
template <class Value>
class Current {
 public:
  explicit Current(std::shared_ptr<const Value> first) : current_(first.get()), owned_(std::move(first)) {
    if (owned_ == nullptr) throw std::logic_error("Current needs a value");
  }
  Current(const Current&) = delete;
  Current& operator=(const Current&) = delete;

  /// Keeps one value alive while it is held. What it gave out by reference is valid no longer than the pin.
  /// A pin stays in the thread that made it, and is short-lived: a writer waits for it.
  class Pin {
   public:
    Pin(const Pin&) = delete;
    Pin& operator=(const Pin&) = delete;
    ~Pin() { count_->fetch_sub(1, std::memory_order_release); }
    const Value& operator*() const noexcept { return *value_; }
    const Value* operator->() const noexcept { return value_; }

   private:
    friend class Current;
    Pin(std::atomic<std::uint64_t>& count, const std::atomic<const Value*>& current) noexcept
        : count_(&count) {
      count_->fetch_add(1, std::memory_order_seq_cst);
      value_ = current.load(std::memory_order_seq_cst);
    }
    std::atomic<std::uint64_t>* count_;
    const Value* value_;
  };

  Pin pin() const noexcept {
    Counter& counter = counters_[counter_of_thread() % kCounters];
    return Pin(counter.readers[phase_.load(std::memory_order_relaxed)], current_);
  }

  /// A share in the current one for a reader that holds it for long; takes the writers' lock.
  std::shared_ptr<const Value> share() const {
    const std::lock_guard lock(writing_);
    return owned_;
  }

  /// Puts `next` in place; returns when no reader uses the previous one. `next` must not be null. Must not be
  /// called while the calling thread holds a pin.
  ///
  /// A reader adds itself to a count and then loads the pointer, a writer stores the pointer and then reads
  /// the counts, all in one total order. So a count seen at zero after the store has no reader of the old
  /// pointer, and later readers see the new one. Both phases are waited for: a slow reader may still count
  /// itself in an older phase.
  void replace(std::shared_ptr<const Value> next) {
    if (next == nullptr) throw std::logic_error("Current needs a value");
    const std::lock_guard lock(writing_);
    current_.store(next.get(), std::memory_order_seq_cst);
    const std::size_t old_phase = phase_.load(std::memory_order_relaxed);
    wait_for_readers(1 - old_phase);
    phase_.store(1 - old_phase, std::memory_order_seq_cst);
    wait_for_readers(old_phase);
    owned_ = std::move(next);
  }

 private:
  static constexpr std::size_t kCounters = 64;
  /// Two counts a line: readers use the one of the current phase, so that a writer waiting for the other sees
  /// it fall to zero however many new readers come.
  struct alignas(64) Counter {
    std::array<std::atomic<std::uint64_t>, 2> readers{};
  };

  void wait_for_readers(std::size_t phase) const noexcept {
    for (const Counter& counter : counters_) wait_for_zero(counter.readers[phase]);
  }

  std::atomic<const Value*> current_;
  std::atomic<std::size_t> phase_{0};
  mutable std::array<Counter, kCounters> counters_;
  mutable std::mutex writing_;
  std::shared_ptr<const Value> owned_;
};

/// The Assigner in use.
using CurrentAssigner = Current<Assigner>;

}  // namespace liftmark::assign
