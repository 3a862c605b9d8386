#include "assign/preview.hpp"

#include "assign/definitions.hpp"
#include "assign/ranges.hpp"

using namespace liftmark::assign;

namespace {

std::vector<std::string> ids(int count) {
  std::vector<std::string> result;
  for (int i = 0; i < count; ++i) result.push_back("user-" + std::to_string(i));
  return result;
}

}  // namespace

TEST_CASE("the preview counts who changes arm, who leaves and who joins") {
  const auto names = ids(20000);
  const std::vector<std::string_view> units(names.begin(), names.end());
  Experiment experiment = two_arms("e");
  experiment.traffic = 0.5;
  experiment.audience = leaf(Predicate::Op::present, "country");
  const Definitions before{{experiment}, {}, {}};

  SECTION("nothing") {
    const auto moves = preview(before, before, units);
    REQUIRE(moves.size() == 1);
    CHECK(moves[0].units == 20000);
    CHECK(moves[0].before == Approx(10000).margin(400));  // 5.6 standard deviations of 71
    CHECK(moves[0].moved() == 0);
    CHECK_FALSE(may_move(experiment, experiment));
  }
  SECTION("raising traffic moves nobody, lowering it lets some go") {
    Experiment raised = experiment;
    raised.traffic = 0.75;
    CHECK_FALSE(may_move(experiment, raised));
    CHECK(may_move(raised, experiment));
    const auto up = preview(before, {{raised}, {}, {}}, units);
    CHECK(up[0].moved() == 0);
    CHECK(up[0].joined == Approx(5000).margin(400));
    const auto down = preview({{raised}, {}, {}}, before, units);
    CHECK(down[0].left == up[0].joined);
    CHECK(down[0].changed == 0);
  }
  SECTION("weights: contiguous ranges move as many, minimal movement too, a new salt half") {
    Experiment changed = experiment;
    changed.arms[0].weight = 3.0;
    changed.ranges = ranges_moving_least(experiment, changed);
    CHECK(may_move(experiment, changed));
    const auto moves = preview(before, {{changed}, {}, {}}, units);
    CHECK(moves[0].changed == Approx(2500).margin(250));  // a quarter of the 10,000 that take part
    std::vector<std::uint64_t> buckets;
    const auto assigner = compiled({{two_arms("e")}, {}, {}});
    for (const auto id : units) buckets.push_back(assigner->assign(unit(id), "e").bucket);
    CHECK(preview_buckets(experiment, changed, buckets).changed == Approx(5000).margin(400));
    Experiment salted = experiment;
    salted.hashing.salt = "another";
    CHECK(may_move(experiment, salted));
    CHECK(preview(before, {{salted}, {}, {}}, units)[0].moved() > 6000);
  }
  SECTION("what enters no hash moves nobody") {
    Experiment other = experiment;
    other.audience = {};
    other.epoch = 7;
    other.overrides = {{"user-1", "treatment"}};
    CHECK_FALSE(may_move(experiment, other));
    CHECK(preview(before, {{other}, {}, {}}, units)[0].moved() == 0);
  }
}
