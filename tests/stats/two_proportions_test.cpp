// Laws of the two-proportion intervals and tests; the numbers themselves are in the reference vectors.

#include "stats/two_proportions.hpp"

#include <catch2/catch.hpp>

using namespace liftmark::stats;

TEST_CASE("score intervals agree with their own p-value and turn over when the groups are exchanged") {
  for (std::int64_t x1 = 0; x1 <= 7; ++x1)
    for (std::int64_t x2 = 0; x2 <= 11; ++x2) {
      const Successes a{x1, 7};
      const Successes b{x2, 11};
      const Estimate d = miettinen_nurminen_difference(a, b, 0.1);
      const Estimate turned = miettinen_nurminen_difference(b, a, 0.1);
      CHECK(*d.interval->lower == Approx(-*turned.interval->upper).margin(1e-12));
      const bool excludes = *d.interval->lower > 1e-12 || *d.interval->upper < -1e-12;
      CHECK(excludes == (*d.p_value < 0.1));
      const Estimate r = miettinen_nurminen_ratio(a, b, 0.1);
      const Estimate r_turned = miettinen_nurminen_ratio(b, a, 0.1);
      if (r.interval->upper)
        CHECK(*r.interval->upper * *r_turned.interval->lower == Approx(1.0).epsilon(1e-10));
      CHECK(*r.p_value == Approx(*d.p_value).margin(1e-12));  // one statistic at no effect
    }
}

TEST_CASE("Fisher's test at both ends of a table") {
  // Hand computation: 3 of 3 against 0 of 3 is one of C(6,3) = 20 tables; its mirror makes two.
  const FisherTest small = fisher_test({3, 3}, {0, 3});
  CHECK(small.greater == Approx(1.0 / 20.0));
  CHECK(small.two_sided == Approx(2.0 / 20.0));
  CHECK(small.less == Approx(1.0));
  // Far beyond the smallest double: an answer, at once, and no endless walk through subnormal weights.
  const FisherTest far = fisher_test({0, 10000000000}, {5000000000, 10000000000});
  CHECK(far.two_sided == 0.0);
  CHECK(far.greater == Approx(1.0));
}

TEST_CASE("exact limits are where the tail is alpha/2") {
  // 0 of 5 against 5 of 10: under odds w the lower tail at x = 0 is 1 / sum_k C(5,k) C(10,5-k) w^k * C(10,5);
  // at the upper limit of R's fisher.test (1.87779387616438, reference vectors) it must be 0.025.
  const Estimate odds = fisher_odds_ratio({0, 5}, {5, 10}, 0.05);
  REQUIRE(odds.interval->upper);
  const double w = *odds.interval->upper;
  const double ways[] = {252, 5 * 210, 10 * 120, 10 * 45, 5 * 10, 1};
  double total = 0.0, power = 1.0;
  for (const double count : ways) {
    total += count * power;
    power *= w;
  }
  CHECK(ways[0] / total == Approx(0.025).epsilon(1e-9));
  CHECK(*odds.point == 0.0);
}
