#include "engine/aggregate/distribution.hpp"

#include <algorithm>
#include <cmath>

#include <catch2/catch.hpp>

using liftmark::count_values;
using liftmark::describe_distribution;

TEST_CASE("the distribution of 0, 0, 1, 2, 7 by hand") {
  // Mean 2; deviations -2 -2 -1 0 5: m2 = (4 + 4 + 1 + 25) / 5 = 6.8, m3 = (-8 - 8 - 1 + 125) / 5 = 21.6.
  const auto cell = describe_distribution(1, count_values({7, 1, 2}), 5);
  CHECK(cell.arm == 1);
  CHECK(cell.median == 1.0);  // the third of five
  CHECK(cell.p90 == 7.0);     // ceil(4.5) = the fifth
  CHECK(cell.maximum == 7.0);
  CHECK(cell.top_share == Approx(0.7));  // one unit in a thousand, rounded up to one: 7 of 10
  CHECK(*cell.skewness == Approx(21.6 / std::pow(6.8, 1.5)).epsilon(1e-14));
}

TEST_CASE("negative values, no spread, no units") {
  const auto mixed = describe_distribution(0, count_values({-3, 4, -5}), 4);  // with a zero: -5 -3 0 4
  CHECK(mixed.median == -3.0);
  CHECK(mixed.maximum == 4.0);
  // Mean -1; deviations -4 -2 1 5: m2 = 46 / 4, m3 = (-64 - 8 + 1 + 125) / 4.
  CHECK_FALSE(mixed.top_share);  // the total is negative: a share of it means nothing
  CHECK(*mixed.skewness == Approx(13.5 / std::pow(11.5, 1.5)).epsilon(1e-14));
  const auto all_lost = describe_distribution(0, count_values({-1, -2}), 2);
  CHECK(all_lost.maximum == -1.0);
  const auto same = describe_distribution(0, count_values({2.1, 2.1, 2.1}), 3);
  CHECK_FALSE(same.skewness);
  CHECK(same.median == 2.1);
  const auto zeros = describe_distribution(0, count_values({}), 9);
  CHECK(zeros.maximum == 0.0);
  CHECK_FALSE(zeros.skewness);
  CHECK_FALSE(zeros.top_share);
  const auto nobody = describe_distribution(0, count_values({}), 0);
  CHECK_FALSE(nobody.median);
  CHECK_FALSE(nobody.maximum);
}

TEST_CASE("the order of the values changes no bit; a far mean costs few digits") {
  std::vector<double> values;
  for (int i = 1; i <= 5000; ++i) values.push_back(1e6 + std::pow(static_cast<double>(i % 97), 3) / 7.0);
  const auto one = describe_distribution(0, count_values(values), 6000);
  std::reverse(values.begin(), values.end());
  std::rotate(values.begin(), values.begin() + 1234, values.end());
  const auto two = describe_distribution(0, count_values(values), 6000);
  CHECK(one.skewness == two.skewness);
  CHECK(one.top_share == two.top_share);
  // Two passes in extended precision.
  long double mean = 0, m2 = 0, m3 = 0;
  values.resize(6000, 0.0);
  for (const double value : values) mean += value / 6000.0L;
  for (const double value : values) {
    const long double d = value - mean;
    m2 += d * d / 6000.0L;
    m3 += d * d * d / 6000.0L;
  }
  CHECK(*one.skewness == Approx(static_cast<double>(m3 / std::pow(m2, 1.5L))).epsilon(1e-12));
}
