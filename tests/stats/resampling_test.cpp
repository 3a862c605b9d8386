// Resampling: the same numbers for any number of threads, and agreement with closed forms where there are
// some.

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <catch2/catch.hpp>

#include "stats/bootstrap.hpp"
#include "stats/co_moments.hpp"
#include "stats/credibility.hpp"
#include "stats/off_policy.hpp"
#include "stats/power.hpp"
#include "stats/random_stream.hpp"
#include "stats/survival.hpp"

using namespace liftmark::stats;

namespace {

double deviation(const std::vector<double>& values) {
  CoMoments moments;
  for (const double value : values) moments.add(value);
  return std::sqrt(moments.variance());
}

}  // namespace

TEST_CASE("one and four threads give the same replicates") {
  std::vector<double> sample(101);
  std::iota(sample.begin(), sample.end(), -3.0);
  const ResamplingOptions one{.replicates = 500, .seed = 7, .threads = 1},
      four{.replicates = 500, .seed = 7, .threads = 4};
  CHECK(bootstrap_replicates(sample, sample_median, one) ==
        bootstrap_replicates(sample, sample_median, four));
  CHECK(poisson_bootstrap_ratio({.numerator = sample, .denominator = {}}, one) ==
        poisson_bootstrap_ratio({.numerator = sample, .denominator = {}}, four));
}

TEST_CASE("the Poisson bootstrap's spread is the delta method's") {
  // 2,000 units, most of them zeros: sd of the ratio is sqrt(v / n), v of the linearised values. 4,000
  // replicates know a standard deviation to 1 / sqrt(8,000) = 1.1%; 6 of those is 7%.
  RandomStream stream(3, 0);
  std::vector<double> numerator, denominator;
  CoMoments moments(2);
  for (int i = 0; i < 2000; ++i) {
    const bool buyer = stream.uniform() < 0.1;
    numerator.push_back(buyer ? -40.0 * std::log(stream.uniform()) : 0.0);
    denominator.push_back(1.0 + (buyer ? 1.0 : 0.0));
    moments.add(std::vector<double>{numerator.back(), denominator.back()});
  }
  const double ratio = moments.mean(0) / moments.mean(1);
  const CoMoments linear =
      moments.combine(std::vector<double>{1.0 / moments.mean(1), -ratio / moments.mean(1)});
  const auto replicates = poisson_bootstrap_ratio({.numerator = numerator, .denominator = denominator},
                                                  {.replicates = 4000, .seed = 11, .threads = 2});
  CHECK(deviation(replicates) == Approx(std::sqrt(linear.variance() / 2000)).epsilon(0.07));
}

TEST_CASE("the weights of the Poisson bootstrap are independent Poisson(1)") {
  // Units (1, 0) and (0, 2): a replicate is a / 2b with weights a and b, left out where b is 0. Its law comes
  // from exp(-1) / (a! b!); the cells beyond 1 need weights of 4 and more. 7 degrees of freedom: a chi-square
  // above 48 has a probability below 1e-7.
  const std::vector<double> numerator{1, 0}, denominator{0, 2},
      bounds{0, 0.499, 0.501, 0.999, 1.001, 1.501, 2.001};
  const auto cell = [&](double ratio) {
    return static_cast<std::size_t>(std::lower_bound(bounds.begin(), bounds.end(), ratio) - bounds.begin());
  };
  std::vector<double> probability(8, 0.0), seen(8, 0.0);
  for (int a = 0; a < 20; ++a)
    for (int b = 1; b < 20; ++b)
      probability[cell(a / 2.0 / b)] +=
          std::exp(-2.0 - std::lgamma(a + 1.0) - std::lgamma(b + 1.0)) / (1 - std::exp(-1.0));
  const auto replicates = poisson_bootstrap_ratio({.numerator = numerator, .denominator = denominator},
                                                  {.replicates = 1'000'000, .seed = 5, .threads = 2});
  for (const double ratio : replicates) ++seen[cell(ratio)];
  const auto n = static_cast<double>(replicates.size());
  double chi_square = 0.0;
  for (std::size_t i = 0; i < seen.size(); ++i)
    chi_square += (seen[i] - n * probability[i]) * (seen[i] - n * probability[i]) / (n * probability[i]);
  CHECK(chi_square < 48);
  CHECK(std::abs(n - 1e6 * (1 - std::exp(-1.0))) <
        5.5 * std::sqrt(1e6 * std::exp(-1.0) * (1 - std::exp(-1.0))));
}

