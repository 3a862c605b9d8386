// What assignment learns of a unit from the store: read only, through identity links, first arm first.
#include "engine/record/stored_units.hpp"

#include <catch2/catch.hpp>

#include "assign/assigner.hpp"
#include "engine/record/database.hpp"
#include "engine/record/privacy.hpp"
#include "engine/record/temporary_store.hpp"
#include "engine/record/unit_facts.hpp"

using namespace liftmark;

namespace {

std::string only_arm(const StoredUnits& stored, std::string_view unit) {
  const StoredUnit known = stored.find(unit);
  REQUIRE(known.kept.size() == 1);
  return std::string(known.kept.front().arm);
}

/// A sticky experiment in which a unit's hash says one arm and a store may have kept the other.
std::shared_ptr<const assign::Assigner> sticky_assigner() {
  assign::Experiment experiment;
  experiment.key = "checkout";
  experiment.hashing.salt = "checkout-1";
  experiment.sticky = true;
  experiment.arms = {{"control", 1.0, assign::Role::control, ""}, {"new", 1.0, assign::Role::variant, ""}};
  return assign::Assigner::compile({{experiment}, {}, {}}).assigner;
}

assign::Assignment ask(const assign::Assigner& assigner, const StoredUnits& stored, std::string_view unit) {
  const StoredUnit known = stored.find(unit);
  assign::Context context;
  context.unit = unit;
  context.consent = known.consent;
  context.sticky = known.kept;
  context.sticky_unreadable = stored.sticky_unreadable();
  return assigner.assign(context, "checkout");
}

}  // namespace

TEST_CASE("an anonymous visitor's first arm stays when the visitor becomes a user, whatever the hash says") {
  const TemporaryStore place;
  const auto assigner = sticky_assigner();
  Store store = Store::create(place.path());
  Recorder recorder(store);
  // An anonymous id and a user whose hashes disagree.
  std::string anonymous, user;
  {
    const StoredUnits nothing(place.path());
    for (int i = 0; anonymous.empty() || user.empty(); ++i) {
      const std::string id = "id-" + std::to_string(i);
      const auto arm = ask(*assigner, nothing, id).arm();
      (arm == "new" ? anonymous : user) = id;
    }
    CHECK(nothing.find(anonymous).kept.empty());
  }
  CHECK(StoredUnits(place.path()).find(user).kept.empty());  // looking has enrolled nobody
  keep_sticky_arms(recorder, {{anonymous, "checkout", 1, "new"}});
  keep_sticky_arms(recorder, {{anonymous, "checkout", 1, "control"}});  // the first stays
  CHECK(only_arm(StoredUnits(place.path()), anonymous) == "new");
  CHECK(ask(*assigner, StoredUnits(place.path()), user).arm() == "control");

  link_units(recorder, anonymous, user);
  const StoredUnits linked(place.path());
  CHECK(only_arm(linked, user) == "new");
  CHECK(only_arm(linked, anonymous) == "new");
  CHECK(ask(*assigner, linked, user).arm() == "new");
  CHECK(ask(*assigner, linked, user).reason == assign::Reason::sticky);

  // A second device that was enrolled later does not win, and a chain of links leads to the same person.
  keep_sticky_arms(recorder, {{"tablet", "checkout", 1, "control"}});
  link_units(recorder, "tablet", anonymous);
  const StoredUnits chained(place.path());
  CHECK(ask(*assigner, chained, "tablet").arm() == "new");
  CHECK(ask(*assigner, chained, user).arm() == "new");

  erase(recorder, anonymous);
  CHECK(StoredUnits(place.path()).find(anonymous).kept.empty());
}

TEST_CASE("stored consent decides, and silence counts as the store was told") {
  const TemporaryStore place;
  Store store = Store::create(place.path());
  Recorder recorder(store);
  set_consent(recorder, "yes", "measurement", false);
  set_consent(recorder, "yes", "measurement", true);
  set_consent(recorder, "no", "measurement", false);
  set_consent(recorder, "other", "advertising", false);
  const StoredUnits stored(place.path());
  CHECK(stored.find("yes").consent == assign::Consent::granted);
  CHECK(stored.find("no").consent == assign::Consent::denied);
  CHECK(stored.find("other").consent == assign::Consent::granted);
  CHECK(stored.find("stranger").consent == assign::Consent::granted);
  require_consent(recorder, true);
  CHECK(StoredUnits(place.path()).find("stranger").consent == assign::Consent::unknown);
  CHECK(ask(*sticky_assigner(), StoredUnits(place.path()), "no").reason == assign::Reason::no_consent);
}

