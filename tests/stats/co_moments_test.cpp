// Laws of the sufficient statistics: merging is pooling, in any order, also far from zero.

#include "stats/co_moments.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

using liftmark::stats::CoMoments;

TEST_CASE("moments of a small sample, by hand") {
  // Values 1, 2, 6: mean 3, deviations -2, -1, 3; sum of squares 14, sum of cubes -8 - 1 + 27 = 18.
  CoMoments moments;
  for (const double value : {1.0, 2.0, 6.0}) moments.add(value);
  CHECK(moments.n() == 3);
  CHECK(moments.mean() == Approx(3.0));
  CHECK(moments.variance() == Approx(7.0));
  CHECK(moments.third() == Approx(18.0));
}

TEST_CASE("merging equals adding one by one, with mean 1e9 and variance near 1") {
  std::vector<std::array<double, 2>> values;
  for (int i = 0; i < 1000; ++i)
    values.push_back({1e9 + static_cast<double>((i * 7919) % 1000) / 289.0, static_cast<double>(i % 13)});
  CoMoments whole(2), left(2), right(2);
  for (std::size_t i = 0; i < values.size(); ++i) {
    whole.add(values[i]);
    (i % 3 == 0 ? left : right).add(values[i]);
  }
  CoMoments a = left, b = right;
  a.merge(right);
  b.merge(left);
  CHECK(a.comoment(0, 0) == Approx(whole.comoment(0, 0)).epsilon(1e-12));
  CHECK(b.comoment(0, 0) == Approx(a.comoment(0, 0)).epsilon(1e-12));
  CHECK(a.comoment(0, 1) == Approx(whole.comoment(0, 1)).epsilon(1e-12));
  CHECK(a.third(1) == Approx(whole.third(1)).epsilon(1e-11));
}

TEST_CASE("moments merged in any order agree to 1e-12 on data with mean 1e9 and variance 1") {
  // Law, not a number: pooling is commutative and associative. Values are on the 2^-20 grid, so that they are
  // exact near 1e9; a uniform on [0, sqrt(12)) has variance 1.
  std::mt19937_64 random(20240517);
  std::uniform_int_distribution<std::int64_t> step(0, 3632430);
  const std::size_t kParts = 64;
  std::vector<CoMoments> parts(kParts, CoMoments(1));
  CoMoments whole;
  for (int i = 0; i < 200000; ++i) {
    const double value = 1e9 + static_cast<double>(step(random)) / 1048576.0;
    whole.add(value);
    parts[static_cast<std::size_t>(random() % kParts)].add(value);
  }
  for (int repeat = 0; repeat < 20; ++repeat) {
    std::shuffle(parts.begin(), parts.end(), random);
    std::vector<CoMoments> rest = parts;
    while (rest.size() > 1) {  // random pairs: a random merge tree
      const std::size_t pick = static_cast<std::size_t>(random() % (rest.size() - 1));
      rest[pick].merge(rest.back());
      rest.pop_back();
    }
    CHECK(rest[0].variance() == Approx(whole.variance()).epsilon(1e-12));
    CHECK(rest[0].mean_minus(whole) == Approx(0.0).margin(1e-12));
  }
}
