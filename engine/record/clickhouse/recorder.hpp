#pragma once
// Recording into ClickHouse. A commit looks up which ids are known, inserts the others on the shards of their
// units, and says in the list of commits when it begins and when it has ended.
//
// When a server breaks off, what was sent may be there or not. The commit stays in the list as begun and not
// ended, and is made again: the rows found are not sent again, and reports count an id of such a commit once
// (Store::commits). So nothing is lost, and nothing counts twice, whatever the server merges or forgets.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/definition/retention.hpp"
#include "engine/record/batch_sink.hpp"
#include "engine/record/clickhouse/removals.hpp"
#include "engine/record/clickhouse/store.hpp"

namespace liftmark::clickhouse {

struct RecorderOptions {
  std::size_t commit_rows = 262'144;     ///< rows gathered for one commit; ClickHouse likes few large inserts
  std::size_t queue_bytes = 256u << 20;  ///< above it, or two commits' rows, producers wait or are told so
  std::chrono::milliseconds gather{200};   ///< waited for further rows before a commit begins
  Micros newest = 600 * kMicrosPerSecond;  ///< event times after now + newest are rejected
  Micros oldest = 400 * kMicrosPerDay;     ///< before now - oldest too, unless the batch says otherwise
  int attempts = 6;       ///< pauses of 1, 2, 4 .. s between them; then producers get the error
  bool holds_on = false;  ///< after that the rows are tried until they are in; new ones are refused meanwhile
};

/// One writer thread, as liftmark::Recorder. The Store must outlive it and is used by nobody else meanwhile.
/// The destructor records what is queued. While the catalog maps own tables, all batches fail with
/// Error{usage}.
class Recorder final : public BatchSink {
 public:
  explicit Recorder(Store& store, RecorderOptions options = {});
  ~Recorder() override;
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  void submit(Batch batch, Done done) override;
  /// False, too, while a server does not answer.
  bool try_submit(Batch& batch, Done done) override;
  void flush() override;
  /// Another catalog is in force. Retention periods are asked for before every commit, whoever sets them.
  void follow(std::string_view catalog);
  /// The last commit found all servers.
  bool reached() const noexcept { return !away_; }

 private:
  struct Job {
    Batch batch;
    Done done;  ///< empty once it was called
    Ack ack{};
  };
  void run();
  void push(Batch batch, Done done);
  bool full(std::size_t rows, std::size_t bytes) const;
  std::vector<Job> take();
  void commit_again_and_again(std::vector<Job>& jobs);
  void commit(std::vector<Job>& jobs, std::vector<Micros>& tried);
  void tell(std::vector<Job>& jobs, const std::exception_ptr& failure);
  void tell_queued(const std::exception_ptr& failure);
  bool pause_before(int attempt);

  Store& store_;
  RecorderOptions options_;
  std::string writer_;
  ErasedUnits erased_;
  Micros last_ = 0;           ///< stamp of the commit before
  std::set<Micros> cut_off_;  ///< own commits without an answer
  std::atomic<bool> away_{false}, own_tables_{false};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::size_t queued_rows_ = 0, queued_bytes_ = 0;
  bool flushing_ = false, stopping_ = false, busy_ = false;
  std::thread thread_;
};

}  // namespace liftmark::clickhouse