TEST_CASE("the latest moment counts, not the last one to arrive, for the writer as for who looks") {
  const TemporaryStore place;
  Store store = Store::create(place.path());
  Recorder recorder(store);
  UnitFacts facts(recorder);
  set_consent(recorder, "late", "measurement", false, 2 * kMicrosPerDay);
  facts.refresh();
  CHECK(facts.consent("late") == assign::Consent::denied);
  set_consent(recorder, "late", "measurement", true, kMicrosPerDay);
  facts.refresh();
  CHECK(facts.consent("late") == assign::Consent::denied);
  CHECK(StoredUnits(place.path()).find("late").consent == assign::Consent::denied);
  Batch batch("test");
  Event event;
  event.id = "e";
  event.unit = "late";
  event.type = "view";
  event.at = now_micros();
  batch.add(event);
  CHECK(recorder.record(std::move(batch)).rejected == 1);
}

TEST_CASE("what the service remembers of units is what a command reads, after every act") {
  const TemporaryStore place;
  Store store = Store::create(place.path());
  Recorder recorder(store);
  UnitFacts facts(recorder);
  const auto agree = [&] {
    facts.refresh();
    const StoredUnits stored(place.path());
    for (const std::string_view unit : {"cookie", "user", "tablet", "other"}) {
      const StoredUnit known = stored.find(unit);
      CHECK(facts.consent(unit) == known.consent);
      const auto kept = facts.kept_arms(unit);
      REQUIRE(kept.size() == known.kept.size());
      for (std::size_t i = 0; i < kept.size(); ++i)
        CHECK((kept[i].experiment == known.kept[i].experiment && kept[i].arm == known.kept[i].arm &&
               kept[i].epoch == known.kept[i].epoch));
    }
  };
  agree();
  keep_sticky_arms(recorder, {{"cookie", "checkout", 1, "new"}, {"other", "checkout", 1, "control"}});
  agree();
  CHECK(facts.kept_arms("user").empty());
  link_units(recorder, "cookie", "user");
  agree();
  REQUIRE(facts.kept_arms("user").size() == 1);
  CHECK(facts.kept_arms("user")[0].arm == "new");
  CHECK_FALSE(facts.keep("user", "checkout", 1, "control"));
  keep_sticky_arms(recorder, {{"tablet", "checkout", 1, "control"}, {"tablet", "search", 2, "b"}});
  agree();
  link_units(recorder, "tablet", "cookie");
  agree();
  CHECK(facts.kept_arms("user").size() == 2);
  set_consent(recorder, "user", "measurement", false);
  agree();
  require_consent(recorder, true);
  agree();
  CHECK(facts.consent("other") == assign::Consent::unknown);
  erase(recorder, "user");
  agree();
  CHECK(facts.kept_arms("user").empty());
}

TEST_CASE("kept arms that cannot be read mean a fresh hash, and the answer says so") {
  const TemporaryStore place;
  {
    Store store = Store::create(place.path());
    Recorder recorder(store);
    keep_sticky_arms(recorder, {{"user-1", "checkout", 1, "new"}, {"user-2", "checkout", 1, "control"}});
  }
  {
    Database database(place.path(), Database::Mode::write);
    database.execute("DROP TABLE sticky");
  }
  const StoredUnits stored(place.path());
  CHECK(stored.sticky_unreadable());
  const auto assigner = sticky_assigner();
  for (const std::string_view unit : {"user-1", "user-2"}) {
    const assign::Assignment answer = ask(*assigner, stored, unit);
    CHECK(answer.reason == assign::Reason::assigned);
    CHECK(answer.sticky_unreadable);
    assign::Context fresh;
    fresh.unit = unit;
    CHECK(answer.arm() == assigner->assign(fresh, "checkout").arm());
  }
  CHECK_THROWS(StoredUnits(place.folder() / "nothing.db"));
}
