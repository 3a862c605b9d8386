// Group-sequential boundaries, designs and readings: reference numbers, an independent integral, and laws.

#include "stats/group_sequential.hpp"

#include <chrono>
#include <cmath>
#include <numeric>
#include <random>

#include <catch2/catch.hpp>

#include "stats/distributions.hpp"
#include "stats/group_sequential_analysis.hpp"

using namespace liftmark::stats;

namespace {

Looks equal_looks(int looks) {
  Looks result;
  for (int k = 1; k <= looks; ++k) result.information.push_back(k);
  return result;
}

double total(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

/// P(Z_1 < c_1, B_2 >= c_2 sqrt t_2), one-sided, by Simpson's rule on the first look: another path to two
/// looks.
double second_crossing(double t1, double c1, double c2, double drift) {
  const double from = -9 * std::sqrt(t1) + drift * t1, to = c1 * std::sqrt(t1);
  const int steps = 20000;
  double sum = 0;
  for (int i = 0; i <= steps; ++i) {
    const double b = from + (to - from) * i / steps;
    const double weight = i == 0 || i == steps ? 1 : (i % 2 == 1 ? 4 : 2);
    sum += weight * normal_pdf((b - drift * t1) / std::sqrt(t1)) / std::sqrt(t1) *
           normal_sf((c2 - b - drift * (1 - t1)) / std::sqrt(1 - t1));
  }
  return sum * (to - from) / steps / 3;
}

}  // namespace

TEST_CASE("boundaries of the reference packages") {
  // rpact 3.3.4 asOF one-sided .025 at 1/2, 1 (gs_boundary/lan_demets_of r_seq-007).
  const auto two = efficacy_boundaries({.alpha = 0.025, .sides = 1}, equal_looks(2));
  CHECK(two.upper[0] == Approx(2.96258804272755).epsilon(1e-9));
  CHECK(two.upper[1] == Approx(1.96859564632177).epsilon(2e-6));
  // rpact 3.3.4 asHSD gamma -4, asKD rho 2 (r_seq-001, r_seq-004).
  const auto hsd = efficacy_boundaries(
      {.kind = BoundaryKind::hwang_shih_decani, .parameter = -4, .alpha = 0.025, .sides = 1}, equal_looks(5));
  CHECK(hsd.upper[0] == Approx(3.25266848844068).epsilon(1e-9));
  CHECK(hsd.upper[4] == Approx(2.02532141655684).epsilon(2e-6));
  const auto kd =
      efficacy_boundaries({.kind = BoundaryKind::kim_demets, .parameter = 2, .alpha = 0.025, .sides = 1},
                          {.information = {0.1, 0.5, 0.75, 1}, .spending_time = {}});
  CHECK(kd.upper[3] == Approx(2.08963871747255).epsilon(2e-6));
  // Jennison and Turnbull 2000, table 2.1 and 2.3: C_P(5, .05) = 2.413, C_B(5, .05) = 2.040.
  CHECK(efficacy_boundaries({.kind = BoundaryKind::pocock}, equal_looks(5)).upper[4] ==
        Approx(2.413).margin(6e-4));
  CHECK(efficacy_boundaries({.kind = BoundaryKind::obrien_fleming}, equal_looks(5)).upper[4] ==
        Approx(2.04).margin(6e-4));
}

TEST_CASE("the recursion agrees with a plain double integral") {
  for (const double t1 : {0.05, 0.5, 0.97})
    for (const double drift : {0.0, 1.5, 3.5}) {
      const Boundaries looks{.fraction = {t1, 1}, .upper = {2.3, 2.0}, .lower = {}, .error_spent = {}};
      const auto crossing = crossing_probabilities(looks, drift);
      CHECK(crossing.upper[0] == Approx(normal_sf(2.3 - drift * std::sqrt(t1))).epsilon(1e-12));
      CHECK(crossing.upper[1] == Approx(second_crossing(t1, 2.3, 2.0, drift)).epsilon(1e-8));
    }
}

TEST_CASE("boundaries spend exactly alpha, for any looks, kinds and sides") {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> gap(0.001, 1);
  for (const auto kind :
       {BoundaryKind::lan_demets_obrien_fleming, BoundaryKind::lan_demets_pocock, BoundaryKind::kim_demets,
        BoundaryKind::hwang_shih_decani, BoundaryKind::obrien_fleming, BoundaryKind::pocock,
        BoundaryKind::wang_tsiatis, BoundaryKind::haybittle_peto})
    for (const int sides : {1, 2}) {
      Looks looks;
      double information = 0;
      for (int k = 0; k < 7; ++k) looks.information.push_back(information += gap(random));
      const double parameter = kind == BoundaryKind::wang_tsiatis ? 0.25 : 3;
      const auto boundaries =
          efficacy_boundaries({.kind = kind, .parameter = parameter, .alpha = 0.05, .sides = sides}, looks);
      const auto crossing = crossing_probabilities(boundaries, 0);
      INFO(name(kind) << " sides " << sides);
      CHECK(total(crossing.upper) + total(crossing.lower) == Approx(0.05).epsilon(1e-7));
      CHECK(boundaries.error_spent.back() == Approx(0.05).epsilon(1e-7));
    }
}

TEST_CASE("over- and under-running: the last look spends what is left, and no more") {
  const GroupSequentialRule rule{.alpha = 0.05, .sides = 2};
  for (const auto& information : {std::vector<double>{300, 600, 1300}, std::vector<double>{300, 600, 700}}) {
    const Looks looks = looks_against_plan(information, 1000, true);
    CHECK(looks.spending_time.back() == 1);
    const auto boundaries = efficacy_boundaries(rule, looks);
    const auto crossing = crossing_probabilities(boundaries, 0);
    CHECK(total(crossing.upper) + total(crossing.lower) == Approx(0.05).epsilon(1e-7));
    // The earlier looks are those of the plan.
    const auto interim =
        efficacy_boundaries(rule, looks_against_plan(std::vector<double>{300, 600}, 1000, false));
    CHECK(boundaries.upper[0] == Approx(interim.upper[0]).epsilon(1e-8));
    CHECK(boundaries.upper[1] == Approx(interim.upper[1]).epsilon(1e-8));
  }
}

TEST_CASE("tiny spending leaves a bound that is never reached, and no infinity") {
  const auto boundaries = efficacy_boundaries({.alpha = 0.025, .sides = 1},
                                              {.information = {1e-4, 1e-3, 0.02, 1}, .spending_time = {}});
  for (const double z : boundaries.upper) CHECK(std::isfinite(z));
  CHECK(boundaries.upper[0] == 38.5);
  CHECK(boundaries.upper[3] == Approx(1.959963985).epsilon(1e-6));
}

TEST_CASE("inflation of the sample size stays below the limits up to 30 looks") {
  for (const int looks : {2, 5, 10, 30}) {
    const auto inflation = [&](BoundaryKind kind, double parameter) {
      return design_group_sequential({.kind = kind, .parameter = parameter, .alpha = 0.05, .sides = 2},
                                     equal_looks(looks), 0.8)
          .inflation;
    };
    CHECK(inflation(BoundaryKind::lan_demets_obrien_fleming, 0) < 1.10);
    CHECK(inflation(BoundaryKind::hwang_shih_decani, -4) < 1.10);
    CHECK(inflation(BoundaryKind::kim_demets, 3) < 1.10);
    CHECK(inflation(BoundaryKind::lan_demets_pocock, 0) < 1.31);
  }
}

TEST_CASE("width at the last look against a fixed interval") {
  for (const int looks : {5, 30}) {
    const auto last = [&](BoundaryKind kind, double parameter) {
      return efficacy_boundaries({.kind = kind, .parameter = parameter}, equal_looks(looks)).upper.back() /
             1.959963985;
    };
    CHECK(last(BoundaryKind::lan_demets_obrien_fleming, 0) < 1.10);
    CHECK(last(BoundaryKind::hwang_shih_decani, -4) < 1.10);
    CHECK(last(BoundaryKind::kim_demets, 3) < 1.10);
    CHECK(last(BoundaryKind::lan_demets_pocock, 0) < 1.31);
  }
}

TEST_CASE("30 looks take well under 100 ms") {
  const auto start = std::chrono::steady_clock::now();
  const auto boundaries = efficacy_boundaries({}, equal_looks(30));
  const auto taken = std::chrono::steady_clock::now() - start;
  CHECK(boundaries.upper.size() == 30);
  // Ten times the limit, so that a busy machine or a sanitizer does not fail it; bench measures the time
  // itself.
  CHECK(std::chrono::duration<double>(taken).count() < 1);
}

TEST_CASE("designs: rpact's inflation and expected sizes") {
  // rpact 3.3.4 getDesignCharacteristics, asOF at quarters, alpha .025, beta .2 (gs_design/characteristics
  // r_seq-001).
  const auto design = design_group_sequential({.alpha = 0.025, .sides = 1}, equal_looks(4), 0.8);
  CHECK(design.inflation == Approx(1.01963732917269).epsilon(1e-6));
  CHECK(design.expected_size_alternative == Approx(0.838742567179107).epsilon(1e-6));
  CHECK(design.expected_size_half == Approx(0.979843859530497).epsilon(1e-6));
  CHECK(design.expected_size_null == Approx(1.01678692778505).epsilon(1e-6));
}

TEST_CASE("futility by beta spending keeps both error rates") {
  const GroupSequentialRule rule{.alpha = 0.025, .sides = 1};
  for (const bool binding : {false, true}) {
    const FutilityRule futility{
        .kind = BoundaryKind::hwang_shih_decani, .parameter = -2, .beta = 0.2, .binding = binding};
    const auto design = design_group_sequential(rule, equal_looks(4), 0.8, futility);
    const auto& bounds = design.boundaries;
    CHECK(bounds.lower.back() == Approx(bounds.upper.back()).margin(1e-6));
    const auto alternative = crossing_probabilities(bounds, design.drift);
    CHECK(total(alternative.upper) == Approx(0.8).epsilon(1e-7));
    CHECK(total(alternative.lower) == Approx(0.2).epsilon(1e-6));
    // Binding: alpha counts on stopping. Non-binding: alpha holds also if the lower bounds are ignored.
    Boundaries ignoring = bounds;
    if (!binding) ignoring.lower.clear();
    CHECK(total(crossing_probabilities(ignoring, 0).upper) == Approx(0.025).epsilon(1e-7));
    CHECK(total(crossing_probabilities(bounds, 0).upper) <= 0.025 + 1e-9);
  }
}

TEST_CASE("the repeated p-value is alpha on the boundary; interval and reading agree") {
  const GroupSequentialRule rule{.alpha = 0.05, .sides = 2};
  const Looks looks = looks_against_plan(std::vector<double>{200, 450}, 1000, false);
  const auto boundaries = efficacy_boundaries(rule, looks);
  CHECK(repeated_p_value(rule, looks, boundaries.upper.back()) == Approx(0.05).epsilon(1e-6));
  CHECK(repeated_p_value(rule, looks, -boundaries.upper.back()) == Approx(0.05).epsilon(1e-6));
  CHECK(repeated_p_value(rule, looks, 0) == Approx(1).margin(0.002));
  for (const double z : {-4.0, -1.0, 0.5, 2.9, 3.2, 6.0}) {
    const auto reading = read_look(rule, looks, boundaries, {.estimate = 0.02 * z, .standard_error = 0.02});
    const auto& interval = *reading.repeated.interval;
    CHECK((reading.stops_above || reading.stops_below) == (*interval.lower > 0 || *interval.upper < 0));
    CHECK((reading.stops_above || reading.stops_below) == (*reading.repeated.p_value < 0.05));
  }
}

TEST_CASE("stage-wise inference at a single look is the fixed one") {
  const GroupSequentialRule rule{.alpha = 0.05, .sides = 2};
  const Looks looks = equal_looks(1);
  const auto reading =
      read_look(rule, looks, efficacy_boundaries(rule, looks), {.estimate = 0.5, .standard_error = 0.25});
  CHECK(*reading.stage_wise.p_value == Approx(2 * normal_sf(2)).epsilon(1e-9));
  CHECK(*reading.stage_wise.point == Approx(0.5).epsilon(1e-7));
  CHECK(*reading.stage_wise.interval->lower == Approx(0.5 - 1.959963985 * 0.25).epsilon(1e-7));
  CHECK(*reading.repeated.interval->lower == Approx(0.5 - 1.959963985 * 0.25).epsilon(1e-7));
  CHECK(*reading.repeated.p_value == Approx(2 * normal_sf(2)).epsilon(1e-6));
}

TEST_CASE("stage-wise intervals cover, and their centre is median-unbiased, when stopping early") {
  // 4000 experiments of 3 looks with drift 2 at the end: coverage 0.95 +- 4.9 sd = 0.0169, median 0.5 +-
  // 0.0388.
  const GroupSequentialRule rule{.kind = BoundaryKind::lan_demets_pocock, .alpha = 0.05, .sides = 2};
  std::vector<Looks> looks_by_count;
  std::vector<Boundaries> bounds_by_count;
  for (int k = 1; k <= 3; ++k) {
    std::vector<double> information;
    for (int j = 1; j <= k; ++j) information.push_back(j);
    looks_by_count.push_back(looks_against_plan(information, 3, false));
    bounds_by_count.push_back(efficacy_boundaries(rule, looks_by_count.back()));
  }
  std::mt19937_64 random(2026);
  std::normal_distribution<double> normal;
  const double truth = 2;
  int covered = 0, above = 0;
  const int replications = 4000;
  for (int r = 0; r < replications; ++r) {
    double b = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      b += truth / 3 + normal(random) / std::sqrt(3.0);
      const double t = static_cast<double>(k + 1) / 3, z = b / std::sqrt(t);
      if (k < 2 && std::abs(z) < bounds_by_count[k].upper[k]) continue;
      // In drift units at information t the estimate is b / t with standard error 1 / sqrt t.
      const double error = 1 / std::sqrt(t);
      const double up = stage_wise_probability(bounds_by_count[k], z, truth / error);
      covered += up > 0.025 && up < 0.975;
      above += up < 0.5;
      break;
    }
  }
  CHECK(covered / double(replications) == Approx(0.95).margin(0.0169));
  CHECK(above / double(replications) == Approx(0.5).margin(0.0388));
}

