#pragma once
// What a store knows of units before an arm is given: consents, links and kept arms, by keyed hash of the id.
// StoredUnits reads it once, UnitFacts keeps it up to date. Internal to engine/record; not thread-safe.

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "assign/assignment.hpp"
#include "engine/record/database.hpp"
#include "engine/record/hashing.hpp"
#include "engine/record/unit_key.hpp"

namespace liftmark {

class KnownUnits {
 public:
  /// The hashes stay in memory: `secret` need not be the store's. `door` is: units are asked for by their own
  /// ids.
  KnownUnits(const Secret& secret, UnitDoor door) : secret_(secret), door_(std::move(door)) {}

  KnownUnits(KnownUnits&&) = default;  // arms point into the moved set's nodes, which stay
  KnownUnits(const KnownUnits&) = delete;
  KnownUnits& operator=(const KnownUnits&) = delete;

  /// Takes in what was recorded since the last call; after an erasure or a link everything anew. Throws
  /// Error(storage); kept arms that alone cannot be read are no error: see sticky_unreadable().
  void read(Database& database);

  /// As last said: the latest `at` counts, then the latest recorded. Without a word `granted`, or `unknown`
  /// where the store asks for consent.
  assign::Consent consent(std::string_view unit) const;
  /// One arm an experiment: the first ever kept by the unit or by an id linked with it.
  std::vector<assign::StickyArm> kept(std::string_view unit) const;
  /// Adds an arm; false when the unit, or one linked with it, has one in the experiment already.
  bool keep(std::string_view unit, std::string_view experiment, int epoch, std::string_view arm);

  assign::Consent silent() const noexcept { return silent_; }
  bool any_consent() const noexcept { return !consents_.empty(); }
  bool any_kept() const noexcept { return !kept_.empty(); }
  bool sticky_unreadable() const noexcept { return sticky_unreadable_; }

 private:
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept { return static_cast<std::size_t>(key.low); }
  };
  struct Said {
    Micros at = 0;
    bool granted = false;
  };

  /// Of an id as the store keeps it.
  Key key_of(std::string_view stored) const noexcept { return secret_.key(KeySpace::unit, stored); }
  const Key& canonical(const Key& key) const;
  bool keep(const Key& unit, std::string_view experiment, int epoch, std::string_view arm);
  void forget_if_changed(Database& database);
  void read_consents(Database& database);
  void read_links_by_key(Database& database);
  void read_kept(Database& database);

  Secret secret_;
  UnitDoor door_;
  assign::Consent silent_ = assign::Consent::granted;
  std::unordered_map<Key, Said, KeyHash> consents_;
  std::unordered_map<Key, Key, KeyHash> links_;  ///< to the unit at the end of the chain
  std::unordered_map<Key, std::vector<assign::StickyArm>, KeyHash> kept_;
  std::set<std::string, std::less<>> texts_;  ///< keys of experiments and arms: few, and their addresses stay
  std::int64_t last_consent_ = 0, erasures_ = -1, last_link_ = -1, kept_rows_ = 0;
  bool sticky_unreadable_ = false;
};

}  // namespace liftmark
