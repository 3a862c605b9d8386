#pragma once
// One commit of the recorder: what is known already, what is new, and the rows to send. Internal to it.

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/definition/retention.hpp"
#include "engine/record/batch.hpp"
#include "engine/record/clickhouse/removals.hpp"
#include "engine/record/clickhouse/store.hpp"

namespace liftmark::clickhouse {

struct CommitRules {
  Micros stamp = 0;
  Micros now = 0, newest = 0, oldest = 0;
  const RetentionDays* retention = nullptr;
  const ErasedUnits* erased = nullptr;
  /// Own commits that were cut off: their rows are new in this one, and not sent again.
  const std::set<Micros>* cut_off = nullptr;
};

class Commit {
 public:
  Commit(Store& store, const CommitRules& rules)
      : store_(store), rules_(rules), rows_(store.cluster().size()) {}

  /// Asks the shards which of the batches' ids and first exposures they know.
  void look_up(const std::vector<const Batch*>& batches);
  /// Decides row by row, in order, and notes the rows to send.
  void add(const Batch& batch, Ack& ack);
  /// Sends them. Counts come last, with the end of the commit.
  void send();
  std::string counter_rows() const;
  std::string delivery_rows() const;

 private:
  struct Known {
    std::uint32_t content = 0;
    bool sent = true;    ///< its row is there
    bool fresh = false;  ///< by a commit of this writer that was cut off
    bool repeat = false;
  };
  struct Moment {
    Micros at = 0, recorded_at = 0;
  };
  struct ShardRows {
    std::string events, exposures;
  };
  void look_up_ids(const std::vector<const Batch*>& batches, bool exposures);
  void look_up_first(const std::vector<const Batch*>& batches);
  bool past_retention(const Batch& batch, const Batch::Row& row) const;
  Outcome add_row(const Batch& batch, const Batch::Row& row);
  bool lowers(const Batch& batch, const Batch::Row& row, Micros recorded_at);
  void write(const Batch& batch, const Batch::Row& row, Micros recorded_at, bool repeat);
  void count(Outcome outcome, Rejection rejection, const std::string& source, Ack& ack);

  Store& store_;
  CommitRules rules_;
  std::array<std::unordered_map<std::string, Known>, 2> ids_;  ///< of events, of exposures
  std::unordered_map<std::string, Moment> first_;              ///< by experiment, epoch, arm and unit
  std::vector<ShardRows> rows_;
  std::map<std::pair<std::string, std::string>, std::int64_t> counters_;
  std::map<std::pair<std::string, std::int64_t>, Delivery> deliveries_;  ///< by source and hour
};

}  // namespace liftmark::clickhouse
