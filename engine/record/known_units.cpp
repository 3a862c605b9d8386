#include "engine/record/known_units.hpp"

#include <limits>

#include "engine/definition/error.hpp"
#include "engine/record/links.hpp"

namespace liftmark {

void KnownUnits::read(Database& database) {
  Statement required(database, "SELECT value FROM setting WHERE name = 'consent_required'");
  silent_ = required.step() && required.integer(0) != 0 ? assign::Consent::unknown : assign::Consent::granted;
  forget_if_changed(database);
  read_consents(database);
  try {
    read_kept(database);
    sticky_unreadable_ = false;
  } catch (const Error&) {
    kept_.clear();
    kept_rows_ = 0;
    sticky_unreadable_ = true;
  }
}

/// Erased units must not stay in memory, and a link may join what two units kept.
void KnownUnits::forget_if_changed(Database& database) {
  const std::int64_t erasures = database.integer("SELECT count(*) FROM erasure");
  const std::int64_t last_link = database.integer("SELECT ifnull(max(seq), 0) FROM link");
  if (erasures == erasures_ && last_link == last_link_) return;
  consents_.clear();
  links_.clear();
  kept_.clear();
  last_consent_ = kept_rows_ = 0;
  read_links_by_key(database);
  erasures_ = erasures;
  last_link_ = last_link;
}

void KnownUnits::read_consents(Database& database) {
  Statement rows(database,
                 "SELECT c.seq, u.id, c.granted, c.at FROM consent c JOIN unit u USING(unit) "
                 "WHERE c.purpose = 'measurement' AND c.seq > ?1 ORDER BY c.seq");
  rows.bind(1, last_consent_);
  while (rows.step()) {
    last_consent_ = rows.integer(0);
    const auto [said, first] = consents_.try_emplace(key_of(rows.text(1)));
    if (first || rows.integer(3) >= said->second.at) said->second = {rows.integer(3), rows.integer(2) != 0};
  }
}

void KnownUnits::read_links_by_key(Database& database) {
  std::unordered_map<UnitIndex, Key> keys;
  Statement ids(
      database,
      "SELECT unit, id FROM unit WHERE unit IN (SELECT unit FROM link UNION SELECT anonymous FROM link)");
  while (ids.step()) keys.emplace(static_cast<UnitIndex>(ids.integer(0)), key_of(ids.text(1)));
  for (const auto& [from, to] : read_links(database, std::numeric_limits<Micros>::max()))
    if (keys.contains(from) && keys.contains(to)) links_[keys[from]] = keys[to];
}

void KnownUnits::read_kept(Database& database) {
  const std::int64_t rows = database.integer("SELECT count(*) FROM sticky");
  if (rows == kept_rows_) return;
  Statement arms(database,
                 "SELECT u.id, s.experiment, s.epoch, s.arm FROM sticky s JOIN unit u USING(unit) "
                 "ORDER BY s.recorded_at, s.epoch");
  while (arms.step())
    keep(key_of(arms.text(0)), arms.text(1), static_cast<int>(arms.integer(2)), arms.text(3));
  kept_rows_ = rows;
}

const Key& KnownUnits::canonical(const Key& key) const {
  const auto linked = links_.find(key);
  return linked == links_.end() ? key : linked->second;
}

assign::Consent KnownUnits::consent(std::string_view unit) const {
  const auto found = consents_.find(key_of(door_.stored(unit)));
  if (found == consents_.end()) return silent_;
  return found->second.granted ? assign::Consent::granted : assign::Consent::denied;
}

std::vector<assign::StickyArm> KnownUnits::kept(std::string_view unit) const {
  const auto found = kept_.find(canonical(key_of(door_.stored(unit))));
  return found == kept_.end() ? std::vector<assign::StickyArm>() : found->second;
}

bool KnownUnits::keep(std::string_view unit, std::string_view experiment, int epoch, std::string_view arm) {
  return keep(key_of(door_.stored(unit)), experiment, epoch, arm);
}

bool KnownUnits::keep(const Key& unit, std::string_view experiment, int epoch, std::string_view arm) {
  auto& arms = kept_[canonical(unit)];
  for (const assign::StickyArm& one : arms)
    if (one.experiment == experiment) return false;
  arms.push_back({*texts_.emplace(experiment).first, epoch, *texts_.emplace(arm).first});
  return true;
}

}  // namespace liftmark
