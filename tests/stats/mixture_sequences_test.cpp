// Boundaries and sequences by mixtures and bets: reference numbers and the martingale laws behind them.

#include "stats/mixture_sequences.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

#include "stats/betting_sequences.hpp"
#include "stats/confidence_sequence.hpp"
#include "stats/count_sequence.hpp"
#include "stats/mixture_sprt.hpp"
#include "stats/sample_ratio.hpp"

using namespace liftmark::stats;

TEST_CASE("boundaries of the confseq package") {
  // confseq (70b1ef3): confseq/normal_mixture 009 and 014, beta_binomial_mixture 003, 012, 025,
  // gamma_exponential 004, poly_stitching 011.
  CHECK(normal_mixture_bound(100, 0.05, {.v_opt = 100, .one_sided = true}) ==
        Approx(27.660708830694603).epsilon(1e-6));
  CHECK(normal_mixture_bound(1e4, 0.05, {.v_opt = 100}) == Approx(356.16410409188995).epsilon(1e-6));
  const MixtureTuning one_sided{.v_opt = 100, .one_sided = true};
  CHECK(beta_binomial_mixture_bound(1, 0.05, {0.1, 0.9}, one_sided) ==
        Approx(9.715574575607206).epsilon(1e-5));
  CHECK(beta_binomial_mixture_bound(20, 0.05, {0.1, 0.9}, {.v_opt = 100}) ==
        Approx(16.29847353627838).epsilon(1e-5));
  CHECK(beta_binomial_mixture_bound(1e5, 0.05, {0.5, 0.5}, one_sided) ==
        Approx(1156.9102524838115).epsilon(1e-5));
  CHECK(gamma_exponential_mixture_bound(20, 0.05, 0.5, {.v_opt = 100}) ==
        Approx(14.975101189456836).epsilon(1e-5));
  CHECK(poly_stitching_bound(1e5, 0.05, {.v_min = 10, .c = 1}) == Approx(1281.5384885123385).epsilon(1e-6));
}

TEST_CASE("a boundary that cannot be reached is the largest possible sum") {
  CHECK(beta_binomial_mixture_bound(1, 0.05, {0.5, 0.5}, {.v_opt = 100, .one_sided = true}) == Approx(2));
}

TEST_CASE("boundaries at 1e10 stay finite and near the normal one") {
  const MixtureTuning tuning{.v_opt = 1e10};
  const double normal = normal_mixture_bound(1e10, 0.05, tuning);
  CHECK(beta_binomial_mixture_bound(1e10, 0.05, {0.5, 0.5}, tuning) == Approx(normal).epsilon(1e-4));
  const MixtureTuning one_sided{.v_opt = 1e10, .one_sided = true};
  CHECK(gamma_exponential_mixture_bound(1e10, 0.05, 0.01, one_sided) ==
        Approx(normal_mixture_bound(1e10, 0.05, one_sided)).epsilon(1e-4));
}

TEST_CASE("mixtures are martingales of their walks") {
  // A step is h with probability g/(g+h), else -g; v grows by gh. The mean of exp(log mixture) must not
  // change.
  const BoundedIncrements range{0.2, 0.7};
  const MixtureTuning tuning{.v_opt = 5};
  const double v = 20 * range.g * range.h;
  for (const int ups : {0, 3, 11, 20}) {
    const double s = ups * range.h - (20 - ups) * range.g;
    const double now = beta_binomial_log_mixture(s, v, range, tuning), next_v = v + range.g * range.h;
    const double up = beta_binomial_log_mixture(s + range.h, next_v, range, tuning);
    const double down = beta_binomial_log_mixture(s - range.g, next_v, range, tuning);
    const double chance = range.g / (range.g + range.h);
    CHECK(chance * std::exp(up - now) + (1 - chance) * std::exp(down - now) == Approx(1).epsilon(1e-9));
  }
}

TEST_CASE("Bernoulli sequence: reference numbers, symmetry, and its ends") {
  // confseq/bernoulli_cs 001 and 007.
  CHECK(*bernoulli_sequence({0, 10}, 0.05, 100).interval->upper == Approx(0.5881372566623213).epsilon(1e-4));
  const auto one = bernoulli_sequence({1, 1}, 0.05, 100);
  CHECK(*one.interval->lower == 0);
  CHECK(*one.interval->upper == 1);
  const auto few = bernoulli_sequence({30, 1000}, 0.05, 1000),
             many = bernoulli_sequence({970, 1000}, 0.05, 1000);
  CHECK(*few.interval->lower == Approx(1 - *many.interval->upper));
  CHECK(*few.interval->lower < 0.03);
  CHECK(*few.interval->upper > 0.03);
  const auto huge = bernoulli_sequence({1e7, 1e10}, 0.05, 1e10);
  // Near the normal sequence: 3.04 standard errors of sqrt(p (1 - p) / n).
  const double error = std::sqrt(1e-3 * 0.999 / 1e10);
  CHECK((*huge.interval->upper - 1e-3) / error == Approx(3.035).margin(0.02));
  CHECK(bernoulli_sequence({2, 1}, 0.05, 100).reason == Reason::invalid_input);
}

