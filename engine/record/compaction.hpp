#pragma once
// Closed days become blocks sorted by unit; small blocks become large ones. Reports read the same numbers
// before, during and after.

#include <cstdint>
#include <functional>
#include <optional>

#include "engine/record/recorder.hpp"
#include "engine/record/store.hpp"

namespace liftmark {

struct CompactionOptions {
  std::optional<Micros> now{};  ///< unset: the clock's; days that ended an hour before it are closed
  double late_share = 0.05;     ///< late events above this share of a part have it rewritten
  std::function<void(double)> progress{};  ///< share done, in [0, 1]
};

struct CompactionResult {
  std::int64_t events = 0;  ///< rows that now lie sorted
  std::int64_t exposures = 0;
  std::int64_t left_open = 0;  ///< events of days not closed yet, and few late ones
};

/// Compacts in steps of at most 8 MB each; recording goes on between them. Can be stopped at any point
/// without harm.
CompactionResult compact(Recorder& recorder, const CompactionOptions& options = {});

}  // namespace liftmark
