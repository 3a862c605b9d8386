#pragma once
// Who takes batches of rows and says when they are on disk: the recorder of whatever engine.

#include <exception>
#include <functional>
#include <utility>

#include "engine/record/batch.hpp"
#include "engine/record/recorder.hpp"

namespace liftmark {

class BatchSink {
 public:
  /// Called once the rows are on disk, or with the error; then nothing of the batch was acknowledged.
  using Done = std::function<void(const Ack&, std::exception_ptr)>;

  virtual ~BatchSink() = default;
  /// Queues the batch, waiting while the queue is full; `done` is called on another thread.
  virtual void submit(Batch batch, Done done) = 0;
  /// As submit, but returns false at once when the batch cannot be taken now: the caller answers "busy".
  virtual bool try_submit(Batch& batch, Done done) = 0;
  /// Waits until all that was queued before is on disk, or was given up with an error.
  virtual void flush() = 0;
};

/// Records through the sink and waits. Throws what the sink's producers are told.
Ack record(BatchSink& sink, Batch batch);

/// The recorder of a store in a file.
class FileSink final : public BatchSink {
 public:
  explicit FileSink(Recorder& recorder) : recorder_(recorder) {}
  void submit(Batch batch, Done done) override { recorder_.submit(std::move(batch), std::move(done)); }
  bool try_submit(Batch& batch, Done done) override { return recorder_.try_submit(batch, std::move(done)); }
  void flush() override { recorder_.flush(); }

 private:
  Recorder& recorder_;
};

}  // namespace liftmark
