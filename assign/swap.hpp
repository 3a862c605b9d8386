#pragma once
// Replacing the Assigner while others read it, without locks for readers.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "assign/assigner.hpp"

namespace liftmark::assign {

/// The Assigner in use. Readers pin it (two uncontended atomic additions, never waiting for anyone); a writer
/// puts a new one in place and waits until nobody reads the old one any more. So that neither disturbs the
/// other, each reader counts itself in one of many counters, each in its own cache line.
class CurrentAssigner {
 public:
  explicit CurrentAssigner(std::shared_ptr<const Assigner> first);
  CurrentAssigner(const CurrentAssigner&) = delete;
  CurrentAssigner& operator=(const CurrentAssigner&) = delete;
  ~CurrentAssigner();

  /// Keeps one Assigner alive while it is held. Assignments hold views into it: keep the pin as long as them.
  /// A pin stays in the thread that made it, and is short-lived: a writer waits for it.
  class Pin {
   public:
    Pin(const Pin&) = delete;
    Pin& operator=(const Pin&) = delete;
    ~Pin() { count_->fetch_sub(1, std::memory_order_release); }
    const Assigner& operator*() const noexcept { return *assigner_; }
    const Assigner* operator->() const noexcept { return assigner_; }

   private:
    friend class CurrentAssigner;
    Pin(std::atomic<std::uint64_t>& count, const std::atomic<const Assigner*>& current) noexcept
        : count_(&count) {
      count_->fetch_add(1, std::memory_order_seq_cst);
      assigner_ = current.load(std::memory_order_seq_cst);
    }
    std::atomic<std::uint64_t>* count_;
    const Assigner* assigner_;
  };

  Pin pin() const noexcept;

  /// A share in the current one for a reader that holds it for long; takes the writers' lock.
  std::shared_ptr<const Assigner> share() const;

  /// Puts `next` in place; returns when no reader uses the previous one. `next` must not be null. Must not be
  /// called while the calling thread holds a pin.
  void replace(std::shared_ptr<const Assigner> next);

 private:
  static constexpr std::size_t kCounters = 64;
  /// Two counts a line: readers use the one of the current phase, so that a writer waiting for the other sees
  /// it fall to zero however many new readers come.
  struct alignas(64) Counter {
    std::array<std::atomic<std::uint64_t>, 2> readers{};
  };

  void wait_for_readers(std::size_t phase) const noexcept;

  std::atomic<const Assigner*> current_;
  std::atomic<std::size_t> phase_{0};
  mutable std::array<Counter, kCounters> counters_;
  mutable std::mutex writing_;
  std::shared_ptr<const Assigner> owned_;
};

}  // namespace liftmark::assign
