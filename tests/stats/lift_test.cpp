// The product's estimators against figures computed elsewhere, and their laws.
// Figures: hillstrom (mens against no e-mail) and cookie_cats, made with pandas 1.5.3, scipy 1.10.1 and
// statsmodels 0.13.5 (*.expected.json beside the data sets); inputs are the sufficient statistics printed
// there.

#include "stats/lift.hpp"

#include <array>
#include <cmath>
#include <random>

#include <catch2/catch.hpp>

using namespace liftmark::stats;

namespace {

Stratum means(std::int64_t n_c, double mean_c, double var_c, std::int64_t n_t, double mean_t, double var_t) {
  return {CoMoments::from_mean_variance(n_c, mean_c, var_c),
          CoMoments::from_mean_variance(n_t, mean_t, var_t), true};
}

CoMoments two_columns(std::int64_t n, std::array<double, 2> mean, std::array<double, 3> covariance) {
  const double df = static_cast<double>(n - 1);
  return CoMoments::from_central(n, {mean[0], mean[1]},
                                 {covariance[0] * df, covariance[1] * df, covariance[2] * df}, {0, 0});
}

const Stratum kHillstromSpend =
    means(21306, 0.6527893551112363, 134.28637185302165, 21307, 1.4226165110057727, 315.21179886555484);
constexpr double kValues = 1e-9;

void check_interval(const Estimate& estimate, double lower, double upper, double tolerance = kValues) {
  REQUIRE(estimate.interval);
  CHECK(*estimate.interval->lower == Approx(lower).epsilon(tolerance));
  CHECK(*estimate.interval->upper == Approx(upper).epsilon(tolerance));
}

}  // namespace

TEST_CASE("hillstrom spend per customer: Welch, log-delta and Fieller") {
  const Contrast spend = contrast(std::array{kHillstromSpend}, {});
  const Estimate welch = estimate_lift(spend, Scale::absolute, Inference{.reference = Reference::student});
  CHECK(*welch.point == Approx(0.7698271558945367).epsilon(kValues));
  CHECK(*welch.standard_error == Approx(0.14524656024868676).epsilon(kValues));
  CHECK(on_scale(spend, Scale::absolute, ErrorRule::own).scaled->df ==
        Approx(36671.15797736051).epsilon(kValues));
  CHECK(*welch.p_value == Approx(1.1638149682254859e-07).epsilon(1e-6));
  check_interval(welch, 0.4851397325684075, 1.0545145792206658);
  const Estimate normal = estimate_lift(spend, Scale::absolute, Inference{});
  CHECK(*normal.p_value == Approx(1.157136887964641e-07).epsilon(1e-6));
  check_interval(normal, 0.48514912892878354, 1.0545051828602898);
  const Estimate log_lift = estimate_lift(spend, Scale::log, Inference{});
  CHECK(*log_lift.point == Approx(1.1792887703620059).epsilon(kValues));
  check_interval(log_lift, 0.6284471336957693, 1.916459150778437);
  check_interval(estimate_lift(spend, Scale::fieller, Inference{}), 0.6436904379366633, 1.9774473610628327);
}

TEST_CASE("hillstrom visits: Katz and Wald from a 0/1 value") {
  const Stratum visits{CoMoments::from_counts(21306, 2262), CoMoments::from_counts(21307, 3894), true};
  const Contrast visit = contrast(std::array{visits}, {.binary = true});
  check_interval(estimate_lift(visit, Scale::log, Inference{}), 0.6403848884800001, 0.806425964714953);
  const Estimate wald = estimate_lift(visit, Scale::absolute, Inference{});
  check_interval(wald, 0.06995350121810838, 0.08322562608495411);
  CHECK(*wald.p_value == Approx(2.707655809356536e-113).epsilon(1e-6));
}

TEST_CASE("hillstrom spend per conversion: a ratio by the delta method") {
  const Stratum spend{two_columns(21306, {0.6527893551112363, 0.005726086548390125},
                                  {134.28637185303563, 0.6490818915127993, 0.0056935657095088495}),
                      two_columns(21307, {1.422616511005773, 0.01253109306800582},
                                  {315.2117988656214, 1.4048555050958171, 0.01237464555293067}),
                      true};
  const Contrast value = contrast(std::array{spend}, {.ratio = true});
  CHECK(value.control.value == Approx(114.00270491803278).epsilon(kValues));
  CHECK(value.control.variance == Approx(86.30229847401174).epsilon(kValues));
  CHECK(value.treatment.variance == Approx(46.54276461371867).epsilon(kValues));
  const Estimate difference = estimate_lift(value, Scale::absolute, Inference{});
  CHECK(*difference.point == Approx(-0.4757760790814558).epsilon(1e-8));
  CHECK(*difference.p_value == Approx(0.9670734194018716).epsilon(1e-6));
  check_interval(difference, -23.06601378000062, 22.11446162183771);
}

