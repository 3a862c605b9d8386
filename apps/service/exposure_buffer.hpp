#pragma once
// Exposures made by evaluations, on their way to the store: gathered, sent in batches, kept within a bound
// while the store cannot take them, and then counted as lost. Assignment never waits here.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/record/privacy.hpp"
#include "engine/record/unit_facts.hpp"

namespace liftmark::service {

struct ExposureBufferOptions {
  std::size_t rows = 100'000;  ///< kept at most while they cannot be recorded
  std::size_t batch = 5'000;   ///< sent at once
  std::chrono::milliseconds pause{50};
  /// A unit's id as the store keeps it: ids of exposures are made of it. Unset: as it is.
  std::function<std::string(std::string_view)> stored_unit{};
};

/// Thread-safe.
class ExposureBuffer {
 public:
  /// Records the batch and waits; throws when the store says no.
  using Record = std::function<void(Batch)>;
  /// Keeps the arms of sticky experiments; throws likewise.
  using Keep = std::function<void(const std::vector<KeptArm>&)>;

  ExposureBuffer(Record record, Keep keep, ExposureBufferOptions options = {});
  /// Sends what is left, once.
  ~ExposureBuffer();
  ExposureBuffer(const ExposureBuffer&) = delete;
  ExposureBuffer& operator=(const ExposureBuffer&) = delete;

  /// One exposure a unit, arm, epoch and day is enough: repeats have the same id. Those of the recent past
  /// are known here and not sent again. False when the bound is reached and the exposure is lost.
  bool add(const Exposure& exposure);
  void keep(KeptArm arm);

  std::uint64_t lost() const noexcept { return lost_; }
  std::size_t waiting() const;
  /// false while the store refuses.
  bool healthy() const noexcept { return healthy_; }

 private:
  struct Row {
    std::string id, unit, experiment, arm;
    int epoch = 1;
    Micros at = 0;
    std::vector<std::pair<std::string, std::string>> attributes;
  };
  void run();
  bool send(std::vector<Row>& rows, std::vector<KeptArm>& arms);

  Record record_;
  Keep keep_;
  ExposureBufferOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::uint64_t> recent_;  ///< hashes of ids, each at its place modulo the size
  std::vector<Row> rows_;
  std::vector<KeptArm> arms_;
  std::size_t sending_ = 0;
  bool stopping_ = false;
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<bool> healthy_{true};
  std::thread thread_;  // last
};

}  // namespace liftmark::service
