#include "assign/assigner.hpp"

#include <array>
#include <set>

#include "assign/definitions.hpp"

using namespace liftmark;
using namespace liftmark::assign;

namespace {

std::set<std::string> places(const Compilation& result) {
  std::set<std::string> found;
  for (const Problem& problem : result.problems) found.insert(problem.where);
  return found;
}

}  // namespace

TEST_CASE("an answer is total: every reason has its default arm") {
  Experiment experiment = two_arms("checkout");
  experiment.audience = leaf(Predicate::Op::equals, "country", {Value{std::string("CZ")}});
  experiment.overrides = {{"qa", "treatment"}};
  Experiment stopped = two_arms("old");
  stopped.status = Status::stopped;
  const auto assigner = compiled({{experiment, stopped}, {}, {}});
  const std::array attributes{Attribute{"country", std::string_view("CZ")}};

  Context context = unit("user-1");
  CHECK(assigner->assign(context, "checkout").reason == Reason::not_targeted);
  CHECK(assigner->assign(context, "checkout").arm() == "control");
  context.attributes = attributes;
  const Assignment assigned = assigner->assign(context, "checkout");
  CHECK(assigned.reason == Reason::assigned);
  CHECK(assigned.measured());
  CHECK(assigned.epoch == 1);

  CHECK(assigner->assign(context, "nothing").reason == Reason::unknown_experiment);
  CHECK(assigner->assign(context, "nothing").arm().empty());
  CHECK(assigner->assign(context, "old").reason == Reason::not_running);
  CHECK(assigner->assign(context, "old").arm() == "control");

  context.consent = Consent::unknown;
  CHECK(assigner->assign(context, "checkout").reason == Reason::no_consent);
  context.consent = Consent::granted;
  context.unit = "";
  CHECK(assigner->assign(context, "checkout").reason == Reason::invalid_unit);

  context = unit("qa");
  const Assignment overridden = assigner->assign(context, "checkout");
  CHECK(overridden.reason == Reason::overridden);
  CHECK(overridden.arm() == "treatment");
  CHECK(overridden.payload() == "\"on\"");
  CHECK_FALSE(overridden.measured());
}

TEST_CASE("an override shows a draft; a stopped experiment is over for everybody") {
  Experiment experiment = two_arms("draft");
  experiment.overrides = {{"qa", "treatment"}};
  experiment.status = Status::draft;
  CHECK(compiled({{experiment}, {}, {}})->assign(unit("qa"), "draft").reason == Reason::overridden);
  CHECK(compiled({{experiment}, {}, {}})->assign(unit("user"), "draft").reason == Reason::not_running);
  experiment.status = Status::stopped;
  CHECK(compiled({{experiment}, {}, {}})->assign(unit("qa"), "draft").reason == Reason::not_running);
}

TEST_CASE("a sticky arm is kept whatever traffic and audience say, but not against a holdout") {
  Experiment experiment = two_arms("home");
  experiment.sticky = true;
  experiment.traffic = 0.0;
  experiment.epoch = 3;
  const std::array kept{StickyArm{"home", 2, "treatment"}};
  const std::array gone{StickyArm{"home", 2, "removed"}};
  const auto assigner = compiled({{experiment}, {}, {}});
  Context context = unit("user-1");
  CHECK(assigner->assign(context, "home").reason == Reason::outside_traffic);
  context.sticky = kept;
  CHECK(assigner->assign(context, "home").reason == Reason::sticky);
  CHECK(assigner->assign(context, "home").arm() == "treatment");
  CHECK(assigner->assign(context, "home").epoch == 2);
  context.sticky = gone;
  CHECK(assigner->assign(context, "home").reason == Reason::outside_traffic);

  SECTION("a store that cannot be read means a fresh hash, and says so") {
    context.sticky = kept;
    context.sticky_unreadable = true;
    CHECK(assigner->assign(context, "home").reason == Reason::outside_traffic);
    CHECK(assigner->assign(context, "home").sticky_unreadable);
  }
  SECTION("held out") {
    context.sticky = kept;
    const auto held = compiled({{experiment}, {}, {Holdout{"all", 0.999999, "h", ""}}});
    CHECK(held->assign(context, "home").reason == Reason::held_out);
    CHECK(held->holdout_of("user-1") == "all");
  }
}

TEST_CASE("prerequisites: the arm in another experiment decides, chains and diamonds included") {
  Experiment base = two_arms("base");
  Experiment middle = two_arms("middle");
  middle.prerequisites = {{"base", {"treatment"}}};
  Experiment other = two_arms("other");
  other.prerequisites = {{"base", {}}};
  Experiment top = two_arms("top");
  top.prerequisites = {{"middle", {}}, {"other", {"control"}}};
  const auto assigner = compiled({{top, middle, other, base}, {}, {}});
  int admitted = 0;
  for (int i = 0; i < 400; ++i) {
    const std::string id = "user-" + std::to_string(i);
    const Context context = unit(id);
    const bool in_base = assigner->assign(context, "base").arm() == "treatment";
    CHECK((assigner->assign(context, "middle").reason == Reason::assigned) == in_base);
    const bool expected = in_base && assigner->assign(context, "other").arm() == "control";
    CHECK((assigner->assign(context, "top").reason == Reason::assigned) == expected);
    admitted += expected ? 1 : 0;
    std::array<Assignment, 4> all;
    REQUIRE(assigner->assign_all(context, all) == 4);
    CHECK((all[0].reason == Reason::assigned) == expected);
  }
  CHECK(admitted > 50);
}