TEST_CASE("cookie_cats: log-delta and Fieller on heavy tails; ratio of retentions") {
  const Contrast rounds = contrast(std::array{means(44700, 52.45626398210291, 65903.32189749402, 45489,
                                                    51.29877552814966, 10669.736421513298)},
                                   {});
  check_interval(estimate_lift(rounds, Scale::log, Inference{}), -0.06882627411984843, 0.02704287001862049);
  check_interval(estimate_lift(rounds, Scale::fieller, Inference{}), -0.06805595849668578,
                 0.027958393948237514);
  const Stratum retention{two_columns(44700, {0.19020134228187918, 0.4481879194630872},
                                      {0.1540282374979739, 0.06410672070350883, 0.24732104121961196}),
                          two_columns(45489, {0.18200004396667327, 0.44228274967574577},
                                      {0.14887930082666706, 0.0625294828401907, 0.24667414173587088}),
                          true};
  const Estimate ratio =
      estimate_lift(contrast(std::array{retention}, {.ratio = true}), Scale::absolute, Inference{});
  CHECK(*ratio.point == Approx(-0.012876990769848995).epsilon(kValues));
  CHECK(*ratio.p_value == Approx(0.022184211588802686).epsilon(1e-6));
  check_interval(ratio, -0.023911639861876742, -0.0018423416778212496);
}

TEST_CASE("cookie_cats seven-day retention: Katz") {
  const Stratum kept{CoMoments::from_counts(44700, 8502), CoMoments::from_counts(45489, 8279), true};
  check_interval(estimate_lift(contrast(std::array{kept}, {.binary = true}), Scale::log, Inference{}),
                 -0.06889115043161786, -0.016633574257273742);
}

namespace {

/// Units with a covariate, correlated with the value, in two arms; seeded.
std::pair<CoMoments, CoMoments> correlated(double effect, std::uint64_t seed, int n = 400) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> noise;
  CoMoments control(2), treatment(2);
  for (int i = 0; i < n; ++i) {
    const double x = noise(random);
    (i % 2 == 0 ? control : treatment).add(std::array{5.0 + x + 0.5 * noise(random) + (i % 2) * effect, x});
  }
  return {control, treatment};
}

}  // namespace

TEST_CASE("covariate adjustment is the regression coefficient that makes the residual uncorrelated") {
  // Independent path: with slope within_arms and equal arms, theta = sum of comoments (y,x) / sum of
  // comoments (x,x).
  const auto [control, treatment] = correlated(0.3, 7);
  const Contrast adjusted = contrast(std::array{Stratum{control, treatment, true}}, {.covariates = 1});
  const double theta = (control.comoment(0, 1) + treatment.comoment(0, 1)) /
                       (control.comoment(1, 1) + treatment.comoment(1, 1));
  CHECK(adjusted.slope.at(0) == Approx(theta).epsilon(1e-12));
  const double expected = treatment.mean(0) - control.mean(0) - theta * (treatment.mean(1) - control.mean(1));
  CHECK(adjusted.difference == Approx(expected).epsilon(1e-12));
  CHECK(*adjusted.variance_reduction > 0.6);  // true value 0.8
  const Contrast pooled =
      contrast(std::array{Stratum{control, treatment, true}}, {.covariates = 1, .slope = SlopeRule::pooled});
  CoMoments together = control;
  together.merge(treatment);
  CHECK(pooled.slope.at(0) == Approx(together.comoment(0, 1) / together.comoment(1, 1)).epsilon(1e-12));
}

TEST_CASE("a covariate that repeats another changes nothing; one that is constant changes nothing") {
  std::mt19937_64 random(11);
  std::normal_distribution<double> noise;
  CoMoments one[2] = {CoMoments(2), CoMoments(2)};
  CoMoments three[2] = {CoMoments(4), CoMoments(4)};
  for (int i = 0; i < 600; ++i) {
    const double x = noise(random);
    const double y = 10.0 + x + noise(random);
    one[i % 2].add(std::array{y, x});
    three[i % 2].add(std::array{y, x, 2.0 * x, 3.0});
  }
  const Contrast a = contrast(std::array{Stratum{one[0], one[1], true}}, {.covariates = 1});
  const Contrast b = contrast(std::array{Stratum{three[0], three[1], true}}, {.covariates = 3});
  CHECK(b.difference == Approx(a.difference).epsilon(1e-10));
  CHECK(b.control.variance == Approx(a.control.variance).epsilon(1e-10));
}

