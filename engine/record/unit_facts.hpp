#pragma once
// What assignment must know of a unit before it decides: its consent and the arms it keeps. Held in memory
// by the service, under keyed hashes of the ids, and kept up to date, so that a decision never waits for the
// disk. A command that only reads uses StoredUnits.

#include <atomic>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "assign/assignment.hpp"
#include "engine/record/recorder.hpp"

namespace liftmark {

/// Thread-safe. The Recorder must outlive it.
class UnitFacts {
 public:
  /// Of a store that keeps none: everybody consents, kept arms are unreadable.
  UnitFacts();
  /// Reads everything there is. Throws Error(storage) when the store cannot be read.
  explicit UnitFacts(Recorder& recorder);
  ~UnitFacts();
  UnitFacts(const UnitFacts&) = delete;
  UnitFacts& operator=(const UnitFacts&) = delete;

  /// Takes in what was recorded since. Waits for the writer.
  void refresh();

  /// What assignment may assume: `denied` or `granted` as last said; without a word `granted`, or `unknown`
  /// where the store asks for consent.
  assign::Consent consent(std::string_view unit) const;
  /// The arms the unit keeps, or an id linked with it kept: one an experiment, the first ever. Views are
  /// valid as long as this object.
  std::vector<assign::StickyArm> kept_arms(std::string_view unit) const;
  /// The kept arms could not be read: Context::sticky_unreadable has to say so.
  bool sticky_unreadable() const noexcept;
  /// Keeps an arm in memory until the store has it; false when the unit has one already, or when they
  /// are unreadable.
  bool keep(std::string_view unit, std::string_view experiment, int epoch, std::string_view arm);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace liftmark