TEST_CASE("every mistake is reported at once, with its place") {
  Experiment a = two_arms("a");
  a.prerequisites = {{"b", {}}};
  a.traffic = 1.5;
  Experiment b = two_arms("a");
  b.arms[1].key = "control";
  b.arms[0].weight = -1.0;
  b.layer = "nowhere";
  b.overrides = {{"qa", "x"}};
  Experiment c = two_arms("c");
  c.hashing.scheme = "md5";
  c.slots = {{0.5, 0.2}};
  c.audience = leaf(Predicate::Op::matches, "mail", {Value{std::string("(")}});
  const Compilation result =
      Assigner::compile({{a, b, c}, {Layer{"l", ""}}, {Holdout{"h", 1.0, "", "none"}}});
  CHECK(result.assigner == nullptr);
  const std::set<std::string> found = places(result);
  for (const char* where :
       {"/experiments/0/traffic", "/experiments/1/key", "/experiments/1/arms/1/key",
        "/experiments/1/arms/0/weight", "/experiments/1/layer", "/experiments/1/overrides/qa",
        "/experiments/2/hashing/scheme", "/experiments/2/slots/0", "/experiments/2/audience/matches",
        "/layers/0/salt", "/holdouts/0/share", "/holdouts/0/salt", "/holdouts/0/layer"}) {
    INFO(where);
    CHECK(found.contains(where));
  }
}

TEST_CASE("a circle of prerequisites, overlapping slots and a repeated salt are refused") {
  Experiment a = two_arms("a");
  Experiment b = two_arms("b");
  a.prerequisites = {{"b", {}}};
  b.prerequisites = {{"a", {}}};
  CHECK(places(Assigner::compile({{a, b}, {}, {}})) ==
        std::set<std::string>{"/experiments/0/prerequisites", "/experiments/1/prerequisites"});

  Experiment x = two_arms("x");
  Experiment y = two_arms("y");
  x.layer = y.layer = "page";
  x.slots = {{0.0, 0.5}};
  y.slots = {{0.4, 0.8}};
  CHECK(places(Assigner::compile({{x, y}, {Layer{"page", "s"}}, {}})) ==
        std::set<std::string>{"/experiments/1/slots/0"});
  y.slots = {{0.5, 1.0}};
  CHECK(Assigner::compile({{x, y}, {Layer{"page", "s"}}, {}}).problems.empty());
  y.hashing.salt = x.hashing.salt;
  CHECK(Assigner::compile({{x, y}, {Layer{"page", "s"}}, {}}).problems.empty());  // exclusive, so harmless
  y.layer.clear();
  y.slots = {SlotRange{}};
  CHECK(places(Assigner::compile({{x, y}, {Layer{"page", "s"}}, {}})) ==
        std::set<std::string>{"/experiments/1/hashing/salt"});
}

TEST_CASE("explain gives the same answer, with the steps taken") {
  Experiment experiment = two_arms("checkout");
  experiment.layer = "page";
  experiment.slots = {{0.0, 0.5}};
  experiment.traffic = 0.5;
  experiment.audience = leaf(Predicate::Op::equals, "country", {Value{std::string("CZ")}});
  const auto assigner = compiled({{experiment}, {Layer{"page", "s"}}, {Holdout{"h", 0.1, "hs", "page"}}});
  const std::array attributes{Attribute{"country", std::string_view("CZ")}};
  std::set<Reason> reasons;
  for (int i = 0; i < 200; ++i) {
    const std::string id = "user-" + std::to_string(i);
    Context context = unit(id);
    if (i % 4 != 0) context.attributes = attributes;
    const Assignment plain = assigner->assign(context, "checkout");
    const Explanation told = assigner->explain(context, "checkout");
    CHECK(told.assignment.reason == plain.reason);
    CHECK(told.assignment.arm() == plain.arm());
    CHECK(told.assignment.bucket == plain.bucket);
    REQUIRE_FALSE(told.steps.empty());
    CHECK(told.steps.back().passed == (plain.reason == Reason::assigned));
    reasons.insert(plain.reason);
  }
  CHECK(reasons == std::set<Reason>{Reason::assigned, Reason::outside_traffic, Reason::excluded_by_layer,
                                    Reason::not_targeted, Reason::held_out});
  const Explanation unknown = assigner->explain(unit("u"), "nothing");
  CHECK(unknown.assignment.reason == Reason::unknown_experiment);
}
