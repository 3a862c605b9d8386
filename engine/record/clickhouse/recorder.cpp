#include "engine/record/clickhouse/recorder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <random>

#include "engine/definition/own_tables.hpp"
#include "engine/record/clickhouse/commit.hpp"
#include "engine/record/store.hpp"

namespace liftmark::clickhouse {
namespace {

constexpr auto kGather = std::chrono::milliseconds(200);

}  // namespace

Recorder::Recorder(Store& store, RecorderOptions options)
    : store_(store),
      options_(options),
      writer_(fmt::format("{:08x}", std::random_device{}())),
      erased_(store.cluster().home()) {
  const auto versions = store_.catalogs(std::numeric_limits<Micros>::max());
  if (!versions.empty() && own_tables_of(versions.back().json)) throw own_tables_are_read_only();
  retention_ = store_.retention();
  thread_ = std::thread([this] { run(); });
}

Recorder::~Recorder() {
  {
    const std::lock_guard guard(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Recorder::submit(Batch batch, Done done) {
  batch.seal();
  const std::size_t rows = batch.size();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return queued_rows_ == 0 || queued_rows_ + rows <= 2 * options_.commit_rows; });
  queued_rows_ += rows;
  jobs_.push_back({std::move(batch), std::move(done)});
  lock.unlock();
  changed_.notify_all();
}

void Recorder::flush() {
  std::unique_lock lock(mutex_);
  flushing_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return jobs_.empty() && !busy_; });
  flushing_ = false;
}

void Recorder::run() {
  for (;;) {
    std::vector<Job> taken;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      changed_.wait_for(lock, kGather,
                        [this] { return stopping_ || flushing_ || queued_rows_ >= options_.commit_rows; });
      if (jobs_.empty()) return;
      std::size_t rows = 0;
      while (!jobs_.empty() && (taken.empty() || rows + jobs_.front().batch.size() <= options_.commit_rows)) {
        rows += jobs_.front().batch.size();
        taken.push_back(std::move(jobs_.front()));
        jobs_.pop_front();
      }
      queued_rows_ -= rows;
      busy_ = true;
    }
    changed_.notify_all();
    std::exception_ptr failure;
    try {
      commit_again_and_again(taken);
    } catch (...) {
      failure = std::current_exception();
    }
    for (Job& job : taken) job.done(failure ? Ack{} : job.ack, failure);
    {
      const std::lock_guard guard(mutex_);
      busy_ = false;
    }
    changed_.notify_all();
  }
}

void Recorder::commit_again_and_again(std::vector<Job>& jobs) {
  constexpr const char* kColumns = "(stamp, writer, begun, ended)";
  std::vector<const Batch*> batches;
  for (const Job& job : jobs) batches.push_back(&job.batch);
  Micros stamp = 0;
  for (int attempt = 1;; ++attempt) {
    try {
      Client& home = store_.cluster().home();
      const Micros begun = now_micros();
      stamp = std::max({begun, stamp + 1, store_.commits().last + 1});
      cut_off_.insert(stamp);
      home.insert("commits", kColumns, fmt::format("{}\t{}\t{}\t0\n", stamp, writer_, begun));
      erased_.read(home);  // after the commit is listed: an erasure waits for those listed before it
      Commit commit(store_, {.stamp = stamp,
                             .now = begun,
                             .newest = options_.newest,
                             .oldest = options_.oldest,
                             .retention = &retention_,
                             .erased = &erased_,
                             .cut_off = &cut_off_});
      commit.look_up(batches);
      for (Job& job : jobs) commit.add(job.batch, job.ack);
      commit.send();
      home.insert("counter", "(recorded_at, name, detail, count)", commit.counter_rows());
      if (const std::string rows = commit.delivery_rows(); !rows.empty())
        home.insert("delivery",
                    "(recorded_at, source, hour, rows, late_hour, late_day, late_week, future, lead)", rows);
      home.insert("commits", kColumns, fmt::format("{}\t{}\t{}\t{}\n", stamp, writer_, begun, now_micros()));
      cut_off_.erase(stamp);
      return;
    } catch (const LostConnection&) {
      if (attempt >= options_.attempts) throw;
      std::this_thread::sleep_for(std::chrono::seconds(1 << std::min(attempt - 1, 4)));
    }
  }
}

}  // namespace liftmark::clickhouse
