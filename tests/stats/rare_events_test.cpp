// Rare events among very many units, where Boost's incomplete beta loses digits; and other far corners.
// Expected numbers: exact binomial sums in 40-digit arithmetic (mpmath 1.3), or a closed form shown.

#include <cmath>

#include <catch2/catch.hpp>

#include "stats/bayes.hpp"
#include "stats/distributions.hpp"
#include "stats/heterogeneity.hpp"
#include "stats/incomplete_beta.hpp"
#include "stats/multiplicity.hpp"

using namespace liftmark::stats;

TEST_CASE("beta tails of rare events against exact binomial sums in 40 digits") {
  struct Row {
    double x, a, b, cdf, sf;
  };
  for (const Row row : {Row{6e-9, 6, 1e9, 0.55432036393595241, 0.44567963606404759},
                        Row{1.5e-9, 10, 1e10, 0.93014633988391924, 0.069853660116080759},
                        Row{6e-6, 6, 1e6, 0.55432565920064945, 0.44567434079935055},
                        Row{1.2162679393870727e-08, 101, 1e10, 0.97500000768152249, 0.024999992318477512},
                        Row{1e-5, 3, 1e7, 1.0, 1.8966623667409249e-40}}) {
    CHECK(beta_cdf(row.x, row.a, row.b) == Approx(row.cdf).epsilon(1e-13));
    CHECK(beta_sf(row.x, row.a, row.b) == Approx(row.sf).epsilon(1e-12));
    CHECK(beta_sf(1 - 1e-3, row.b, row.a) == Approx(beta_cdf(1e-3, row.a, row.b)).epsilon(1e-9));
  }
  // One success: I_x(1, b) = 1 - (1 - x)^b.
  CHECK(beta_cdf(3e-10, 1, 1e10) == Approx(-std::expm1(1e10 * std::log1p(-3e-10))).epsilon(1e-14));
  // Both ways agree where both are good.
  CHECK(rare_beta_cdf(0.009, 100, 1e4, false) == Approx(beta_cdf(0.009, 100, 9999.999999)).epsilon(1e-6));
}

TEST_CASE("a beta quantile of rare events goes back to its probability") {
  for (const double a : {0.5, 1.0, 6.0, 1000.0})
    for (const double b : {1e5, 1e9, 1e10})
      for (const double p : {1e-9, 0.025, 0.5, 0.975}) {
        CHECK(beta_cdf(beta_quantile(p, a, b), a, b) == Approx(p).epsilon(1e-10));
        CHECK(beta_sf(beta_upper_quantile(p, a, b), a, b) == Approx(p).epsilon(1e-10));
      }
}

TEST_CASE("posteriors of rare events and of certain ones: Miller's sum in 40 digits") {
  CHECK(probability_greater({10, 1e10 - 8}, {6, 1e10 - 4}) == Approx(0.84912109384164429).epsilon(1e-11));
  CHECK(probability_greater({1, 11}, {11, 1}) == Approx(1.0 / 705432).epsilon(1e-10));  // 11! 11! / 22!
  CHECK(1 - probability_greater({1, 11}, {1, 1e10 + 1}) == Approx(11e-10).epsilon(1e-5));
}

TEST_CASE("noncentral t far out is 0 or 1, not an error") {
  CHECK(noncentral_t_sf(1.96, 1e10, 7e5) == 1.0);
  CHECK(noncentral_t_sf(1.96, 1e10, -7e5) == 0.0);
  CHECK(noncentral_t_sf(2.0, 30, 0.0) == Approx(student_t_sf(2.0, 30)).epsilon(1e-10));
}

TEST_CASE("Dunnett with few degrees of freedom is Student's t for one treatment") {
  for (const double df : {1.0, 2.0, 5.0, 198.0, 1e6}) {
    const ManyToOne one{.n_control = 10, .n_treatments = {10}, .df = df};
    CHECK(dunnett_critical(one, 0.999, true) == Approx(student_t_upper_quantile(0.0005, df)).epsilon(1e-8));
    CHECK(dunnett_critical(one, 0.95, false) == Approx(student_t_upper_quantile(0.05, df)).epsilon(1e-8));
  }
  // A treatment ten thousand times the control: still one comparison's t.
  const ManyToOne lopsided{.n_control = 10, .n_treatments = {1e5}, .df = {}};
  CHECK(dunnett_critical(lopsided, 0.95, true) == Approx(normal_upper_quantile(0.025)).epsilon(1e-8));
}

TEST_CASE("heterogeneity stays a number when one segment is a billion billion times more precise") {
  const SegmentEffect segments[] = {{1, 1}, {1e9, 1e-9}};
  const auto result = heterogeneity(segments);
  REQUIRE(result.between_variance);
  CHECK(*result.between_variance == Approx(5e17).epsilon(1e-6));  // (Q - 1) / 2, Q = (1e9 - 1)^2
  REQUIRE(result.common->point);
  CHECK(*result.common->point == Approx(5e8).epsilon(1e-6));
}
