// ExactSums against hand computation and against CoMoments, whose updates are another path to the same
// moments.
#include "engine/aggregate/exact_sums.hpp"

#include <array>
#include <cmath>
#include <random>

#include <catch2/catch.hpp>

#include "engine/definition/error.hpp"

using liftmark::ExactSums;

TEST_CASE("moments of 1, 2, 6 by hand") {
  // mean 3; deviations -2, -1, 3: squares 4 + 1 + 9 = 14; cubes -8 - 1 + 27 = 18
  ExactSums sums(1, 1);
  for (const std::int64_t value : {1, 2, 6}) sums.add(0, &value);
  const std::array<double, 1> per_one{1.0};
  const auto moments = sums.moments(0, per_one);
  CHECK(moments.n() == 3);
  CHECK(moments.mean() == 3.0);
  CHECK(moments.comoment(0, 0) == 14.0);
  CHECK(moments.third() == 18.0);
}

TEST_CASE("cubes that another engine formed in two sums are the cubes") {
  // (whole, rest) of x^3 = x^2 (x / 10^6) 10^6 + x^2 (x % 10^6), division towards 0 as everywhere
  for (const std::int64_t value :
       {std::int64_t{98'765'432'123'457}, std::int64_t{-98'765'432'123'457}, std::int64_t{-7}}) {
    ExactSums added(1, 1), loaded(1, 1);
    added.add(0, &value);
    const liftmark::Int128 square = static_cast<liftmark::Int128>(value) * value;
    loaded.load(0,
                {.units = 1,
                 .sums = {value},
                 .products = {square},
                 .cubes = {{.whole = square * (value / 1'000'000), .rest = square * (value % 1'000'000)}}});
    std::string expected, got;
    added.append(0, expected);
    loaded.append(0, got);
    CHECK(got == expected);
  }
}

TEST_CASE("exact sums agree with updated moments, in any split, with negative and large values") {
  std::mt19937_64 random(11);
  std::uniform_int_distribution<std::int64_t> money(-2'000'000'000'000,
                                                    9'000'000'000'000);  // to 9 million, in millionths
  ExactSums whole(2, 1), parts(2, 2);
  liftmark::stats::CoMoments expected(2);
  for (int i = 0; i < 500; ++i) {
    const std::array<std::int64_t, 2> values{money(random), static_cast<std::int64_t>(random() % 7)};
    whole.add(0, values.data());
    parts.add(random() % 2, values.data());
    const std::array<double, 2> doubles{static_cast<double>(values[0]) / 1e6, static_cast<double>(values[1])};
    expected.add(doubles);
  }
  ExactSums merged(2, 1);
  merged.merge(0, parts, 1);
  merged.merge(0, parts, 0);
  const std::array<double, 2> per_one{1e6, 1.0};
  CHECK(merged.moments(0, per_one) == whole.moments(0, per_one));  // to the last bit
  const auto moments = whole.moments(0, per_one);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(moments.mean(i) == Approx(expected.mean(i)).epsilon(1e-12));
    CHECK(moments.third(i) == Approx(expected.third(i)).epsilon(1e-9));
    for (std::size_t j = i; j < 2; ++j)
      CHECK(moments.comoment(i, j) == Approx(expected.comoment(i, j)).epsilon(1e-10));
  }
  merged.subtract(0, parts, 0);
  CHECK(merged.moments(0, per_one) == parts.moments(1, per_one));
}

TEST_CASE("a unit's leading values may come later than the unit") {
  const std::array<std::int64_t, 3> first{5, 2, -3}, second{0, 4, 7};
  ExactSums whole(3, 1), late(3, 1), base(3, 1);
  whole.add(0, first.data());
  whole.add(0, second.data());
  base.add(0, first.data());
  base.add(0, second.data());
  late.add_leading(0, first.data(), 1);
  late.add_leading(0, second.data(), 1);
  late.merge_trailing(0, base, 0, 1);
  const std::array<double, 3> per_one{1.0, 1.0, 1.0};
  CHECK(late.moments(0, per_one) == whole.moments(0, per_one));
}

TEST_CASE("sums that do not fit are an error, not a wrong number") {
  CHECK_THROWS_AS(liftmark::add_exactly(INT64_MAX, 1), liftmark::Error);
  ExactSums sums(1, 1);
  const std::int64_t largest = INT64_MAX;
  sums.add(0, &largest);
  CHECK_THROWS_AS(
      [&] {
        for (int i = 0; i < 4; ++i) sums.add(0, &largest);
      }(),
      liftmark::Error);
}
