#include "engine/record/unit_facts.hpp"

#include <limits>
#include <mutex>
#include <set>
#include <unordered_map>

#include "engine/record/links.hpp"
#include "engine/record/writer_state.hpp"

namespace liftmark {
namespace {

struct KeyHash {
  std::size_t operator()(const Key& key) const noexcept { return static_cast<std::size_t>(key.low); }
};

struct Kept {
  const std::string* experiment = nullptr;
  const std::string* arm = nullptr;
  int epoch = 1;
};

}  // namespace

struct UnitFacts::State {
  explicit State(Recorder& owner) : recorder(owner) {}

  /// Of an id as the store keeps it.
  Key key_of(std::string_view stored) const noexcept { return secret.key(KeySpace::unit, stored); }
  /// Of an id as it is asked for.
  Key asked_key(std::string_view unit) const { return key_of(door.stored(unit)); }

  void read_consents(Database& database) {
    Statement rows(database,
                   "SELECT c.seq, u.id, c.granted FROM consent c JOIN unit u USING(unit) "
                   "WHERE c.purpose = 'measurement' AND c.seq > ?1 ORDER BY c.seq");
    rows.bind(1, last_consent);
    while (rows.step()) {
      last_consent = rows.integer(0);
      consents[key_of(rows.text(1))] = rows.integer(2) != 0;
    }
  }

  /// Which unit speaks for a linked one: what an anonymous visitor kept, the user keeps.
  void read_links_by_key(Database& database) {
    std::unordered_map<UnitIndex, Key> keys;
    Statement ids(
        database,
        "SELECT unit, id FROM unit WHERE unit IN (SELECT unit FROM link UNION SELECT anonymous FROM link)");
    while (ids.step()) keys.emplace(static_cast<UnitIndex>(ids.integer(0)), key_of(ids.text(1)));
    for (const auto& [from, to] : read_links(database, std::numeric_limits<Micros>::max()))
      if (keys.contains(from) && keys.contains(to)) links[keys[from]] = keys[to];
  }

  void read_kept(Database& database) {
    Statement rows(database,
                   "SELECT u.id, s.experiment, s.epoch, s.arm FROM sticky s JOIN unit u USING(unit) "
                   "ORDER BY s.recorded_at, s.epoch");
    while (rows.step())
      keep(canonical(key_of(rows.text(0))), rows.text(1), static_cast<int>(rows.integer(2)), rows.text(3));
  }

  Key canonical(const Key& key) const {
    const auto linked = links.find(key);
    return linked == links.end() ? key : linked->second;
  }

  /// The first arm ever kept in an experiment stays.
  bool keep(const Key& unit, std::string_view experiment, int epoch, std::string_view arm) {
    auto& arms = kept[unit];
    for (const Kept& one : arms)
      if (*one.experiment == experiment) return false;
    arms.push_back({&*texts.emplace(experiment).first, &*texts.emplace(arm).first, epoch});
    return true;
  }

  Recorder& recorder;
  Secret secret;
  UnitDoor door;
  mutable std::shared_mutex mutex;
  std::unordered_map<Key, bool, KeyHash> consents;
  std::unordered_map<Key, Key, KeyHash> links;
  std::unordered_map<Key, std::vector<Kept>, KeyHash> kept;
  std::set<std::string, std::less<>> texts;  // few; addresses stay
  std::int64_t last_consent = 0;
  std::int64_t erasures = -1, last_link = -1;
  // So that a shop without consents and sticky experiments takes no lock.
  std::atomic<bool> any_consent{false}, any_kept{false}, required{false};
};

UnitFacts::UnitFacts(Recorder& recorder) : state_(std::make_unique<State>(recorder)) {
  recorder.exclusive([this](Store& store) {
    state_->secret = store.state().secret;
    state_->door = store.state().door;
  });
  refresh();
}
UnitFacts::~UnitFacts() = default;

void UnitFacts::refresh() {
  state_->recorder.exclusive([this](Store& store) {
    Database& database = store.state().database;
    const std::int64_t erasures = database.integer("SELECT count(*) FROM erasure");
    const std::int64_t last_link = database.integer("SELECT ifnull(max(seq), 0) FROM link");
    const std::unique_lock lock(state_->mutex);
    if (erasures != state_->erasures || last_link != state_->last_link) {
      state_->consents.clear();
      state_->links.clear();
      state_->kept.clear();
      state_->last_consent = 0;
      state_->read_links_by_key(database);
      state_->read_kept(database);
      state_->erasures = erasures;
      state_->last_link = last_link;
    }
    state_->read_consents(database);
    state_->any_consent = !state_->consents.empty();
    state_->any_kept = !state_->kept.empty();
    state_->required = store.state().memory().consent_required;
  });
}

assign::Consent UnitFacts::consent(std::string_view unit) const {
  const auto silent = state_->required ? assign::Consent::unknown : assign::Consent::granted;
  if (!state_->any_consent) return silent;
  const Key key = state_->asked_key(unit);
  const std::shared_lock lock(state_->mutex);
  const auto found = state_->consents.find(key);
  if (found == state_->consents.end()) return silent;
  return found->second ? assign::Consent::granted : assign::Consent::denied;
}

std::vector<assign::StickyArm> UnitFacts::kept_arms(std::string_view unit) const {
  std::vector<assign::StickyArm> arms;
  if (!state_->any_kept) return arms;
  const Key key = state_->asked_key(unit);
  const std::shared_lock lock(state_->mutex);
  if (const auto found = state_->kept.find(state_->canonical(key)); found != state_->kept.end())
    for (const Kept& kept : found->second) arms.push_back({*kept.experiment, kept.epoch, *kept.arm});
  return arms;
}

bool UnitFacts::keep(std::string_view unit, std::string_view experiment, int epoch, std::string_view arm) {
  const Key key = state_->asked_key(unit);
  const std::unique_lock lock(state_->mutex);
  const bool first = state_->keep(state_->canonical(key), experiment, epoch, arm);
  state_->any_kept = true;
  return first;
}

}  // namespace liftmark