TEST_CASE("conditional power: the closed form, the recursion and the unconditional power agree") {
  // gsDesign gsCP (gs_analysis/conditional_power r_seq2-006 and predictive_power r_seq2-001).
  CHECK(conditional_power({.fraction = 0.01, .z = 0, .final_critical_z = 1.96}, 3) ==
        Approx(0.844968105451041));
  CHECK(predictive_power({.fraction = 0.5, .z = 1.5, .final_critical_z = 1.96}) ==
        Approx(0.564079448675028).epsilon(1e-5));
  const auto planned = efficacy_boundaries({.alpha = 0.025, .sides = 1}, equal_looks(3));
  const std::vector<double> last{2.8 / 3};
  CHECK(remaining_crossing(planned, 1, 1.2, last).back() ==
        Approx(conditional_power({.fraction = 2.0 / 3, .z = 1.2, .final_critical_z = planned.upper[2]}, 2.8))
            .epsilon(1e-10));
  // Averaging the conditional rejection probability over the first look, plus crossing there, gives alpha.
  const std::vector<double> none{0, 0};
  double average = normal_sf(planned.upper[0]);
  const int steps = 400;
  for (int i = 0; i < steps; ++i) {
    const double z = -8 + (planned.upper[0] + 8) * (i + 0.5) / steps;
    average +=
        normal_pdf(z) * remaining_crossing(planned, 0, z, none).back() * (planned.upper[0] + 8) / steps;
  }
  CHECK(average == Approx(0.025).epsilon(1e-4));
}

