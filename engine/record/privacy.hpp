#pragma once
// One person's data: consent, links, erasure, retention. Every act is on the audit log, without identity.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/record/recorder.hpp"

namespace liftmark {

/// Records a unit's consent for a purpose ("measurement" is the one recording and reports ask for). History
/// is kept; the latest `at` counts. Unknown units are remembered. Throws Error(data) for an erased unit, as
/// link_units does. `at` unset: now.
void set_consent(Recorder& recorder, std::string_view unit, std::string_view purpose, bool granted,
                 std::optional<Micros> at = {});
/// Whether units without any consent are recorded (default) or refused.
void require_consent(Recorder& recorder, bool required);

/// From `at` on (unset: now), the anonymous unit's rows, past ones too, stand under `unit`. Throws
/// Error(usage) when both are the same.
void link_units(Recorder& recorder, std::string_view anonymous, std::string_view unit,
                std::optional<Micros> at = {});

/// Events of `type` older than `days` (> 0) are refused from now on and removed by purge(). 0: kept for ever.
/// A catalog that changes the type's days overrules it.
void set_retention(Recorder& recorder, std::string_view type, int days);
/// Removes events past the retention of their type. Returns how many.
std::int64_t purge(Recorder& recorder);

struct Erasure {
  std::int64_t units = 0;  ///< the unit and the anonymous ones linked to it; 0: no such unit, nothing to do
  std::int64_t rows = 0;   ///< exposures and events removed
  bool finished =
      false;  ///< false: pending, because a reader still holds old bytes; run finish_erasures() later
};
/// Removes one person, the unit and the anonymous ones linked to it: hidden at once; rows, ids, consent,
/// links and catalog overrides removed from the file and the write-ahead log. A keyed hash of the id is kept,
/// only to refuse what a client sends again.
Erasure erase(Recorder& recorder, std::string_view unit);
/// Carries pending erasures to their end; returns how many are still pending.
std::int64_t finish_erasures(Recorder& recorder);

/// A unit's first arm of a sticky experiment.
struct KeptArm {
  std::string unit, experiment;
  int epoch = 1;
  std::string arm;
};
/// Records first arms in one commit; of two for the same unit, experiment and epoch the first is kept.
void keep_sticky_arms(Recorder& recorder, const std::vector<KeptArm>& arms);

}  // namespace liftmark
