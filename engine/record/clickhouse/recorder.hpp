#pragma once
// Recording into ClickHouse. A commit looks up which ids are known, inserts the others on the shards of their
// units, and says in the list of commits when it begins and when it has ended.
//
// When a server breaks off, what was sent may be there or not. The commit stays in the list as begun and not
// ended, and is made again: the rows found are not sent again, and reports count an id of such a commit once
// (Store::commits). So nothing is lost, and nothing counts twice, whatever the server merges or forgets.

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
  std::size_t commit_rows = 262'144;  ///< rows gathered for one commit; ClickHouse likes few large inserts
  Micros newest = 600 * kMicrosPerSecond;  ///< event times after now + newest are rejected
  Micros oldest = 400 * kMicrosPerDay;     ///< before now - oldest too, unless the batch says otherwise
  int attempts = 6;                        ///< pauses of 1, 2, 4 .. s between them
};

/// One writer thread, as liftmark::Recorder. The Store must outlive it and is used by nobody else meanwhile.
class Recorder final : public BatchSink {
 public:
  explicit Recorder(Store& store, RecorderOptions options = {});
  ~Recorder() override;
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  void submit(Batch batch, Done done) override;
  void flush() override;

 private:
  struct Job {
    Batch batch;
    Done done;
    Ack ack{};
  };
  void run();
  void commit_again_and_again(std::vector<Job>& jobs);

  Store& store_;
  RecorderOptions options_;
  std::string writer_;
  RetentionDays retention_;  ///< in force when recording began
  ErasedUnits erased_;
  std::set<Micros> cut_off_;  ///< own commits without an answer
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::size_t queued_rows_ = 0;
  bool flushing_ = false, stopping_ = false, busy_ = false;
  std::thread thread_;
};

}  // namespace liftmark::clickhouse
