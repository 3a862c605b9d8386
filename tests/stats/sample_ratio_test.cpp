// Sample-ratio tests: reference numbers, large counts, and the rule for arms that should be empty.

#include "stats/sample_ratio.hpp"

#include <array>
#include <cmath>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

using namespace liftmark::stats;

namespace {

SampleRatioTest chi_square(const std::vector<double>& counts, const std::vector<double>& shares) {
  return sample_ratio_chi_square({.counts = counts, .shares = shares});
}

double log_bayes(const std::vector<double>& counts, const std::vector<double>& shares, double concentration) {
  return log_bayes_factor({.counts = counts, .shares = shares}, concentration);
}

}  // namespace

TEST_CASE("chi-square, reference cases") {
  // scipy 1.10.1 stats.chisquare: srm/chi2 002 and 011.
  CHECK(*chi_square({5050, 4950}, {0.5, 0.5}).p_value == Approx(0.31731050786291115).epsilon(1e-12));
  const auto four = chi_square({250, 250, 250, 310}, {0.25, 0.25, 0.25, 0.25});
  CHECK(*four.statistic == Approx(10.18867924528302).epsilon(1e-12));
  CHECK(*four.p_value == Approx(0.017028537816436394).epsilon(1e-12));
  CHECK(four.degrees_of_freedom == 3);
}

TEST_CASE("an arm with no share costs no degree of freedom, and a unit in it is a failure") {
  const auto two = chi_square({5050, 4950}, {0.5, 0.5}), three = chi_square({5050, 0, 4950}, {0.5, 0, 0.5});
  CHECK(three.degrees_of_freedom == 1);
  CHECK(*three.p_value == *two.p_value);
  const auto failed = chi_square({5000, 1, 5000}, {0.5, 0, 0.5});
  CHECK(failed.unit_in_empty_arm);
  CHECK(*failed.p_value == 0);
  CHECK(chi_square({0, 0}, {0.5, 0.5}).reason == Reason::too_few_units);
  CHECK(chi_square({10, 0}, {1, 0}).reason == Reason::too_few_units);
  CHECK(chi_square({10, -1}, {1, 1}).reason == Reason::invalid_input);
}

TEST_CASE("log Bayes factors, against 40-digit arithmetic") {
  // Sums of log-gammas, mpmath 1.3.0 with 40 digits.
  CHECK(log_bayes({100, 0}, {0.99, 0.01}, 1000) == Approx(0.04689812543396874927).epsilon(1e-11));
  CHECK(log_bayes({0, 7}, {0.999, 0.001}, 0.1) == Approx(41.2088619578017650932).epsilon(1e-13));
  CHECK(log_bayes({10, 3, 0}, {0.5, 0.3, 0.2}, 1) == Approx(1.2507872250095608).epsilon(1e-12));
  CHECK(log_bayes({5000100000, 4999900000}, {0.5, 0.5}, 1000) == Approx(-6.05929807507913753).margin(1e-10));
  CHECK(log_bayes({0, 0}, {0.5, 0.5}, 1000) == Approx(0).margin(1e-15));
  CHECK(std::isinf(log_bayes({5, 1}, {1, 0}, 1000)));
}

TEST_CASE("the Bayes factor is a martingale: its mean over the next unit is its value") {
  std::mt19937_64 random(7);
  for (int trial = 0; trial < 50; ++trial) {
    const std::vector<double> shares{0.5, 0.4, 0.1};
    std::vector<double> counts(3);
    for (double& count : counts) count = static_cast<double>(random() % 300);
    const double now = log_bayes(counts, shares, 20);
    double next = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      auto after = counts;
      after[i] += 1;
      next += shares[i] * std::exp(log_bayes(after, shares, 20) - now);
    }
    CHECK(next == Approx(1).epsilon(1e-10));
  }
}

TEST_CASE("epochs add their evidence; a change of shares alone is no evidence") {
  const std::array<double, 2> first_counts{9000, 1000}, second_counts{5000, 5000};
  const std::array<double, 2> first_shares{0.9, 0.1}, second_shares{0.5, 0.5};
  const std::array<ArmCounts, 2> epochs{ArmCounts{first_counts, first_shares},
                                        ArmCounts{second_counts, second_shares}};
  const auto test = sample_ratio_sequential(epochs);
  CHECK(*test.statistic ==
        Approx(log_bayes({9000, 1000}, {0.9, 0.1}, 1000) + log_bayes({5000, 5000}, {0.5, 0.5}, 1000)));
  CHECK(*test.p_value == 1);
  const std::array<ArmCounts, 1> pooled{ArmCounts{first_counts, second_shares}};
  CHECK(*sample_ratio_sequential(pooled).p_value < 1e-300);
  CHECK(sample_ratio_sequential({}).reason == Reason::too_few_units);
  RunningPValue running;
  CHECK(running.value() == 1);
  CHECK(running.look(std::log(50.0)) == Approx(0.02));
  CHECK(running.look(-3) == Approx(0.02));
}
