#pragma once
// The log of what was done to a store: acts, never identities.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/record/recorder.hpp"

namespace liftmark {

struct AuditEntry {
  Micros recorded_at = 0;
  std::string act, detail;
};

/// Adds an entry. `detail` must not hold a unit's id.
void write_audit(Recorder& recorder, std::string_view act, std::string_view detail);
/// The newest `most` entries, newest first.
std::vector<AuditEntry> read_audit(const std::filesystem::path& store, std::size_t most);

}  // namespace liftmark
