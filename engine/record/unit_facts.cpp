#include "engine/record/unit_facts.hpp"

#include <mutex>
#include <utility>

#include "engine/record/known_units.hpp"
#include "engine/record/writer_state.hpp"

namespace liftmark {

struct UnitFacts::State {
  State(Recorder* owner, UnitDoor door) : recorder(owner), known(Secret::random(), std::move(door)) {}
  Recorder* recorder;  ///< null: nobody keeps anything
  mutable std::shared_mutex mutex;
  KnownUnits known;
  // So that a shop without consents and sticky experiments takes no lock.
  std::atomic<bool> any_consent{false}, any_kept{false}, sticky_unreadable{false};
  std::atomic<assign::Consent> silent{assign::Consent::granted};
};

UnitFacts::UnitFacts() : state_(std::make_unique<State>(nullptr, UnitDoor())) {
  state_->sticky_unreadable = true;
}
UnitFacts::UnitFacts(Recorder& recorder) {
  recorder.exclusive([&](Store& store) { state_ = std::make_unique<State>(&recorder, store.state().door); });
  refresh();
}
UnitFacts::~UnitFacts() = default;

void UnitFacts::refresh() {
  if (state_->recorder == nullptr) return;
  state_->recorder->exclusive([this](Store& store) {
    const std::unique_lock lock(state_->mutex);
    state_->known.read(store.state().database);
    state_->any_consent = state_->known.any_consent();
    state_->any_kept = state_->known.any_kept();
    state_->sticky_unreadable = state_->known.sticky_unreadable();
    state_->silent = state_->known.silent();
  });
}

assign::Consent UnitFacts::consent(std::string_view unit) const {
  if (!state_->any_consent) return state_->silent;
  const std::shared_lock lock(state_->mutex);
  return state_->known.consent(unit);
}

std::vector<assign::StickyArm> UnitFacts::kept_arms(std::string_view unit) const {
  if (!state_->any_kept) return {};
  const std::shared_lock lock(state_->mutex);
  return state_->known.kept(unit);
}

bool UnitFacts::sticky_unreadable() const noexcept {
  return state_->sticky_unreadable;
}

bool UnitFacts::keep(std::string_view unit, std::string_view experiment, int epoch, std::string_view arm) {
  if (state_->recorder == nullptr) return false;
  const std::unique_lock lock(state_->mutex);
  const bool first = state_->known.keep(unit, experiment, epoch, arm);
  state_->any_kept = true;
  return first;
}

}  // namespace liftmark