TEST_CASE("epochs with different shares: no lift where there is none inside them") {
  // MEASUREMENT: pooling over 90/10 then 50/50 while conversion fell from 5% to 4% shows -10.3% with no
  // effect.
  const std::array epochs{
      Stratum{CoMoments::from_counts(90000, 4500), CoMoments::from_counts(10000, 500), true},
      Stratum{CoMoments::from_counts(50000, 2000), CoMoments::from_counts(50000, 2000), true}};
  const Contrast by_epoch = contrast(epochs, {.binary = true});
  CHECK(by_epoch.difference == Approx(0.0).margin(1e-15));
  CHECK(by_epoch.control.value == Approx(0.045));
  // Variance by hand: sum of (1/2)^2 p q / n.
  CHECK(by_epoch.control.variance ==
        Approx(0.25 * 0.05 * 0.95 / 90000 + 0.25 * 0.04 * 0.96 / 50000).epsilon(1e-12));
  const std::array with_empty{epochs[0], epochs[1],
                              Stratum{CoMoments::from_counts(500, 20), CoMoments(1), true}};
  const Contrast left_out = contrast(with_empty, {.binary = true});
  CHECK(left_out.strata_left_out == 1);
  CHECK(left_out.units_left_out == 500);
  CHECK(left_out.difference == Approx(0.0).margin(1e-15));
}

TEST_CASE("interval and p-value of one scale agree") {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> draw(0.5, 1.5);
  for (int i = 0; i < 300; ++i) {
    const Contrast any = contrast(
        std::array{means(200, 10.0 * draw(random), 400.0 * draw(random), 300, 10.0 * draw(random), 400.0)},
        {});
    for (const Scale scale : {Scale::absolute, Scale::log, Scale::fieller})
      for (const Reference reference : {Reference::normal, Reference::student})
        for (const ErrorRule error : {ErrorRule::own, ErrorRule::larger_of_both}) {
          const Estimate e =
              estimate_lift(any, scale, Inference{.alpha = 0.1, .reference = reference, .error = error});
          if (!e.interval) continue;
          const bool excludes = *e.interval->lower > 0.0 || *e.interval->upper < 0.0;
          CHECK(excludes == (*e.p_value < 0.1));
        }
  }
}

TEST_CASE("what cannot be said has a reason") {
  const auto lift = [](const Stratum& stratum, Scale scale) {
    return estimate_lift(contrast(std::array{stratum}, {}), scale, Inference{});
  };
  CHECK(lift(means(1, 3, 0, 10, 4, 1), Scale::log).reason == Reason::too_few_units);
  CHECK(lift(means(10, 0, 1, 10, 4, 1), Scale::log).reason == Reason::zero_baseline);
  CHECK(lift(means(10, -2, 1, 10, 4, 1), Scale::log).reason == Reason::negative_baseline);
  CHECK(lift(means(10, 2, 0, 10, 4, 0), Scale::log).reason == Reason::zero_variance);
  const Estimate wild = lift(means(10, 0.1, 1, 10, 4, 1), Scale::fieller);
  CHECK(wild.reason == Reason::unbounded);
  CHECK(wild.p_value);
  CHECK(wild.point);
  // A negative baseline: up is still positive. Control -10, treatment -8: lift +20%.
  const Estimate less_loss = lift(means(1000, -10, 4, 1000, -8, 4), Scale::fieller);
  CHECK(*less_loss.point == Approx(0.2));
  CHECK(*less_loss.interval->lower > 0.15);
  CHECK(*less_loss.interval->upper < 0.25);
  const Stratum no_orders{CoMoments(2), CoMoments(2), true};
  Stratum zero = no_orders;
  for (int i = 0; i < 5; ++i) {
    zero.control.add(std::array{0.0, 0.0});
    zero.treatment.add(std::array{0.0, 0.0});
  }
  CHECK(contrast(std::array{zero}, {.ratio = true}).reason == Reason::zero_denominator);
}

TEST_CASE("one-sided bounds are the ends of the two-sided interval at twice the error") {
  const Contrast spend = contrast(std::array{kHillstromSpend}, {});
  for (const Scale scale : {Scale::absolute, Scale::log, Scale::fieller}) {
    const Estimate both = estimate_lift(spend, scale, Inference{.alpha = 0.1});
    const Estimate lower = estimate_lift(spend, scale, Inference{.alpha = 0.05, .side = Side::greater});
    const Estimate upper = estimate_lift(spend, scale, Inference{.alpha = 0.05, .side = Side::less});
    CHECK(*lower.interval->lower == Approx(*both.interval->lower).epsilon(1e-12));
    CHECK_FALSE(lower.interval->upper);
    CHECK(*upper.interval->upper == Approx(*both.interval->upper).epsilon(1e-12));
    CHECK_FALSE(upper.interval->lower);
  }
}

TEST_CASE("small counts: score intervals for the lift") {
  // Newcombe 1998, Table II, Miettinen-Nurminen row, four decimals: 6/7 against 2/7 is (0.0342, 0.8534).
  // 0.0342, 0.8534.
  const Estimate difference = score_lift({2, 7}, {6, 7}, Scale::absolute, 0.05);
  check_interval(difference, 0.0342, 0.8534, 2e-3);
  CHECK(small_counts({2, 7}, {6, 7}));
  CHECK_FALSE(small_counts({200, 700}, {600, 700}));
  const Estimate ratio = score_lift({0, 50}, {3, 50}, Scale::log, 0.05);
  CHECK_FALSE(ratio.point);
  CHECK_FALSE(ratio.interval->upper);
}
