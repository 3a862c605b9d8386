// Asymptotic confidence sequences: reference numbers, the laws that tie interval to p-value, and the
// product's rule.

#include "stats/confidence_sequence.hpp"

#include <cmath>

#include <catch2/catch.hpp>

using namespace liftmark::stats;

TEST_CASE("tuning solves its equation, at ordinary and extreme alpha") {
  // u - log(1 + u) = -2 log a solved with 60 decimal digits in Python's decimal module.
  CHECK(tuned_rho_squared(1, 0.05) == Approx(8.21196806206825421).epsilon(1e-14));
  CHECK(tuned_rho_squared(1, 1e-10) == Approx(49.9831979870907447).epsilon(1e-14));
  CHECK(tuned_rho_squared(1, 0.9) == Approx(0.796638387835265622).epsilon(1e-13));
  CHECK(tuned_rho_squared(1, 0.025, SequenceSide::lower) == Approx(8.21196806206825421).epsilon(1e-14));
  CHECK(tuned_rho_squared(1e9, 0.05) == Approx(8.21196806206825421e-9).epsilon(1e-14));
  CHECK_THROWS(tuned_rho_squared(1000, 0.5, SequenceSide::upper));
}

TEST_CASE("half-widths and rho of the reference package") {
  // gbstats 0.8.0 sequential_rho and sequential_interval_halfwidth: reference cases sequential/rho_tuning 001
  // and sequential/asymptotic_cs_halfwidth 002, 005.
  CHECK(approximate_rho(100, 0.05) == Approx(0.28171181376963167).epsilon(1e-12));
  CHECK(approximate_rho(100, 0.05, SequenceSide::lower) == Approx(0.2515722481772629).epsilon(1e-12));
  const double rho = approximate_rho(5000, 0.05),
               one_sided = approximate_rho(5000, 0.05, SequenceSide::lower);
  CHECK(sequence_critical_value(10000 * rho * rho, 0.05) / 100 ==
        Approx(0.030614772188674165).epsilon(1e-12));
  CHECK(sequence_critical_value(10000 * one_sided * one_sided, 0.05, SequenceSide::lower) / 100 ==
        Approx(0.028013307238473714).epsilon(1e-12));
  CHECK(sequence_critical_value(rho * rho, 0.05) == Approx(61.49620294609535).epsilon(1e-12));
}

TEST_CASE("the exact tuning is the best one") {
  for (const double alpha : {0.2, 0.05, 0.001}) {
    const double x = tuned_rho_squared(1, alpha);
    const double best = sequence_critical_value(x, alpha);
    CHECK(best <= sequence_critical_value(1.05 * x, alpha));
    CHECK(best <= sequence_critical_value(0.95 * x, alpha));
    const double rho = approximate_rho(1, alpha);
    CHECK(best <= sequence_critical_value(rho * rho, alpha));
    CHECK(sequence_critical_value(rho * rho, alpha) < 1.01 * best);
  }
}

TEST_CASE("width at the planned n against the fixed interval: at most 1.6") {
  // Normal quantiles: Abramowitz and Stegun table 26.5.
  CHECK(sequence_critical_value(tuned_rho_squared(1, 0.05), 0.05) < 1.6 * 1.959963985);
  CHECK(sequence_critical_value(tuned_rho_squared(1, 0.01), 0.01) < 1.6 * 2.575829304);
  CHECK(sequence_critical_value(tuned_rho_squared(1, 0.1), 0.1) < 1.7 * 1.644853627);
  CHECK(sequence_critical_value(tuned_rho_squared(1, 0.05, SequenceSide::lower), 0.05, SequenceSide::lower) <
        1.7 * 1.644853627);
}