TEST_CASE("group-sequential input outside the domain") {
  CHECK_THROWS_AS(efficacy_boundaries({}, {.information = {1, 1}, .spending_time = {}}), std::domain_error);
  CHECK_THROWS_AS(efficacy_boundaries({}, {.information = {}, .spending_time = {}}), std::domain_error);
  CHECK_THROWS_AS(efficacy_boundaries({.kind = BoundaryKind::haybittle_peto, .parameter = 1}, equal_looks(3)),
                  std::domain_error);
  const GroupSequentialRule rule;
  const Looks looks = equal_looks(1);
  const auto zero =
      read_look(rule, looks, efficacy_boundaries(rule, looks), {.estimate = 1, .standard_error = 0});
  CHECK(zero.repeated.reason == Reason::zero_variance);
}

namespace {

/// P(inner < |Z_1| < upper, B_2 >= c sqrt(1)) for two looks, drift at fraction 1, by Simpson's rule: another
/// path.
double second_outside(double t1, double inner, double upper, double c, double drift) {
  double sum = 0;
  const double ends[2][2] = {{-upper, -inner}, {inner, upper}};
  for (const auto& end : ends) {
    const double from = end[0] * std::sqrt(t1), to = end[1] * std::sqrt(t1);
    const int steps = 4000;
    double part = 0;
    for (int i = 0; i <= steps; ++i) {
      const double b = from + (to - from) * i / steps;
      const double weight = i == 0 || i == steps ? 1 : (i % 2 == 1 ? 4 : 2);
      part += weight * normal_pdf((b - drift * t1) / std::sqrt(t1)) / std::sqrt(t1) *
              normal_sf((c - b - drift * (1 - t1)) / std::sqrt(1 - t1));
    }
    sum += part * (to - from) / steps / 3;
  }
  return sum;
}

}  // namespace

