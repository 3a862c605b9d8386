#pragma once
// What assignment must know of a unit, read from a store without writing to it: consent, and the arms it
// keeps. Looking enrols nobody; `keep_sticky_arms` (privacy.hpp) does.

#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "assign/assignment.hpp"

namespace liftmark {

/// A unit as the store knows it. An unknown unit has said nothing and keeps nothing.
struct StoredUnit {
  /// `granted` or `denied` for measurement, as last said; without a word `granted`, or `unknown` where the
  /// store asks for consent.
  assign::Consent consent = assign::Consent::granted;
  /// One arm an experiment, the first ever kept by the unit or by an id linked with it: so a user keeps what
  /// the anonymous visitor saw. Views are valid as long as the StoredUnits.
  std::vector<assign::StickyArm> kept;
};

/// The store's consents, kept arms and links as of its last commit. Thread-safe to read from.
class StoredUnits {
 public:
  /// Throws Error(storage) when the store cannot be read, or keeps hashed ids and its key is not there. Kept
  /// arms that alone cannot be read are no error: see `sticky_unreadable`.
  explicit StoredUnits(const std::filesystem::path& path);
  ~StoredUnits();
  StoredUnits(const StoredUnits&) = delete;
  StoredUnits& operator=(const StoredUnits&) = delete;

  StoredUnit find(std::string_view unit) const;
  /// The kept arms could not be read: `find` gives none, and Context::sticky_unreadable has to say so.
  bool sticky_unreadable() const noexcept;

 private:
  struct State;
  std::unique_ptr<const State> state_;
};

}  // namespace liftmark
