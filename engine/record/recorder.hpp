#pragma once
// Recording: many producers, one writer thread, group commit. An acknowledgement means the rows are on disk.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "engine/record/batch.hpp"
#include "engine/record/store.hpp"

namespace liftmark {

struct RecorderOptions {
  std::size_t queue_bytes =
      64u << 20;                     ///< above it producers wait (record, submit) or are told so (try_submit)
  std::size_t commit_rows = 65'536;  ///< at most this many rows in one commit
  Micros oldest = 400 * kMicrosPerDay;     ///< event times before now - oldest are rejected; import may widen
  Micros newest = 600 * kMicrosPerSecond;  ///< event times after now + newest are rejected
};

/// Thread-safe. The Store must outlive it and is used by nobody else meanwhile. The destructor records what
/// is queued.
class Recorder {
 public:
  using Done = std::function<void(const Ack&, std::exception_ptr)>;

  explicit Recorder(Store& store, RecorderOptions options = {});
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// Records and waits. Throws Error(storage) when the disk says no: then nothing of the batch was recorded.
  Ack record(Batch batch);
  /// Queues the batch, waiting while the queue is full; `done` is called on the writer thread once the rows
  /// are on disk, or with the error.
  void submit(Batch batch, Done done);
  /// As submit, but returns false at once when the queue is full: the caller answers "busy".
  bool try_submit(Batch& batch, Done done);
  /// Runs `work` on the writer thread between commits (consent, erasure, compaction steps ..) and waits.
  void exclusive(const std::function<void(Store&)>& work);
  /// Gives a unit's id as the store keeps it: hashed, where it keeps hashes. Empty where ids stay as they
  /// are. Outlives the recorder.
  std::function<std::string(std::string_view)> stored_unit() const;
  /// Waits until all that was queued before is on disk.
  void flush();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace liftmark
