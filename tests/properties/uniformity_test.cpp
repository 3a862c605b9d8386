// Uniformity and independence of liftmark-1. Ids and salts are fixed, so each test gives one answer for ever;
// the limits are what a uniform hash would exceed less than once in a million.
#include <cmath>
#include <functional>
#include <random>
#include <string>

#include <catch2/catch.hpp>

#include "assign/assigner.hpp"
#include "assign/schemes/liftmark_1.hpp"

using namespace liftmark::assign;

namespace {

using Name = std::function<std::string(std::uint64_t)>;

std::string sequential(std::uint64_t i) {
  return std::to_string(i);
}
std::string random_looking(std::uint64_t i) {
  std::mt19937_64 random(i);
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(random()),
                static_cast<unsigned long long>(random()));
  return text;
}
std::string mail(std::uint64_t i) {
  return "customer." + std::to_string(i * 7919) + (i % 3 == 0 ? "@example.com" : "@mail.example.org");
}

/// The value that chi-square with `degrees` freedom exceeds with probability about 1e-7 (Wilson and Hilferty
/// 1931).
double chi_square_limit(double degrees) {
  const double z = 5.2;
  return degrees * std::pow(1.0 - 2.0 / (9.0 * degrees) + z * std::sqrt(2.0 / (9.0 * degrees)), 3.0);
}

double chi_square(const std::vector<std::uint64_t>& counts, double total) {
  const double expected = total / static_cast<double>(counts.size());
  double sum = 0.0;
  for (const std::uint64_t count : counts) {
    const double off = static_cast<double>(count) - expected;
    sum += off * off / expected;
  }
  return sum;
}

/// Counts the high and the low bits of every purpose's draw in 1,000 and 1,024 cells, and pairs of draws in
/// 32 x 32.
void check_uniform(const Name& name, std::uint64_t units) {
  std::vector<std::vector<std::uint64_t>> high(4, std::vector<std::uint64_t>(1000));
  std::vector<std::vector<std::uint64_t>> low(4, std::vector<std::uint64_t>(1024));
  std::vector<std::vector<std::uint64_t>> pairs(6, std::vector<std::uint64_t>(1024));
  std::uint64_t keys[4];
  for (std::uint64_t p = 0; p < 4; ++p) keys[p] = salt_key("uniformity", static_cast<Purpose>(p + 1));
  for (std::uint64_t i = 0; i < units; ++i) {
    const std::uint64_t unit = unit_hash(name(i));
    std::uint64_t draws[4];
    for (std::size_t p = 0; p < 4; ++p) {
      draws[p] = draw(unit, keys[p]);
      ++high[p][static_cast<std::size_t>((draws[p] >> 32) * 1000 >> 32)];
      ++low[p][draws[p] & 1023];
    }
    std::size_t pair = 0;
    for (std::size_t p = 0; p < 4; ++p) {
      for (std::size_t q = p + 1; q < 4; ++q) ++pairs[pair++][(draws[p] >> 59) * 32 + (draws[q] >> 59)];
    }
  }
  const auto total = static_cast<double>(units);
  for (const auto& counts : high) CHECK(chi_square(counts, total) < chi_square_limit(999));
  for (const auto& counts : low) CHECK(chi_square(counts, total) < chi_square_limit(1023));
  for (const auto& counts : pairs) CHECK(chi_square(counts, total) < chi_square_limit(1023));
}

/// 100 experiments of two equal arms: every pair's 2 x 2 table, and the mean chi-square of the 4,950 pairs.
void check_independent(const Name& name, std::uint64_t units) {
  constexpr std::size_t kExperiments = 100;
  std::vector<std::uint64_t> keys;
  for (std::size_t e = 0; e < kExperiments; ++e)
    keys.push_back(salt_key("experiment-" + std::to_string(e), Purpose::arm));
  std::vector<std::uint64_t> ones(kExperiments);
  std::vector<std::uint64_t> both(kExperiments * kExperiments);
  std::vector<std::uint64_t> arm(kExperiments);
  for (std::uint64_t i = 0; i < units; ++i) {
    const std::uint64_t unit = unit_hash(name(i));
    for (std::size_t e = 0; e < kExperiments; ++e) arm[e] = draw(unit, keys[e]) >> 63;
    for (std::size_t e = 0; e < kExperiments; ++e) {
      ones[e] += arm[e];
      if (arm[e] == 0) continue;
      for (std::size_t f = e + 1; f < kExperiments; ++f) both[e * kExperiments + f] += arm[f];
    }
  }
  const auto n = static_cast<double>(units);
  double sum = 0.0;
  double largest = 0.0;
  for (std::size_t e = 0; e < kExperiments; ++e) {
    CHECK(std::abs(static_cast<double>(ones[e]) - n / 2) < 6.0 * std::sqrt(n) / 2);
    for (std::size_t f = e + 1; f < kExperiments; ++f) {
      const double a = static_cast<double>(ones[e]) / n;
      const double b = static_cast<double>(ones[f]) / n;
      const double covariance = static_cast<double>(both[e * kExperiments + f]) / n - a * b;
      const double chi = n * covariance * covariance / (a * (1 - a) * b * (1 - b));
      sum += chi;
      largest = std::max(largest, chi);
    }
  }
  CHECK(largest < 45.0);  // P(chi-square, 1 degree > 45) = 2e-11, times 4,950 pairs = 1e-7
  CHECK(sum / 4950.0 == Approx(1.0).margin(6.0 * std::sqrt(2.0 / 4950.0)));
}

/// An arm of 0.01% and one of 0.033% among others: counts within 6 standard deviations.
void check_small_arms(std::uint64_t units) {
  Experiment experiment;
  experiment.key = "small";
  experiment.hashing.salt = "small arms";
  experiment.arms = {
      {"control", 0.99957, Role::control, ""}, {"tiny", 0.0001, {}, ""}, {"small", 0.00033, {}, ""}};
  const auto assigner = Assigner::compile({{experiment}, {}, {}}).assigner;
  REQUIRE(assigner);
  std::map<std::string_view, double> counts;
  for (std::uint64_t i = 0; i < units; ++i) {
    const std::string id = sequential(i);
    Context context;
    context.unit = id;
    counts[assigner->assign(context, std::size_t{0}).arm()] += 1.0;
  }
  for (const Arm& arm : experiment.arms) {
    const double expected = static_cast<double>(units) * arm.weight;
    CHECK(counts[arm.key] == Approx(expected).margin(6.0 * std::sqrt(expected * (1.0 - arm.weight))));
  }
}

}  // namespace

TEST_CASE("buckets are uniform over sequential, random and e-mail-like ids; purposes are independent") {
  for (const Name& name : {Name(sequential), Name(random_looking), Name(mail)}) check_uniform(name, 200'000);
}
TEST_CASE("100 experiments are pairwise independent") {
  check_independent(sequential, 20'000);
}
TEST_CASE("an arm of 0.01% gets its share") {
  check_small_arms(2'000'000);
}

TEST_CASE("uniform over 10M sequential, random and e-mail-like ids", "[.slow]") {
  for (const Name& name : {Name(sequential), Name(random_looking), Name(mail)})
    check_uniform(name, 10'000'000);
}
TEST_CASE("100 experiments are pairwise independent over 1M units", "[.slow]") {
  check_independent(mail, 1'000'000);
  check_independent(sequential, 1'000'000);
}
TEST_CASE("an arm of 0.01% gets its share of 20M units", "[.slow]") {
  check_small_arms(20'000'000);
}