TEST_CASE("a permutation test of equal samples is not extreme, of distant ones as small as it can be") {
  const std::vector<double> a{1, 2, 3, 4, 5, 6}, b{101, 102, 103, 104, 105, 106};
  CHECK(*permutation_test(a, a, {.replicates = 999, .seed = 1, .threads = 1}).p_value == Approx(1.0));
  // 2 of the C(12,6) = 924 splits are as extreme: p near 2/924; 1,999 replicates, 6 standard errors.
  CHECK(*permutation_test(a, b, {.replicates = 1999, .seed = 1, .threads = 1}).p_value <
        2.0 / 924 + 6 * std::sqrt(2.0 / 924 / 1999) + 1.0 / 2000);
  CHECK(permutation_test({}, a, {}).reason == Reason::too_few_units);
}

TEST_CASE("restricted mean by hand, and its edges") {
  // Events at 1 and 3 of 4 units, one censored at 2, one followed to 5. S: 3/4 from 1, 3/8 from 3.
  // Area to 4: 1 + 2 x 3/4 + 1 x 3/8 = 2.875. Variance: areas beyond 1 and 3 are 1.875 and 0.375:
  // 1.875^2 x 1/(4 x 3) + 0.375^2 x 1/(2 x 1) = 0.29297 + 0.07031.
  const std::vector<FollowUp> units{{1, true}, {2, false}, {3, true}, {5, false}};
  const auto mean = restricted_mean(units, 4.0, 0.05);
  CHECK(*mean.point == Approx(2.875));
  CHECK(*mean.standard_error == Approx(std::sqrt(0.29296875 + 0.0703125)));
  CHECK(restricted_mean({}, 4.0, 0.05).reason == Reason::too_few_units);
  CHECK(restricted_mean(std::vector<FollowUp>{{5, false}}, 4.0, 0.05).reason == Reason::zero_variance);
  CHECK(hazard_ratio(std::vector<FollowUp>{{1, true}, {2, true}}, std::vector<FollowUp>{{3, false}}, 0.05)
            .reason != Reason::none);
}

TEST_CASE("off-policy: on-policy weights give the plain mean, and a lone huge weight is called out") {
  std::vector<LoggedRound> rounds{{.reward = 1, .weight = 1},
                                  {.reward = 0, .weight = 1},
                                  {.reward = 1, .weight = 1},
                                  {.reward = 0, .weight = 1}};
  CHECK(*off_policy_value(rounds, OffPolicyMethod::ips).point == Approx(0.5));
  CHECK(*off_policy_value(rounds, OffPolicyMethod::snips).point == Approx(0.5));
  CHECK(diagnose_weights(rounds).effective_sample_size == Approx(4.0));
  rounds.push_back({.reward = 1, .weight = 21739});
  const auto weights = diagnose_weights(rounds);
  CHECK(weights.effective_sample_size < 1.001);
  CHECK(weights.share_of_largest > 0.999);
  CHECK(off_policy_value({}, OffPolicyMethod::ips).reason == Reason::too_few_units);
  const std::vector<LoggedRound> unsupported{{.reward = 1, .weight = 0}};
  CHECK(off_policy_value(unsupported, OffPolicyMethod::snips).reason == Reason::zero_denominator);
}

