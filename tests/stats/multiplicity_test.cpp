// Laws of the rules for many comparisons. The numbers themselves are held to R and statsmodels by the calc
// vectors.

#include "stats/multiplicity.hpp"

#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "stats/distributions.hpp"

using namespace liftmark::stats;

TEST_CASE("Dunnett's value where treatments are far larger than the control") {
  // The treatments are then known, and every statistic is the control's own: the one-sided value tends to
  // that of one normal variable, the two-sided likewise (n2/n1 = 1e9: differences of 1e-4 remain).
  const ManyToOne design{.n_control = 10, .n_treatments = {1e10, 1e10}, .df = {}};
  CHECK(dunnett_critical(design, 0.95, false) == Approx(1.6448536).margin(1e-3));
  CHECK(dunnett_critical(design, 0.95, true) == Approx(1.9599640).margin(1e-3));
  // Just past the change of integration rules nothing jumps.
  const auto at = [](double n) {
    return dunnett_critical({.n_control = 100, .n_treatments = {n, n}, .df = 50.0}, 0.95, true);
  };
  CHECK(at(6299.9) == Approx(at(6300.1)).margin(1e-5));
}

TEST_CASE("adjusted p-values: by hand") {
  // Holm 1979 on p = 0.01, 0.02, 0.04: 3 x 0.01, 2 x 0.02, 1 x 0.04, made monotone.
  const std::vector<double> p{0.04, 0.01, 0.02};
  const auto holm = adjust_holm(p);
  CHECK(holm[1] == Approx(0.03));
  CHECK(holm[2] == Approx(0.04));
  CHECK(holm[0] == Approx(0.04));
  // Benjamini and Hochberg: 3/1 x 0.01, 3/2 x 0.02, 3/3 x 0.04, minima from the right.
  const auto bh = adjust_benjamini_hochberg(p);
  CHECK(bh[1] == Approx(0.03));
  CHECK(bh[2] == Approx(0.03));
  CHECK(bh[0] == Approx(0.04));
}

TEST_CASE("every rule keeps p-values ordered, at least p and at most 1; the order of power is known") {
  const std::vector<double> p{0.8, 1e-9, 0.03, 0.03, 0.2, 0.0, 1.0, 0.011};
  for (const MultiplicityRule& rule : kMultiplicityRules) {
    INFO(rule.name);
    const auto adjusted = rule.adjust(p);
    for (std::size_t i = 0; i < p.size(); ++i) {
      CHECK(adjusted[i] >= p[i]);
      CHECK(adjusted[i] <= 1.0);
      for (std::size_t j = 0; j < p.size(); ++j)
        if (p[i] < p[j]) CHECK(adjusted[i] <= adjusted[j]);
    }
    CHECK(rule.adjust({}).empty());
  }
  const auto bonferroni = adjust_bonferroni(p), holm = adjust_holm(p), hochberg = adjust_hochberg(p),
             hommel = adjust_hommel(p);
  for (std::size_t i = 0; i < p.size(); ++i) {
    CHECK(bonferroni[i] >= holm[i]);
    CHECK(holm[i] >= hochberg[i]);
    CHECK(hochberg[i] >= hommel[i] * (1 - 1e-14));
  }
  CHECK_THROWS_AS(adjust_holm(std::vector<double>{0.5, std::nan("")}), std::invalid_argument);
}

TEST_CASE("one treatment against one control is an ordinary test") {
  const ManyToOne one{.n_control = 50, .n_treatments = {70}, .df = 30.0};
  CHECK(dunnett_critical(one, 0.95, true) == Approx(student_t_upper_quantile(0.025, 30)).epsilon(1e-6));
  const ManyToOne large{.n_control = 50, .n_treatments = {70}, .df = {}};
  CHECK(dunnett_critical(large, 0.95, false) == Approx(normal_upper_quantile(0.05)).epsilon(1e-8));
  // Far in the tail the chances add up: k treatments give about k times one's.
  const ManyToOne three{.n_control = 100, .n_treatments = {100, 100, 100}, .df = {}};
  CHECK(dunnett_p_value(three, 7.0, true) == Approx(3 * 2 * normal_sf(7.0)).epsilon(0.01));
}

TEST_CASE("step-down Dunnett rejects at least what single-step Dunnett does") {
  const ManyToOne design{.n_control = 40, .n_treatments = {40, 40, 30}, .df = 100.0};
  const std::vector<double> t{2.2, 2.6, 1.2};
  const auto adjusted = dunnett_step_down(design, t, true);
  for (std::size_t i = 0; i < t.size(); ++i)
    CHECK(adjusted[i] <= dunnett_p_value(design, t[i], true) + 1e-12);
  CHECK(adjusted[1] == Approx(dunnett_p_value(design, 2.6, true)));
  CHECK(false_coverage_level(3, 20, 0.05) == Approx(1 - 3 * 0.05 / 20));
}
