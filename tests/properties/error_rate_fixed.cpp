// Coverage of fixed intervals and the family-wise error of multiplicity rules.

#include <algorithm>
#include <array>
#include <cmath>

#include "properties/error_rate_paths.hpp"
#include "properties/error_rates.hpp"
#include "stats/distributions.hpp"
#include "stats/multiplicity.hpp"
#include "stats/proportions.hpp"
#include "stats/two_proportions.hpp"

namespace liftmark::error_rates {
namespace {

using stats::Estimate;
using stats::Successes;

constexpr double kAlpha = 0.05;
const char* const kSection = "coverage of fixed intervals";

struct OneProportion {
  const char* name;
  Estimate (*interval)(const Successes&, double);
};
constexpr std::array kOneProportion{
    OneProportion{"Wald, one proportion", stats::wald_proportion},
    OneProportion{"Wilson", stats::wilson},
    OneProportion{"Wilson with continuity correction", stats::wilson_continuity},
    OneProportion{"Clopper-Pearson", stats::clopper_pearson},
    OneProportion{"Agresti-Coull", stats::agresti_coull},
    OneProportion{"Jeffreys", stats::jeffreys},
};

double difference(double p, double q) {
  return p - q;
}
double ratio(double p, double q) {
  return p / q;
}
double odds_ratio(double p, double q) {
  return p / (1 - p) / (q / (1 - q));
}

struct TwoProportions {
  const char* name;
  Estimate (*interval)(const Successes&, const Successes&, double);
  double (*truth)(double, double);
};
constexpr std::array kTwoProportions{
    TwoProportions{"Wald difference", stats::wald_difference, difference},
    TwoProportions{"Agresti-Caffo difference", stats::agresti_caffo_difference, difference},
    TwoProportions{"Newcombe difference", stats::newcombe_difference, difference},
    TwoProportions{"Mee difference", stats::mee_difference, difference},
    TwoProportions{"Miettinen-Nurminen difference", stats::miettinen_nurminen_difference, difference},
    TwoProportions{"Katz ratio", stats::katz_ratio, ratio},
    TwoProportions{"Walter ratio", stats::walter_ratio, ratio},
    TwoProportions{"Koopman ratio", stats::koopman_ratio, ratio},
    TwoProportions{"Miettinen-Nurminen ratio", stats::miettinen_nurminen_ratio, ratio},
    TwoProportions{"Woolf odds ratio", stats::woolf_odds_ratio, odds_ratio},
    TwoProportions{"Gart odds ratio", stats::gart_odds_ratio, odds_ratio},
    TwoProportions{"Miettinen-Nurminen odds ratio", stats::miettinen_nurminen_odds_ratio, odds_ratio},
    TwoProportions{"Fisher conditional odds ratio", stats::fisher_odds_ratio, odds_ratio},
};

/// The outcomes of Binomial(n, p) that hold all but about 1e-9 of the probability.
struct Outcomes {
  Outcomes(std::int64_t units, double p) : n(units) {
    const double spread = 6.2 * std::sqrt(static_cast<double>(n) * p * (1 - p)) + 12,
                 mean = static_cast<double>(n) * p;
    first = std::max<std::int64_t>(0, static_cast<std::int64_t>(mean - spread));
    last = std::min(n, static_cast<std::int64_t>(mean + spread));
    for (auto k = first; k <= last; ++k) probability.push_back(stats::binomial_pmf(k, n, p));
  }
  std::int64_t n, first = 0, last = 0;
  std::vector<double> probability;
};

/// Exact coverage, summed over outcomes: no simulation error.
void one_proportion(std::int64_t n, double p, std::vector<Rate>& rates) {
  const Outcomes outcomes(n, p);
  for (const auto& method : kOneProportion) {
    double coverage = 0;
    for (auto k = outcomes.first; k <= outcomes.last; ++k)
      if (covers(method.interval({k, n}, kAlpha), p))
        coverage += outcomes.probability[static_cast<std::size_t>(k - outcomes.first)];
    rates.push_back({kSection,
                     "p = " + std::to_string(p).substr(0, 5) + ", n = " + std::to_string(n) + " (exact)",
                     method.name, 0.95, coverage, false});
  }
}

void two_proportions(const std::array<std::int64_t, 2>& n, const std::array<double, 2>& p,
                     std::vector<Rate>& rates) {
  const Outcomes first(n[0], p[0]), second(n[1], p[1]);
  const std::string setting = "p = " + std::to_string(p[0]).substr(0, 5) + " and " +
                              std::to_string(p[1]).substr(0, 5) + ", n = " + std::to_string(n[0]) + " and " +
                              std::to_string(n[1]) + " (exact)";
  for (const auto& method : kTwoProportions) {
    const double truth = method.truth(p[0], p[1]);
    double coverage = 0;
    for (auto a = first.first; a <= first.last; ++a)
      for (auto b = second.first; b <= second.last; ++b)
        if (covers(method.interval({a, n[0]}, {b, n[1]}, kAlpha), truth))
          coverage += first.probability[static_cast<std::size_t>(a - first.first)] *
                      second.probability[static_cast<std::size_t>(b - second.first)];
    rates.push_back({kSection, setting, method.name, 0.95, coverage, false});
  }
}

void lifts(const Shop& shop, const std::string& setting, std::int64_t n, const Effort& effort,
           std::vector<Rate>& rates) {
  const std::array<std::pair<const char*, stats::Scale>, 3> scales{
      {{"Welch difference", stats::Scale::absolute},
       {"log lift", stats::Scale::log},
       {"Fieller lift", stats::Scale::fieller}}};
  std::array<std::int64_t, 3> covered{};
  for (std::int64_t i = 0; i < effort.replications; ++i) {
    Draws draws(401, static_cast<std::uint64_t>(i));
    ArmSums control, treatment;
    add_units(shop, n, draws, control);
    add_units(shop, n, draws, treatment);
    const auto contrast = contrast_of(shop, control, treatment);
    for (std::size_t s = 0; s < scales.size(); ++s)
      covered[s] += covers(stats::estimate_lift(contrast, scales[s].second), 0);
  }
  for (std::size_t s = 0; s < scales.size(); ++s)
    rates.push_back({kSection, setting + ", " + std::to_string(n) + " units an arm", scales[s].first, 0.95,
                     static_cast<double>(covered[s]) / static_cast<double>(effort.replications), false});
}

}  // namespace

std::vector<Rate> coverage_rates(const Effort& effort) {
  std::vector<Rate> rates;
  one_proportion(50, 0.05, rates);
  one_proportion(1000, 0.01, rates);
  one_proportion(1000, 0.3, rates);
  two_proportions({100, 100}, {0.05, 0.05}, rates);
  two_proportions({900, 100}, {0.05, 0.05}, rates);
  two_proportions({1000, 1000}, {0.03, 0.02}, rates);
  lifts(conversion(0.03), "conversion 3 %", 5000, effort, rates);
  lifts(clicks_per_session(), "clicks per session (ratio)", 2000, effort, rates);
  for (const double sigma : {1.0, 2.0})
    for (const std::int64_t n : {2000, 20000})
      lifts(spend(0.03, sigma), "spend, 3 % buyers, sigma " + std::to_string(static_cast<int>(sigma)), n,
            effort, rates);
  const auto further = further_coverage_rates(effort);
  rates.insert(rates.end(), further.begin(), further.end());
  return rates;
}

std::vector<Rate> family_wise_rates(const Effort& effort) {
  constexpr std::size_t kTests = 8;
  std::vector<Rate> rates;
  for (const double correlation : {0.0, 0.5})
    for (const std::size_t real : {std::size_t{0}, std::size_t{4}}) {
      std::array<std::int64_t, stats::kMultiplicityRules.size()> any{};
      std::array<double, stats::kMultiplicityRules.size()> false_share{};
      for (std::int64_t i = 0; i < effort.replications; ++i) {
        Draws draws(501, static_cast<std::uint64_t>(i));
        const double common = std::sqrt(correlation) * draws.normal();
        std::vector<double> p(kTests);
        for (std::size_t j = 0; j < kTests; ++j)
          p[j] = std::min(1.0,
                          2 * stats::normal_sf(std::abs(common + std::sqrt(1 - correlation) * draws.normal() +
                                                        (j < real ? 3.0 : 0.0))));
        for (std::size_t r = 0; r < stats::kMultiplicityRules.size(); ++r) {
          const auto adjusted = stats::kMultiplicityRules[r].adjust(p);
          const auto rejected = [](double q) { return q <= kAlpha; };
          const auto wrong =
              std::count_if(adjusted.begin() + static_cast<std::ptrdiff_t>(real), adjusted.end(), rejected);
          const auto all = std::count_if(adjusted.begin(), adjusted.end(), rejected);
          any[r] += wrong > 0;
          if (all > 0) false_share[r] += static_cast<double>(wrong) / static_cast<double>(all);
        }
      }
      const std::string setting = std::to_string(kTests) + " tests, " + std::to_string(real) +
                                  " real, correlation " + (correlation > 0 ? "0.5" : "0");
      for (std::size_t r = 0; r < stats::kMultiplicityRules.size(); ++r) {
        const std::string rule(stats::kMultiplicityRules[r].name);
        const bool discovery_rate = rule == "bh" || rule == "by";
        const double n = static_cast<double>(effort.replications);
        rates.push_back({"multiplicity", setting,
                         rule + (discovery_rate ? ", false discovery rate" : ", family-wise error"), kAlpha,
                         (discovery_rate ? false_share[r] : static_cast<double>(any[r])) / n, true});
      }
    }
  return rates;
}

}  // namespace liftmark::error_rates