TEST_CASE("two-sided futility spends beta in the middle and alpha outside, by an independent integral") {
  const GroupSequentialRule rule{.kind = BoundaryKind::lan_demets_pocock, .alpha = 0.05, .sides = 2};
  const FutilityRule futility{.kind = BoundaryKind::lan_demets_pocock, .beta = 0.2, .binding = true};
  const double drift = 3.1, t1 = 0.5;
  const auto bounds = boundaries_with_futility(rule, equal_looks(2), futility, drift);
  REQUIRE(bounds.inner.size() == 2);
  // First look in closed form: the middle under the drift, the outside under none.
  const double beta_1 = error_spent(futility.kind, 0, 0.2, t1),
               alpha_1 = 2 * error_spent(rule.kind, 0, 0.025, t1);
  const double mean = drift * std::sqrt(t1);
  CHECK(normal_cdf(bounds.inner[0] - mean) - normal_cdf(-bounds.inner[0] - mean) ==
        Approx(beta_1).epsilon(1e-8));
  CHECK(2 * normal_sf(bounds.upper[0]) == Approx(alpha_1).epsilon(1e-9));
  // Second look: what is left of alpha, counting on the stop in the middle.
  CHECK(2 * second_outside(t1, bounds.inner[0], bounds.upper[0], bounds.upper[1], 0) ==
        Approx(0.05 - alpha_1).epsilon(1e-7));
  CHECK(bounds.inner[1] == bounds.upper[1]);
  const auto crossing = crossing_probabilities(bounds, 0);
  CHECK(total(crossing.upper) + total(crossing.lower) + total(crossing.inner) == Approx(1).epsilon(1e-8));
  CHECK(total(crossing.upper) + total(crossing.lower) == Approx(0.05).epsilon(1e-8));
}

TEST_CASE(
    "two-sided futility not binding keeps alpha when it is ignored, and stops earlier under no effect") {
  const GroupSequentialRule rule{.alpha = 0.05, .sides = 2};
  const auto design = design_group_sequential(rule, equal_looks(5), 0.8, FutilityRule{.beta = 0.2});
  auto ignored = design.boundaries;
  ignored.inner.clear();
  const auto crossing = crossing_probabilities(ignored, 0);
  CHECK(total(crossing.upper) + total(crossing.lower) == Approx(0.05).epsilon(1e-8));
  CHECK(total(crossing_probabilities(design.boundaries, design.drift).upper) == Approx(0.8).epsilon(1e-7));
  const auto plain = design_group_sequential(rule, equal_looks(5), 0.8);
  CHECK(design.inflation > plain.inflation);
  CHECK(design.expected_size_null < plain.expected_size_null);
  for (std::size_t k = 1; k < 5; ++k) CHECK(design.boundaries.inner[k] >= design.boundaries.inner[k - 1]);
}
