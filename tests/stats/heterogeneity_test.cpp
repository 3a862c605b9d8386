// Heterogeneity between segments: by hand, and the laws of shrinkage.

#include "stats/heterogeneity.hpp"

#include <cmath>

#include <catch2/catch.hpp>

using namespace liftmark::stats;

TEST_CASE("Q, I^2 and tau^2 by hand") {
  // Estimates 0, 2, 4 with standard error 1: mean 2, Q = 4 + 0 + 4 = 8, df 2, I^2 = 6/8; tau^2 = (8 - 2)/(3 -
  // 3/3) = 3. p = exp(-8/2) for df 2. Random-effects mean 2, se sqrt(4/3). Shrinkage 3/4.
  const std::vector<SegmentEffect> segments{{0, 1}, {2, 1}, {4, 1}};
  const auto result = heterogeneity(segments);
  CHECK(*result.q == Approx(8));
  CHECK(result.degrees_of_freedom == 2);
  CHECK(*result.p_value == Approx(std::exp(-4.0)));
  CHECK(*result.i_squared == Approx(0.75));
  CHECK(*result.between_variance == Approx(3));
  CHECK(*result.common->point == Approx(2));
  CHECK(*result.common->standard_error == Approx(std::sqrt(4.0 / 3)));
  CHECK(*result.shrunken[0].point == Approx(0.5));
  CHECK(*result.shrunken[2].point == Approx(3.5));
  CHECK(*result.shrunken[0].standard_error == Approx(std::sqrt(0.75 + 0.0625 * 4 / 3)));
}

TEST_CASE("the always-valid p-value of the closed form") {
  // x = 1, df = 2, Q = 8: (1 + 1)^(2/2) exp(-1 * 8 / (2 * 2)) = 2 exp(-2).
  const std::vector<SegmentEffect> segments{{0, 1}, {2, 1}, {4, 1}};
  CHECK(*heterogeneity(segments, SequentialScale{.n = 1000, .rho_squared = 1e-3}).p_value ==
        Approx(2 * std::exp(-2.0)));
  const std::vector<SegmentEffect> same{{1, 1}, {1, 2}};
  CHECK(*heterogeneity(same, SequentialScale{.n = 1000, .rho_squared = 1e-3}).p_value == 1);
}

TEST_CASE("no heterogeneity shrinks everything to the common effect; unusable segments are named") {
  const std::vector<SegmentEffect> segments{{1, 0.1}, {1.05, 0.2}, {7, 0}};
  const auto result = heterogeneity(segments);
  CHECK(*result.between_variance == 0);
  CHECK(*result.i_squared == 0);
  CHECK(*result.shrunken[0].point == Approx(*result.common->point));
  CHECK(result.shrunken[2].reason == Reason::zero_variance);
  CHECK(result.degrees_of_freedom == 1);
  const std::vector<SegmentEffect> alone{{1, 0.1}};
  CHECK(heterogeneity(alone).reason == Reason::too_few_units);
}
