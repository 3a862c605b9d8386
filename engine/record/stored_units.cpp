#include "engine/record/stored_units.hpp"

#include "engine/record/known_units.hpp"
#include "engine/record/schema.hpp"

namespace liftmark {
namespace {

KnownUnits units_of(const std::filesystem::path& path) {
  Database database(path, Database::Mode::read);
  check_schema(database);
  KnownUnits known(Secret::random(), UnitDoor::of(database));
  const Transaction snapshot(database, false);
  known.read(database);
  return known;
}

}  // namespace

struct StoredUnits::State {
  KnownUnits known;
};

StoredUnits::StoredUnits(const std::filesystem::path& path)
    : state_(std::make_unique<const State>(State{units_of(path)})) {}
StoredUnits::~StoredUnits() = default;

StoredUnit StoredUnits::find(std::string_view unit) const {
  return {.consent = state_->known.consent(unit), .kept = state_->known.kept(unit)};
}

bool StoredUnits::sticky_unreadable() const noexcept {
  return state_->known.sticky_unreadable();
}

}  // namespace liftmark
