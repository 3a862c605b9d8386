// Posteriors: reference numbers, Miller's sum as another path, tails and large counts.

#include "stats/bayes.hpp"

#include <cmath>

#include <catch2/catch.hpp>

using namespace liftmark::stats;

namespace {

double log_beta(double a, double b) {
  return std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b);
}

/// Miller 2015, for whole a of x: sum over i < a_x of B(a_y + i, b_x + b_y) / ((b_x + i) B(1 + i, b_x) B(a_y,
/// b_y)).
double miller(const BetaLaw& x, const BetaLaw& y) {
  double sum = 0;
  for (double i = 0; i < x.a; ++i)
    sum += std::exp(log_beta(y.a + i, x.b + y.b) - std::log(x.b + i) - log_beta(1 + i, x.b) -
                    log_beta(y.a, y.b));
  return sum;
}

}  // namespace

TEST_CASE("P(X > Y): Miller's sum, symmetry, and a uniform's closed form") {
  for (const BetaLaw x : {BetaLaw{1, 1}, BetaLaw{4, 8}, BetaLaw{71, 931}, BetaLaw{3, 0.5}})
    for (const BetaLaw y : {BetaLaw{1, 11}, BetaLaw{51, 951}, BetaLaw{0.3, 0.4}, BetaLaw{900, 100}}) {
      CHECK(probability_greater(x, y) == Approx(miller(x, y)).epsilon(1e-10).margin(1e-13));
      CHECK(probability_greater(x, y) + probability_greater(y, x) == Approx(1).epsilon(1e-12));
    }
  CHECK(probability_greater({1, 1}, {0.25, 0.75}) == Approx(1 - 0.25).epsilon(1e-12));  // P(U > Y) = 1 - E Y
  // Reference bayes/beta_binomial 003 (mpmath, 40 digits).
  CHECK(probability_greater({4, 8}, {1, 11}) == Approx(0.9548872180451128).epsilon(1e-12));
  CHECK(expected_gain({1, 11}, {4, 8}) == Approx(0.0031055900621117984).epsilon(1e-10));
  CHECK(expected_gain({4, 8}, {1, 11}) == Approx(0.2531055900621118).epsilon(1e-12));
}

TEST_CASE("large counts: the normal limit at 1e10 units, and one arm far larger than the other") {
  // Rates 0.03 against 0.03 + 5e-6 with n = 1e10: z = 5e-6 / sqrt(2 * 0.03 * 0.97 / 1e10) = 2.0725.
  const BetaLaw y{3e8, 9.7e9}, x{3.0005e8, 9.69995e9};
  CHECK(probability_greater(x, y) == Approx(0.98089).margin(2e-4));
  CHECK(probability_greater({4, 8}, {3e9, 7e9}) ==
        Approx(probability_greater({4, 8}, {3e6, 7e6})).epsilon(1e-5));
  // E max(X - p, 0) for an almost known p = 0.3: the two gains differ by the means.
  CHECK(expected_gain({4, 8}, {3e9, 7e9}) - expected_gain({3e9, 7e9}, {4, 8}) ==
        Approx(4.0 / 12 - 0.3).epsilon(1e-9));
}

TEST_CASE("normal expected losses keep their tail") {
  CHECK(normal_expected_losses(0, 1).positive == Approx(0.3989422804014327));
  // gbstats get_risk(-0.5, 0.1); mpmath gives 5.346165534660072e-09.
  CHECK(normal_expected_losses(-0.5, 0.1).positive == Approx(5.346165534660072e-09).epsilon(1e-9));
  CHECK(normal_expected_losses(-0.5, 0.1).negative == Approx(0.5000000053461655).epsilon(1e-15));
  // mu = 2, s = 0.1: s (phi(20) - 20 Phi(-20)), mpmath 1.3.0 with 40 digits.
  CHECK(normal_expected_losses(2, 0.1).negative == Approx(1.37001249472957994e-91).epsilon(1e-9).margin(0));
  CHECK(normal_expected_losses(1, 0).negative == 0);
}

TEST_CASE("a normal posterior") {
  // Likelihood N(1, 1), prior N(0, 1): N(1/2, 1/2).
  const auto posterior =
      effect_posterior({.estimate = 1, .standard_error = 1}, NormalPrior{.mean = 0, .variance = 1}, 0.05);
  CHECK(posterior.mean == Approx(0.5));
  CHECK(posterior.deviation == Approx(std::sqrt(0.5)));
  CHECK(posterior.chance_positive ==
        Approx(0.7602499389065233));  // Phi(1/sqrt 2), Abramowitz and Stegun 26.2
  const auto flat = effect_posterior({.estimate = 1, .standard_error = 2}, {}, 0.05);
  CHECK(*flat.interval.lower == Approx(1 - 2 * 1.959963985));
  const auto wide =
      effect_posterior({.estimate = 1, .standard_error = 2}, NormalPrior{.mean = 5, .variance = 1e30}, 0.05);
  CHECK(wide.mean == Approx(1));
  CHECK(wide.deviation == Approx(2));
  CHECK_THROWS_AS(effect_posterior({.estimate = 1, .standard_error = 0}, {}, 0.05), std::domain_error);
}
