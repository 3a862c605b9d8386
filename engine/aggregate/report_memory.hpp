#pragma once
// What reports leave behind in a process that makes many of them, so that the next one looks only at the
// units with news. See docs/performance.md for what it saves.
//
// A kept state holds unit indices and sums, values of units whose metrics have a percentile cap, and packed
// the events that decide units' numbers (acted_events.hpp), so that what a unit did before need not be read
// again when something new comes; no ids. Beside the states stands how many events each unit of the store
// has. It is used only while the store continues what it read: not after a compaction, an erasure, a purge,
// another catalog, or a change of links or consent; then the report is made anew and the state is replaced.

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/record/event_counts.hpp"

namespace liftmark {

struct Measured;
struct Question;

struct ReportMemoryOptions {
  std::size_t bytes = std::size_t{384} << 20;  ///< at most; what was used longest ago goes first
  /// Of one question's events; with more of them units with news are read from the store again.
  std::size_t event_bytes = std::size_t{256} << 20;
  double most_changed = 0.3;  ///< share of units with news above which everything is read
};

/// Thread-safe. One state a question; of two reports at once on the same question one is made anew.
class ReportMemory {
 public:
  explicit ReportMemory(ReportMemoryOptions options = {});
  ~ReportMemory();
  ReportMemory(const ReportMemory&) = delete;
  ReportMemory& operator=(const ReportMemory&) = delete;

  /// The answer out of what an earlier report on the same question left; nothing when there is none or it has
  /// to be made anew. Used up by the call.
  std::unique_ptr<Measured> recall(const Question& question);
  void keep(const Question& question, std::unique_ptr<Measured> measured);
  void forget();
  const ReportMemoryOptions& options() const noexcept { return options_; }
  /// Units with more events than this, ascending; only blocks that came since the last call are read.
  std::vector<UnitIndex> busy_units(const Reader& reader, std::uint16_t most);
  /// How many answers came out of earlier ones.
  std::size_t recalled() const;

 private:
  struct Entry;
  ReportMemoryOptions options_;
  std::mutex counts_mutex_;
  EventCounts counts_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  ///< the last used in front
  std::size_t recalled_ = 0;
};

}  // namespace liftmark
