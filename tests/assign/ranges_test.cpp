#include "assign/ranges.hpp"

#include <cmath>

#include "assign/definitions.hpp"

using namespace liftmark::assign;

namespace {

constexpr std::uint64_t kHalf = std::uint64_t{1} << 63;

Experiment weighted(std::vector<std::pair<std::string, double>> arms) {
  Experiment experiment;
  for (auto& [key, weight] : arms) experiment.arms.push_back({key, weight, Role::variant, ""});
  return experiment;
}

}  // namespace

TEST_CASE("thresholds are floor(part * 2^64 / whole)") {
  // By hand: 2^64 / 3 = 6148914691236517205.33..
  CHECK(threshold(1, 3) == Threshold{6148914691236517205U, false});
  CHECK(threshold(1, 2) == Threshold{kHalf, false});
  CHECK(threshold(0, 7) == Threshold{0, false});
  CHECK(threshold(7, 7) == Threshold{0, true});
  CHECK(share_threshold(1.0).contains(~std::uint64_t{0}));
  CHECK_FALSE(share_threshold(0.0).contains(0));
  // 2^64 * 1e-4 = 1844674407370955.16..
  CHECK(share_threshold(0.0001) == Threshold{1844674407370955U, false});
}

TEST_CASE("billionths refuse what they cannot say") {
  CHECK(billionths(0.1) == 100'000'000U);
  CHECK(billionths(0.0) == 0U);
  CHECK_FALSE(billionths(-0.1));
  CHECK_FALSE(billionths(std::nan("")));
  CHECK_FALSE(billionths(INFINITY));
  CHECK_FALSE(billionths(1e-10));
  CHECK_FALSE(billionths(2e6));
}

TEST_CASE("weights become contiguous ranges over all buckets; an arm of weight 0 owns none") {
  const auto ranges = ranges_of_weights(weighted({{"a", 1}, {"b", 0}, {"c", 1}}).arms);
  REQUIRE(ranges.size() == 2);
  CHECK(ranges[0].arm == 0);
  CHECK(ranges[0].last == kHalf);
  CHECK(ranges[1].arm == 2);
  CHECK(ranges[1].last == 0);
  CHECK(ranges_are_complete(ranges, 3));
  CHECK(ranges_of_weights(weighted({{"a", 0}}).arms).empty());
  CHECK(ranges_of_weights(weighted({{"a", -1}, {"b", 2}}).arms).empty());
}

TEST_CASE("a complete list of ranges has no gap, no overlap and both ends") {
  using List = std::vector<BucketRange>;
  CHECK(ranges_are_complete(List{{0, 0, 0}}, 1));
  CHECK_FALSE(ranges_are_complete(List{}, 1));
  CHECK_FALSE(ranges_are_complete(List{{0, 5, 0}}, 1));
  CHECK_FALSE(ranges_are_complete(List{{0, 5, 0}, {6, 0, 0}}, 1));
  CHECK_FALSE(ranges_are_complete(List{{0, 5, 0}, {4, 0, 0}}, 1));
  CHECK_FALSE(ranges_are_complete(List{{0, 0, 0}, {5, 0, 0}}, 1));
  CHECK_FALSE(ranges_are_complete(List{{0, 0, 1}}, 1));
}

TEST_CASE("from 50/50 to 60/40 a tenth moves, and only from the arm that shrinks") {
  const Experiment before = weighted({{"a", 50}, {"b", 50}});
  Experiment after = weighted({{"a", 60}, {"b", 40}});
  after.ranges = ranges_moving_least(before, after);
  REQUIRE(ranges_are_complete(after.ranges, 2));
  CHECK(moved_share(before, after) == Approx(0.1).epsilon(1e-12));
  // By hand: a lacks floor(0.6 * 2^64) - 2^63 buckets, and b gives up as many at its end.
  REQUIRE(after.ranges.size() == 3);
  CHECK(after.ranges[1].arm == 1);
  CHECK(after.ranges[1].last == 0 - (threshold(6, 10).below - kHalf));
}

TEST_CASE("adding an arm takes from each in proportion; removing one gives all of it away") {
  const Experiment before = weighted({{"a", 1}, {"b", 1}});
  Experiment more = weighted({{"new", 1}, {"a", 1}, {"b", 1}});
  more.ranges = ranges_moving_least(before, more);
  CHECK(ranges_are_complete(more.ranges, 3));
  CHECK(moved_share(before, more) == Approx(1.0 / 3).epsilon(1e-12));
  Experiment fewer = weighted({{"a", 1}});
  fewer.ranges = ranges_moving_least(more, fewer);
  CHECK(ranges_are_complete(fewer.ranges, 1));
  CHECK(moved_share(more, fewer) == Approx(2.0 / 3).epsilon(1e-12));
}
