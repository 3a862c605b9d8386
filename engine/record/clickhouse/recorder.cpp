#include "engine/record/clickhouse/recorder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <random>

#include "engine/definition/own_tables.hpp"
#include "engine/record/clickhouse/commit.hpp"
#include "engine/record/store.hpp"

namespace liftmark::clickhouse {
Recorder::Recorder(Store& store, RecorderOptions options)
    : store_(store),
      options_(options),
      writer_(fmt::format("{:08x}", std::random_device{}())),
      erased_(store.cluster().home()) {
  if (const auto version = store_.newest_catalog()) follow(version->json);
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

void Recorder::follow(std::string_view catalog) {
  own_tables_ = own_tables_of(catalog).has_value();
}

bool Recorder::full(std::size_t rows, std::size_t bytes) const {
  return queued_rows_ > 0 &&
         (queued_rows_ + rows > 2 * options_.commit_rows || queued_bytes_ + bytes > options_.queue_bytes);
}

void Recorder::submit(Batch batch, Done done) {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !full(batch.size(), batch.bytes()); });
  }
  push(std::move(batch), std::move(done));
}

bool Recorder::try_submit(Batch& batch, Done done) {
  {
    const std::lock_guard guard(mutex_);
    if (away_ || full(batch.size(), batch.bytes())) return false;
  }
  push(std::move(batch), std::move(done));
  return true;
}

void Recorder::push(Batch batch, Done done) {
  batch.seal();
  {
    const std::lock_guard guard(mutex_);
    queued_rows_ += batch.size();
    queued_bytes_ += batch.bytes();
    jobs_.push_back({std::move(batch), std::move(done)});
  }
  changed_.notify_all();
}

void Recorder::flush() {
  std::unique_lock lock(mutex_);
  flushing_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return jobs_.empty() && !busy_; });
  flushing_ = false;
}

/// The next commit's batches; none when it is time to end.
std::vector<Recorder::Job> Recorder::take() {
  std::vector<Job> taken;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
  changed_.wait_for(lock, options_.gather,
                    [this] { return stopping_ || flushing_ || queued_rows_ >= options_.commit_rows; });
  std::size_t rows = 0;
  while (!jobs_.empty() && (taken.empty() || rows + jobs_.front().batch.size() <= options_.commit_rows)) {
    rows += jobs_.front().batch.size();
    queued_bytes_ -= jobs_.front().batch.bytes();
    taken.push_back(std::move(jobs_.front()));
    jobs_.pop_front();
  }
  queued_rows_ -= rows;
  busy_ = !taken.empty();
  return taken;
}

void Recorder::run() {
  for (;;) {
    std::vector<Job> taken = take();
    if (taken.empty()) return;
    changed_.notify_all();
    std::exception_ptr failure;
    try {
      commit_again_and_again(taken);
    } catch (...) {
      failure = std::current_exception();
    }
    away_ = false;
    tell(taken, failure);
    {
      const std::lock_guard guard(mutex_);
      busy_ = false;
    }
    changed_.notify_all();
  }
}

void Recorder::tell(std::vector<Job>& jobs, const std::exception_ptr& failure) {
  for (Job& job : jobs)
    if (job.done) std::exchange(job.done, nullptr)(failure ? Ack{} : job.ack, failure);
}

/// Of what is queued, nothing was sent anywhere.
void Recorder::tell_queued(const std::exception_ptr& failure) {
  std::vector<Job> jobs;
  {
    const std::lock_guard guard(mutex_);
    jobs.assign(std::make_move_iterator(jobs_.begin()), std::make_move_iterator(jobs_.end()));
    jobs_.clear();
    queued_rows_ = queued_bytes_ = 0;
  }
  changed_.notify_all();
  tell(jobs, failure);
}

/// False when there is no use in waiting: the recorder ends.
bool Recorder::pause_before(int attempt) {
  const int longest = options_.holds_on ? 1 : 4;
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, std::chrono::seconds(1 << std::min(attempt - 2, longest)),
                            [this] { return stopping_ && options_.holds_on; });
}

/// The rows of a commit that was cut off may be there. So they are not dropped when their producers were told
/// that it failed: sent again by those, they are then duplicates, counted as such.
void Recorder::commit_again_and_again(std::vector<Job>& jobs) {
  std::vector<Micros> tried;
  for (int attempt = 1;; ++attempt) {
    try {
      // A commit that cannot be made is not listed as begun: outages are long, and reports read that list.
      if (attempt > 1) store_.cluster().query("SELECT 1");
      commit(jobs, tried);
      for (const Micros stamp : tried) cut_off_.erase(stamp);
      return;
    } catch (const LostConnection&) {
      away_ = options_.holds_on;
      if (attempt >= options_.attempts) {
        if (!options_.holds_on) throw;
        tell(jobs, std::current_exception());
        tell_queued(std::current_exception());
      }
      if (!pause_before(attempt + 1)) throw;
    }
  }
}

void Recorder::commit(std::vector<Job>& jobs, std::vector<Micros>& tried) {
  constexpr const char* kColumns = "(stamp, writer, begun, ended)";
  std::vector<const Batch*> batches;
  for (const Job& job : jobs) batches.push_back(&job.batch);
  if (own_tables_) throw own_tables_are_read_only();
  Client& home = store_.cluster().home();
  const Micros begun = now_micros();
  const Micros stamp = std::max({begun, last_ + 1, store_.last_stamp(last_) + 1});
  last_ = stamp;
  cut_off_.insert(stamp);
  tried.push_back(stamp);
  home.insert("commits", kColumns, fmt::format("{}\t{}\t{}\t0\n", stamp, writer_, begun));
  erased_.read(home);  // after the commit is listed: an erasure waits for those listed before it
  const RetentionDays retention = store_.retention();
  Commit commit(store_, {.stamp = stamp,
                         .now = begun,
                         .newest = options_.newest,
                         .oldest = options_.oldest,
                         .retention = &retention,
                         .erased = &erased_,
                         .cut_off = &cut_off_});
  commit.look_up(batches);
  for (Job& job : jobs) commit.add(job.batch, job.ack);
  commit.send();
  home.insert("counter", "(recorded_at, name, detail, count)", commit.counter_rows());
  if (const std::string rows = commit.delivery_rows(); !rows.empty())
    home.insert("delivery", "(recorded_at, source, hour, rows, late_hour, late_day, late_week, future, lead)",
                rows);
  home.insert("commits", kColumns, fmt::format("{}\t{}\t{}\t{}\n", stamp, writer_, begun, now_micros()));
}

}  // namespace liftmark::clickhouse