TEST_CASE("betting: capital and interval of the reference, by hand for constant values") {
  // All values 1/2 against m = 0.3: bets are truncated at c/m, so each factor is 1 + (0.5/0.3) 0.2 = 4/3 and
  // the capital 0.5 (4/3)^t (reference hedged_capital 013: 1.1851851851851856 after 3).
  const std::vector<double> halves(40, 0.5);
  const HedgedBets bets(halves, {.alpha = 0.05});
  CHECK(std::exp(bets.log_capital(0.3, 3)) == Approx(0.5 * 64.0 / 27).epsilon(1e-12));
  CHECK(std::exp(bets.log_capital(0.3, 40)) == Approx(49718.66612409694).epsilon(1e-9));
  const auto interval = bets.interval(40);
  CHECK(*interval.lower == Approx(0.419).margin(0.0021));  // reference hedged_betting_cs 007, a grid of 0.001
  CHECK(*interval.upper == Approx(0.581).margin(0.0021));
  CHECK(std::exp(bets.log_capital(*interval.lower, 40)) == Approx(20).epsilon(1e-6));
  CHECK_THROWS_AS(HedgedBets(std::vector<double>{0.5, 1.2}, {}), std::domain_error);
}

TEST_CASE("the gamblers' capital is a martingale: bets do not look ahead") {
  // Values 0 or 1 with mean m: over the next value the mean capital of each gambler is what it was.
  std::mt19937_64 random(3);
  const double m = 0.3;
  std::vector<double> values;
  for (int i = 0; i < 25; ++i) values.push_back(random() % 10 < 3 ? 1 : 0);
  auto with_one = values, with_zero = values;
  with_one.push_back(1);
  with_zero.push_back(0);
  // theta near 1 (0) makes the larger-mean (smaller-mean) gambler the maximum.
  for (const double theta : {1 - 1e-9, 1e-9}) {
    const BettingRule rule{.alpha = 0.05, .theta = theta};
    const double now = std::exp(HedgedBets(values, rule).log_capital(m, 25));
    const double next = m * std::exp(HedgedBets(with_one, rule).log_capital(m, 26)) +
                        (1 - m) * std::exp(HedgedBets(with_zero, rule).log_capital(m, 26));
    CHECK(next == Approx(now).epsilon(1e-6));
  }
}

TEST_CASE("mixture SPRT is the asymptotic sequence with x = n tau^2 / V") {
  const MixtureLook look{.n = 400, .difference = 0.2, .pair_variance = 2, .tau = 0.1};
  const double z = 0.2 / std::sqrt(2.0 / 400), x = 400 * 0.01 / 2;
  CHECK(mixture_log_ratio(look) == Approx(-sequence_log_p(z, x)));
  const auto estimate = mixture_sprt(look, 0.05);
  CHECK(*estimate.p_value == Approx(std::exp(sequence_log_p(z, x))));
  CHECK((*estimate.interval->lower > 0) == (*estimate.p_value < 0.05));
  CHECK(mixture_sprt({.n = 10, .difference = 0, .pair_variance = 0, .tau = 1}, 0.05).reason ==
        Reason::zero_variance);
  // tau_0^2 = 1, n = 1e4, alpha = 0.05: mpmath 1.3.0 with 40 digits.
  CHECK(optimal_mixing_variance(1, 1e4, 0.05) == Approx(0.03102124623340645).epsilon(1e-10));
}

TEST_CASE("exact count sequence: the interval inverts the test, epochs add, empty arms have no end") {
  const std::vector<ConverterCounts> epochs{{60, 110, 0.5}, {90, 30, 0.2}};
  const auto estimate = count_ratio_sequence(epochs, 0.05);
  REQUIRE(estimate.interval->upper);
  const double point = *estimate.point;
  CHECK(*estimate.interval->lower < point);
  CHECK(*estimate.interval->upper > point);
  CHECK((*estimate.interval->lower > 0) == (*estimate.p_value < 0.05));
  // One epoch at 50/50: the point is the ratio of the counts, and the p-value that of the sample-ratio test.
  const std::vector<ConverterCounts> one{{80, 120, 0.5}};
  const auto single = count_ratio_sequence(one, 0.05);
  CHECK(*single.point == Approx(0.5));
  const std::vector<double> counts{120, 80}, shares{0.5, 0.5};
  CHECK(*single.p_value ==
        Approx(std::min(1.0, std::exp(-log_bayes_factor({.counts = counts, .shares = shares}, 100)))));
  const std::vector<ConverterCounts> none{{0, 12, 0.5}}, lost{{12, 0, 0.5}};
  CHECK_FALSE(count_ratio_sequence(none, 0.05).interval->upper);
  CHECK_FALSE(count_ratio_sequence(none, 0.05).point);
  CHECK(*count_ratio_sequence(lost, 0.05).point == -1);
  CHECK(*count_ratio_sequence(lost, 0.05).interval->lower == -1);
  CHECK(count_ratio_sequence(std::vector<ConverterCounts>{{0, 0, 0.5}}, 0.05).reason ==
        Reason::too_few_units);
}

TEST_CASE("two-arm betting finds a difference and is centred on it") {
  std::mt19937_64 random(17);
  std::uniform_real_distribution<double> uniform;
  std::vector<double> values;
  std::vector<std::uint8_t> treated;
  for (int i = 0; i < 4000; ++i) {
    treated.push_back(uniform(random) < 0.5 ? 1 : 0);
    values.push_back(10 * std::clamp(uniform(random) + (treated.back() != 0 ? 0.2 : -0.2), 0.0, 1.0));
  }
  const auto estimate = two_arm_betting({.values = values, .treated = treated, .bound = 10}, {});
  CHECK(*estimate.interval->lower > 0);
  CHECK(*estimate.interval->upper < 10);
  CHECK(*estimate.p_value < 0.05);
  // True means 10 (1/2 +- (0.2 - 0.02)): a difference of 3.6. The point's standard deviation is below 0.2.
  CHECK(*estimate.point == Approx(3.6).margin(1));
  CHECK(two_arm_betting({.values = values, .treated = treated, .bound = 1}, {}).reason ==
        Reason::invalid_input);
}
