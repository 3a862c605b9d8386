#include "engine/record/stored_units.hpp"

#include <limits>
#include <set>
#include <string>
#include <unordered_map>

#include "engine/definition/error.hpp"
#include "engine/record/database.hpp"
#include "engine/record/links.hpp"
#include "engine/record/schema.hpp"
#include "engine/record/unit_key.hpp"

namespace liftmark {
namespace {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
};

}  // namespace

/// Only units with a consent, a link or a kept arm are held: the others have nothing to tell.
struct StoredUnits::State {
  explicit State(const std::filesystem::path& path) {
    Database database(path, Database::Mode::read);
    check_schema(database);
    door = UnitDoor::of(database);
    const Transaction snapshot(database, false);
    Statement required(database, "SELECT value FROM setting WHERE name = 'consent_required'");
    if (required.step() && required.integer(0) != 0) silent = assign::Consent::unknown;
    read_ids(database);
    read_consents(database);
    links = read_links(database, std::numeric_limits<Micros>::max());
    try {
      read_kept(database);
    } catch (const Error&) {
      kept.clear();
      sticky_unreadable = true;
    }
  }

  void read_ids(Database& database) {
    Statement rows(
        database,
        "SELECT unit, id FROM unit WHERE unit IN (SELECT unit FROM consent UNION SELECT unit FROM link "
        "UNION SELECT anonymous FROM link)");
    while (rows.step()) ids.emplace(rows.text(1), static_cast<UnitIndex>(rows.integer(0)));
  }

  void read_consents(Database& database) {
    Statement rows(database, "SELECT unit, granted FROM consent WHERE purpose = 'measurement' ORDER BY seq");
    while (rows.step()) {
      consents[static_cast<UnitIndex>(rows.integer(0))] =
          rows.integer(1) != 0 ? assign::Consent::granted : assign::Consent::denied;
    }
  }

  void read_kept(Database& database) {
    Statement rows(database,
                   "SELECT s.unit, u.id, s.experiment, s.epoch, s.arm FROM sticky s JOIN unit u USING(unit) "
                   "ORDER BY s.recorded_at, s.epoch");
    while (rows.step()) {
      const auto unit = static_cast<UnitIndex>(rows.integer(0));
      ids.emplace(rows.text(1), unit);
      const std::string_view experiment = *texts.emplace(rows.text(2)).first;
      auto& arms = kept[canonical(links, unit)];
      bool first = true;
      for (const assign::StickyArm& earlier : arms) first = first && earlier.experiment != experiment;
      if (first)
        arms.push_back({experiment, static_cast<int>(rows.integer(3)), *texts.emplace(rows.text(4)).first});
    }
  }

  UnitDoor door;
  assign::Consent silent = assign::Consent::granted;
  bool sticky_unreadable = false;
  Links links;
  std::unordered_map<std::string, UnitIndex, TextHash, std::equal_to<>> ids;
  std::unordered_map<UnitIndex, assign::Consent> consents;
  std::unordered_map<UnitIndex, std::vector<assign::StickyArm>>
      kept;                                  ///< by the unit at the end of the links
  std::set<std::string, std::less<>> texts;  ///< keys; addresses stay
};

StoredUnits::StoredUnits(const std::filesystem::path& path) : state_(std::make_unique<const State>(path)) {}
StoredUnits::~StoredUnits() = default;

StoredUnit StoredUnits::find(std::string_view unit) const {
  StoredUnit stored{.consent = state_->silent, .kept = {}};
  const auto known = state_->ids.find(state_->door.stored(unit));
  if (known == state_->ids.end()) return stored;
  const auto consent = state_->consents.find(known->second);
  if (consent != state_->consents.end()) stored.consent = consent->second;
  const auto kept = state_->kept.find(canonical(state_->links, known->second));
  if (kept != state_->kept.end()) stored.kept = kept->second;
  return stored;
}

bool StoredUnits::sticky_unreadable() const noexcept {
  return state_->sticky_unreadable;
}

}  // namespace liftmark