TEST_CASE("planning: size, power and detectable lift invert each other under every design") {
  for (const PlanDesign design : {PlanDesign::fixed, PlanDesign::obrien_fleming, PlanDesign::always_valid}) {
    PlanQuestion question{.baseline = {.mean = 0.05, .proportion = true}, .design = design, .looks = 20};
    const double units = lift_sample_size(question, 0.04);
    CHECK(lift_power(question, 0.04, units) == Approx(0.8).epsilon(1e-6));
    CHECK(*minimal_detectable_lift(question, units) == Approx(0.04).epsilon(1e-6));
  }
}

TEST_CASE(
    "what the always-valid design costs (MEASUREMENT: 54% power at a fixed design's size, 1.66 times as much "
    "for 80%)") {
  PlanQuestion question{.baseline = {.mean = 0.05, .proportion = true}, .looks = 200};
  const double fixed = lift_sample_size(question, 0.05);
  question.design = PlanDesign::always_valid;
  CHECK(plan_inflation(question) == Approx(1.66).margin(0.03));
  CHECK(lift_power(question, 0.05, fixed) == Approx(0.54).margin(0.015));
  question.design = PlanDesign::obrien_fleming;
  question.looks = 5;
  CHECK(plan_inflation(question) ==
        Approx(1.03).margin(0.01));  // Jennison and Turnbull 2000, table 7.2 gives 1.026 to 1.03
}

TEST_CASE("clipping hides 1 - mean of the cut weights, by hand") {
  // Weights 4, 1, 1, 0 cut at 2: mean of (2, 1, 1, 0) is 1, so nothing is unseen; cut at 1: 3/4 is seen.
  const std::vector<LoggedRound> rounds{{.reward = 1, .weight = 4},
                                        {.reward = 0, .weight = 1},
                                        {.reward = 1, .weight = 1},
                                        {.reward = 1, .weight = 0}};
  CHECK(clipping_bias(rounds, 2, 0, 1).unseen == 0.0);
  const auto bias = clipping_bias(rounds, 1, 0, 2);
  CHECK(bias.cut == 1);
  CHECK(bias.unseen == Approx(0.25));
  CHECK(bias.removed == Approx(0.75));  // (4 - 1) x 1 / 4
  CHECK(bias.highest_bias == Approx(0.5));
}

TEST_CASE("credibility: groups that differ by chance are their parent's mean, distinct ones keep their own") {
  // Two groups of 4 values with means 0 and 1 and no variance within: k = 0.
  const std::vector<GroupSums> distinct{{.n = 4, .sum = 0, .squares = 0}, {.n = 4, .sum = 4, .squares = 4}};
  CHECK(credibility_means(distinct, std::vector{0.5}) == std::vector{0.0, 1.0});
  // Equal means: the difference between groups is below chance.
  const std::vector<GroupSums> equal{{.n = 4, .sum = 2, .squares = 2}, {.n = 4, .sum = 2, .squares = 2}};
  CHECK(credibility_means(equal, std::vector{0.3}) == std::vector{0.3, 0.3});
  // Means 0.25 and 1 of 4 each: within (0.75 + 0) / 6 = 0.125; between 4 (0.375^2 + 0.375^2) - 0.125 = 1;
  // scale 8 - 32/8 = 4; k = 0.125 / 0.25 = 0.5: (1 + 0.5 x 0.625) / 4.5. An empty group is its parent.
  const std::vector<GroupSums> some{
      {.n = 4, .sum = 1, .squares = 1}, {.n = 4, .sum = 4, .squares = 4}, {.n = 0, .sum = 0, .squares = 0}};
  const auto means = credibility_means(some, std::vector{0.625});
  CHECK(means[0] == Approx((1 + 0.5 * 0.625) / 4.5));
  CHECK(means[1] == Approx((4 + 0.5 * 0.625) / 4.5));
  CHECK(means[2] == 0.625);
}
