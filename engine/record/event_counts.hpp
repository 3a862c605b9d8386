#pragma once
// How many events each unit has, from the column of units alone: a fraction of what reading the events costs.
// Who asks for units with many events looks at those few only.

#include <cstdint>
#include <vector>

#include "engine/record/reader.hpp"

namespace liftmark {

class EventCounts {
 public:
  /// Counts what this reader's store holds and was not counted by an earlier call; everything anew after rows
  /// were rewritten or people linked. Events of every type and time count, also those that the reader leaves
  /// out, so that what is counted is never too little. 2 bytes a unit. Throws as Reader does.
  void update(const Reader& reader);
  /// Units with more events than this (at most 65,534), ascending.
  std::vector<UnitIndex> above(std::uint16_t most) const;

 private:
  StorePosition counted_;
  std::vector<std::uint16_t> events_;  ///< by unit; stays at 65,535
};

}  // namespace liftmark
