#pragma once
// Stored segments: which segments a unit is in, kept in the store for audiences.

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/record/recorder.hpp"
#include "engine/record/unit_key.hpp"

namespace liftmark {

/// All segments of all units at one date. Many units are in the same segments, so each distinct set of names
/// stands once.
struct SegmentSets {
  Micros date = 0;     ///< what happened before it was known
  std::string method;  ///< how the segments were made, with their cut points: JSON
  std::vector<std::vector<std::string>> sets;
  std::vector<UnitIndex> unit;
  std::vector<std::uint32_t> set;  ///< of each unit, into `sets`
};

/// Replaces whatever segments the store held, in one transaction, and notes it in the audit log.
void put_segments(Recorder& recorder, const SegmentSets& segments);

class Database;
/// Takes one unit out of all segments; part of its erasure, in the caller's transaction.
void forget_segments(Database& database, UnitIndex unit);

/// A store's segments in memory, by unit id; an anonymous id that was linked has those of its user.
class StoredSegments {
 public:
  StoredSegments() = default;  ///< of no store: nobody is in a segment
  /// Throws Error(storage) when the file is no store, or keeps hashed ids and its key is not there. A store
  /// without segments has none of anybody.
  explicit StoredSegments(const std::filesystem::path& store);
  StoredSegments(StoredSegments&&) = default;  // views point into the moved maps' nodes, which stay
  StoredSegments& operator=(StoredSegments&&) = default;

  /// Whether reading them again would give the same: no new segments, links or erasures since.
  bool is_current() const;
  /// The unit's segments; empty for an unknown one. Valid as long as this.
  std::span<const std::string_view> of(std::string_view unit) const;
  Micros date() const noexcept { return date_; }
  const std::string& method() const noexcept { return method_; }
  std::size_t units() const noexcept { return by_unit_.size(); }

 private:
  UnitDoor door_;
  std::filesystem::path store_;
  std::string stamp_;  ///< of what they depend on
  Micros date_ = 0;
  std::string method_;
  std::map<std::int64_t, std::vector<std::string>> names_;
  std::map<std::int64_t, std::vector<std::string_view>> views_;
  std::map<std::string, std::int64_t, std::less<>> by_unit_;
};

}  // namespace liftmark
