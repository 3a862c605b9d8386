// A product taken apart: parts that add up, by hand.

#include "stats/log_decomposition.hpp"

#include <cmath>

#include <catch2/catch.hpp>

using namespace liftmark::stats;

TEST_CASE("log parts add up to the total, errors by hand") {
  // Independent means 2 and 3 with errors 0.1 and 0.2 in control, 2.2 and 3.6 in treatment with the same
  // errors.
  const MeanChain control{{2, 3}, {{0.01, 0.0}, {0.0, 0.04}}},
      treatment{{2.2, 3.6}, {{0.01, 0.0}, {0.0, 0.04}}};
  const auto result = log_decomposition(control, treatment);
  REQUIRE(result.parts.size() == 2);
  CHECK(result.parts[0].value == Approx(std::log(1.1)));
  CHECK(result.parts[1].value == Approx(std::log(1.2 / 1.1)));
  CHECK(result.parts[0].value + result.parts[1].value == Approx(result.total.value));
  CHECK(result.parts[0].standard_error == Approx(std::sqrt(0.01 / 4 + 0.01 / 4.84)));
  CHECK(result.parts[1].standard_error ==
        Approx(std::sqrt(0.01 / 4 + 0.04 / 9 + 0.01 / 4.84 + 0.04 / 12.96)));
  CHECK(result.total.standard_error == Approx(std::sqrt(0.04 / 9 + 0.04 / 12.96)));
  // A part that is a fixed multiple of the one before adds no noise.
  const MeanChain fixed{{2, 4}, {{0.01, 0.02}, {0.02, 0.04}}};
  CHECK(log_decomposition(fixed, fixed).parts[1].standard_error == Approx(0).margin(1e-9));
}

TEST_CASE("a mean of zero has no logarithm") {
  const MeanChain zero{{0, 1}, {{1, 0}, {0, 1}}};
  CHECK(log_decomposition(zero, zero).reason == Reason::negative_baseline);
  CHECK_THROWS_AS(log_decomposition(zero, {{1}, {{1}}}), std::invalid_argument);
}