TEST_CASE("the p-value is the alpha at which the bound touches the null, for a fixed mixing") {
  for (const auto side : {SequenceSide::two_sided, SequenceSide::lower, SequenceSide::upper})
    for (const double x : {0.01, 1.0, 8.0, 500.0, 1e8})
      for (const double alpha : {0.4, 0.05, 1e-4, 1e-12}) {
        const double critical = sequence_critical_value(x, alpha, side);
        const double z = side == SequenceSide::upper ? -critical : critical;
        CHECK(sequence_log_p(z, x, side) == Approx(std::log(alpha)).epsilon(1e-9));
      }
  CHECK(sequence_log_p(-3, 8, SequenceSide::lower) == 0);
  CHECK(sequence_log_p(3, 8, SequenceSide::upper) == 0);
  CHECK(sequence_log_p(0, 8) == 0);
  // est / se = 1e4: exp would have overflowed. -x z^2 / (2 (x + 1)) + log(x + 1) / 2 with x = 1: -2.5e7 +
  // 0.34657359.
  CHECK(sequence_log_p(1e4, 1) == Approx(-2.5e7 + 0.34657359028).epsilon(1e-14));
  CHECK(std::isfinite(sequence_log_p(1e4, 1, SequenceSide::lower)));
}

TEST_CASE("burn-in: 100 units, 3 skew^2, 20 of each cell") {
  SequenceLook look{.estimate = 0.1, .own_standard_error = 0.05, .n = 200, .smallest_arm_n = 100};
  const SequenceRule rule{.planned_n = 1000};
  CHECK(burn_in_is_over(look));
  CHECK(confidence_sequence(look, rule).reason == Reason::none);
  look.smallest_arm_n = 99;
  const Estimate early = confidence_sequence(look, rule);
  CHECK(early.reason == Reason::burn_in);
  CHECK(early.point == 0.1);
  CHECK_FALSE(early.interval);
  CHECK_FALSE(early.p_value);
  look.smallest_arm_n = 1200;
  look.skewness = -20;  // 3 * 400 = 1200
  CHECK(burn_in_is_over(look));
  look.skewness = 20.01;
  CHECK_FALSE(burn_in_is_over(look));
  look.skewness = 0;
  look.smallest_cell = 19;
  CHECK_FALSE(burn_in_is_over(look));
  look.smallest_cell = 20;
  CHECK(burn_in_is_over(look));
}

TEST_CASE("the product's interval uses the larger error and the exact tuning") {
  const SequenceLook look{.estimate = 0.3,
                          .own_standard_error = 0.05,
                          .pooled_standard_error = 0.06,
                          .n = 1000,
                          .smallest_arm_n = 500};
  const Estimate result = confidence_sequence(look, {.planned_n = 1000, .alpha = 0.05});
  // At n = n*, c^2 = x + 1 with x = 8.21196806: c = 3.0351224. Half-width 0.06 c.
  CHECK(result.standard_error == 0.06);
  CHECK(*result.interval->lower == Approx(0.3 - 0.06 * 3.0351224).epsilon(1e-7));
  CHECK(*result.interval->upper == Approx(0.3 + 0.06 * 3.0351224).epsilon(1e-7));
  CHECK(result.interval->kind == IntervalKind::confidence_sequence);
  CHECK(*result.p_value < 0.05);
  const Estimate guardrail = confidence_sequence(
      look, {.planned_n = 1000, .alpha = 0.05, .side = SequenceSide::lower, .null_value = -0.02});
  CHECK(guardrail.interval->lower);
  CHECK_FALSE(guardrail.interval->upper);
  CHECK((*guardrail.interval->lower > -0.02) == (*guardrail.p_value < 0.05));
}

TEST_CASE("a look that cannot say") {
  const SequenceLook look{.estimate = 0, .n = 1000, .smallest_arm_n = 500};
  CHECK(confidence_sequence(look, {.planned_n = 1000}).reason == Reason::zero_variance);
  CHECK(confidence_sequence(look, {.planned_n = 0}).reason == Reason::invalid_input);
  CHECK(confidence_sequence(look, {.planned_n = 1000, .alpha = 0.5, .side = SequenceSide::lower}).reason ==
        Reason::invalid_input);
}
