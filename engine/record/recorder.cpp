#include "engine/record/recorder.hpp"

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "engine/record/batch_sink.hpp"
#include "engine/record/writer_state.hpp"

namespace liftmark {

struct Recorder::State {
  struct Job {
    std::unique_ptr<PendingBatch> pending;  ///< null: `work`
    Done done;
    std::function<void(Store&)> work;
    std::size_t bytes = 0;
  };

  State(Store& opened, RecorderOptions chosen) : store(opened), options(chosen), writer([this] { run(); }) {}

  void push(Job job) {
    {
      const std::lock_guard guard(mutex);
      queued_bytes += job.bytes;
      jobs.push_back(std::move(job));
    }
    arrived.notify_one();
  }

  bool full(std::size_t bytes) const {
    return queued_bytes > 0 && queued_bytes + bytes > options.queue_bytes;
  }

  void run() {
    for (;;) {
      std::vector<Job> taken;
      {
        std::unique_lock lock(mutex);
        // Counts of the last second are written once things are quiet.
        const auto ready = [this] { return stopping || !jobs.empty(); };
        if (!arrived.wait_for(lock, std::chrono::seconds(1), ready)) {
          lock.unlock();
          write_waiting_counters();
          continue;
        }
        if (jobs.empty()) break;
        take(taken);
      }
      space.notify_all();
      if (taken.front().pending == nullptr)
        taken.front().done(Ack{}, attempt([&] { taken.front().work(store); }));
      else
        commit(taken);
    }
    write_waiting_counters();
  }

  /// All batches that fit one commit, or one piece of exclusive work.
  void take(std::vector<Job>& taken) {
    std::size_t rows = 0;
    while (!jobs.empty()) {
      Job& next = jobs.front();
      const bool work = next.pending == nullptr;
      if (!taken.empty() && (work || rows + next.pending->batch.size() > options.commit_rows)) break;
      if (!work) rows += next.pending->batch.size();
      queued_bytes -= next.bytes;
      taken.push_back(std::move(next));
      jobs.pop_front();
      if (work) break;
    }
  }

  static std::exception_ptr attempt(const std::function<void()>& action) {
    try {
      action();
      return nullptr;
    } catch (...) {
      return std::current_exception();
    }
  }

  void commit(std::vector<Job>& taken) {
    std::vector<PendingBatch*> batches;
    for (Job& job : taken) batches.push_back(job.pending.get());
    const auto failure =
        attempt([&] { commit_batches(store.state(), batches, options.oldest, options.newest); });
    for (Job& job : taken) job.done(failure ? Ack{} : job.pending->ack, failure);
  }

  void write_waiting_counters() {
    auto& state = store.state();
    if (state.counters.empty()) return;
    attempt([&] {
      Transaction transaction(state.database);
      const Micros stamp = state.next_stamp();
      write_counters(state, stamp);
      state.write_stamp(stamp);
      transaction.commit();
      state.last_commit = stamp;
      forget_counters(state);
    });
  }

  Store& store;
  RecorderOptions options;
  std::mutex mutex;
  std::condition_variable arrived;
  std::condition_variable space;
  std::deque<Job> jobs;
  std::size_t queued_bytes = 0;
  bool stopping = false;
  std::thread writer;  // last: starts when all else is ready
};

Recorder::Recorder(Store& store, RecorderOptions options) : state_(std::make_unique<State>(store, options)) {}

Recorder::~Recorder() {
  {
    const std::lock_guard guard(state_->mutex);
    state_->stopping = true;
  }
  state_->arrived.notify_one();
  state_->writer.join();
}

void Recorder::submit(Batch batch, Done done) {
  const std::size_t bytes = batch.bytes();
  State::Job job{
      std::make_unique<PendingBatch>(std::move(batch), state_->store.state()), std::move(done), {}, bytes};
  {
    std::unique_lock lock(state_->mutex);
    state_->space.wait(lock, [&] { return !state_->full(bytes); });
  }
  state_->push(std::move(job));
}

bool Recorder::try_submit(Batch& batch, Done done) {
  const std::size_t bytes = batch.bytes();
  {
    const std::lock_guard guard(state_->mutex);
    if (state_->full(bytes)) return false;
  }
  state_->push(
      {std::make_unique<PendingBatch>(std::move(batch), state_->store.state()), std::move(done), {}, bytes});
  return true;
}

Ack Recorder::record(Batch batch) {
  FileSink sink(*this);
  return liftmark::record(sink, std::move(batch));
}

void Recorder::exclusive(const std::function<void(Store&)>& work) {
  const auto promise = std::make_shared<std::promise<void>>();
  auto future = promise->get_future();
  State::Job job;
  job.work = work;
  job.done = [promise](const Ack&, std::exception_ptr failure) {
    if (failure)
      promise->set_exception(failure);
    else
      promise->set_value();
  };
  state_->push(std::move(job));
  future.get();
}

std::function<std::string(std::string_view)> Recorder::stored_unit() const {
  const UnitDoor& door = state_->store.state().door;
  if (door.key() == nullptr) return {};
  return [door](std::string_view unit) { return door.stored(unit); };
}

void Recorder::flush() {
  exclusive([this](Store&) { state_->write_waiting_counters(); });
}

}  // namespace liftmark
