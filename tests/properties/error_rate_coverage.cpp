// Coverage of fixed intervals beyond proportions and lifts: Poisson rates, quantiles, times to an event,
// adjusted lifts, bootstraps, values of another policy.

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "properties/error_rate_paths.hpp"
#include "properties/error_rates.hpp"
#include "stats/bootstrap.hpp"
#include "stats/lift.hpp"
#include "stats/off_policy.hpp"
#include "stats/poisson_rates.hpp"
#include "stats/quantile.hpp"
#include "stats/survival.hpp"

namespace liftmark::error_rates {
namespace {

using stats::Estimate;

constexpr double kAlpha = 0.05;
const char* const kSection = "coverage of fixed intervals";

/// Counts how often each of a setting's methods covers.
class Tally {
 public:
  Tally(std::string setting, std::int64_t replications)
      : setting_(std::move(setting)), replications_(static_cast<double>(replications)) {}
  void count(const char* method, bool covered) {
    const auto found =
        std::find_if(counts_.begin(), counts_.end(), [&](const auto& one) { return one.first == method; });
    if (found == counts_.end())
      counts_.emplace_back(method, covered);
    else
      found->second += covered;
  }
  void append_to(std::vector<Rate>& rates) const {
    for (const auto& [method, covered] : counts_)
      rates.push_back(
          {kSection, setting_, method, 0.95, static_cast<double>(covered) / replications_, false});
  }

 private:
  std::string setting_;
  double replications_;
  std::vector<std::pair<std::string, std::int64_t>> counts_;
};

std::string setting_of(const std::string& what, std::size_t n, const std::string& units) {
  return what + ", " + std::to_string(n) + " " + units;
}

/// Outcomes of a Poisson count that hold all but about 1e-9, with their probabilities.
std::vector<double> poisson(double mean) {
  std::vector<double> probability;
  const double last = mean + 6.5 * std::sqrt(mean) + 15;
  for (int k = 0; k < last; ++k)
    probability.push_back(std::exp(k * std::log(mean) - mean - std::lgamma(k + 1.0)));
  return probability;
}

/// Exact coverage of Poisson intervals, by events expected in time at risk 1 and 2.
void poisson_rates(double first_mean, double second_mean, std::vector<Rate>& rates) {
  const auto first = poisson(first_mean), second = poisson(second_mean);
  std::array<double, 4> coverage{};
  const double rate = first_mean, other = second_mean / 2;
  for (std::size_t a = 0; a < first.size(); ++a) {
    const stats::Exposed x{static_cast<double>(a), 1};
    if (covers(stats::poisson_rate(x, kAlpha), rate)) coverage[0] += first[a];
    for (std::size_t b = 0; b < second.size(); ++b) {
      const stats::Exposed y{static_cast<double>(b), 2};
      const double p = first[a] * second[b];
      if (covers(stats::poisson_difference(x, y, kAlpha), rate - other)) coverage[1] += p;
      if (covers(stats::poisson_ratio_score(x, y, kAlpha), rate / other)) coverage[2] += p;
      if (covers(stats::poisson_ratio_exact(x, y, kAlpha), rate / other)) coverage[3] += p;
    }
  }
  const std::array names{"Poisson rate, exact", "Poisson difference, score", "Poisson ratio, score",
                         "Poisson ratio, exact conditional"};
  const auto whole = [](double mean) { return std::to_string(static_cast<int>(mean)); };
  for (std::size_t i = 0; i < names.size(); ++i)
    rates.push_back({kSection,
                     whole(first_mean) + " events expected in 1, " + whole(second_mean) + " in 2 (exact)",
                     names[i], 0.95, coverage[i], false});
}

/// The product's cell of a quantile: the quantile as mean, its variance as that of unit values.
stats::CoMoments quantile_cell(std::size_t n, Draws& draws) {
  std::vector<stats::UnitValue> values;
  for (std::size_t unit = 0; unit < n; ++unit) {  // no, one or two values that resemble each other
    const double common = 0.7 * draws.normal();
    for (std::uint64_t copies = draws.bits() % 3; copies > 0; --copies)
      values.push_back({std::exp(common + 0.5 * draws.normal()), static_cast<std::uint32_t>(unit)});
  }
  std::sort(values.begin(), values.end(), [](const auto& a, const auto& b) { return a.value < b.value; });
  const auto found = stats::clustered_quantile(values, 0.5, static_cast<std::int64_t>(n));
  return stats::CoMoments::from_central(static_cast<std::int64_t>(n), {found.quantile}, {found.squares},
                                        {found.cubes});
}

void quantiles(std::size_t n, const Effort& effort, std::vector<Rate>& rates) {
  Tally tally(setting_of("median of clustered lognormal values", n, "units an arm"), effort.replications);
  for (std::int64_t i = 0; i < effort.replications; ++i) {
    Draws draws(601, static_cast<std::uint64_t>(i));
    const stats::Stratum stratum{.control = quantile_cell(n, draws), .treatment = quantile_cell(n, draws)};
    const auto contrast = stats::contrast(std::span(&stratum, 1), {});
    tally.count("quantile, log lift", covers(stats::estimate_lift(contrast, stats::Scale::log), 0));
    tally.count("quantile, difference", covers(stats::estimate_lift(contrast, stats::Scale::absolute), 0));
  }
  tally.append_to(rates);
}

/// Exponential times, censored uniformly over two units of time, read at 1; hazards 1 and 0.7.
void times_to_event(std::size_t n, const Effort& effort, std::vector<Rate>& rates) {
  Tally tally(setting_of("exponential times, censored", n, "units an arm"), effort.replications);
  for (std::int64_t i = 0; i < effort.replications; ++i) {
    Draws draws(602, static_cast<std::uint64_t>(i));
    const auto arm = [&](double hazard) {
      std::vector<stats::FollowUp> units;
      for (std::size_t unit = 0; unit < n; ++unit) {
        const double time = -std::log(draws.uniform()) / hazard, until = 2 * draws.uniform();
        units.push_back({std::min(time, until), time <= until});
      }
      return units;
    };
    const auto control = arm(1), treated = arm(0.7);
    const auto curve = stats::kaplan_meier(control);
    const auto at = [&](stats::SurvivalInterval kind) {
      const auto found = stats::survival_at(control, curve, 1, kAlpha, kind);
      return found.lower && *found.lower <= std::exp(-1) && std::exp(-1) <= *found.upper;
    };
    tally.count("Kaplan-Meier, log-log", at(stats::SurvivalInterval::log_log));
    tally.count("Kaplan-Meier, log", at(stats::SurvivalInterval::log));
    tally.count("Kaplan-Meier, plain", at(stats::SurvivalInterval::plain));
    tally.count("restricted mean", covers(stats::restricted_mean(control, 1, kAlpha), -std::expm1(-1)));
    tally.count("hazard ratio, Efron", covers(stats::hazard_ratio(treated, control, kAlpha), 0.7));
  }
  tally.append_to(rates);
}

/// Values whose history explains half of their variance; three in ten units have no history.
void adjusted_lifts(std::size_t n, const Effort& effort, std::vector<Rate>& rates) {
  Tally tally(setting_of("history explains half, 30 % have none", n, "units an arm"), effort.replications);
  for (std::int64_t i = 0; i < effort.replications; ++i) {
    Draws draws(603, static_cast<std::uint64_t>(i));
    std::array<stats::Stratum, 2> strata{
        stats::Stratum{.control = stats::CoMoments(2), .treatment = stats::CoMoments(2)},
        stats::Stratum{.control = stats::CoMoments(2), .treatment = stats::CoMoments(2), .history = false}};
    for (std::size_t unit = 0; unit < 2 * n; ++unit) {
      auto& stratum = strata[draws.uniform() < 0.3 ? 1 : 0];
      const double past = stratum.history ? draws.normal() : 0;
      const std::array values{5 + past + draws.normal() - (stratum.history ? 0 : 1), past};
      (unit < n ? stratum.control : stratum.treatment).add(values);
    }
    const auto contrast = stats::contrast(strata, {.covariates = 1});
    tally.count("covariate-adjusted log lift", covers(stats::estimate_lift(contrast, stats::Scale::log), 0));
    tally.count("covariate-adjusted difference",
                covers(stats::estimate_lift(contrast, stats::Scale::absolute), 0));
  }
  tally.append_to(rates);
}

void bootstraps(std::size_t n, const Effort& effort, std::vector<Rate>& rates) {
  Tally tally(setting_of("mean of lognormal values, sigma 1", n, "units, 999 resamples"),
              effort.replications);
  const double truth = std::exp(0.5);
  for (std::int64_t i = 0; i < effort.replications; ++i) {
    Draws draws(604, static_cast<std::uint64_t>(i));
    std::vector<double> sample(n);
    for (double& x : sample) x = std::exp(draws.normal());
    const double mean = stats::sample_mean(sample);
    const auto replicates = stats::bootstrap_replicates(
        sample, stats::sample_mean,
        {.replicates = 999, .seed = 605 + static_cast<std::uint64_t>(i), .threads = 1});
    std::vector<double> influence;
    for (const double x : sample) influence.push_back(x - mean);  // the jackknife's, for a mean
    const auto interval = [&](stats::BootstrapInterval kind) {
      return covers(stats::bootstrap_interval(replicates, mean, kind, kAlpha, stats::acceleration(influence)),
                    truth);
    };
    tally.count("bootstrap, percentile", interval(stats::BootstrapInterval::percentile));
    tally.count("bootstrap, basic", interval(stats::BootstrapInterval::basic));
    tally.count("bootstrap, BCa", interval(stats::BootstrapInterval::bca));
  }
  tally.append_to(rates);
}

/// Five items shown at random, clicked at 2 to 10 %; the candidate shows the k-th with a share of k / 15. The
/// reward model is a tenth too high.
void policies(std::size_t n, const Effort& effort, std::vector<Rate>& rates) {
  Tally tally(setting_of("clicks on five items", n, "rounds"), effort.replications);
  double truth = 0;
  for (int k = 1; k <= 5; ++k) truth += 0.02 * k * k / 15;
  for (std::int64_t i = 0; i < effort.replications; ++i) {
    Draws draws(606, static_cast<std::uint64_t>(i));
    std::vector<stats::LoggedRound> rounds(n);
    for (auto& round : rounds) {
      const double k = 1 + static_cast<double>(draws.bits() % 5);
      round = {.reward = draws.uniform() < 0.02 * k ? 1.0 : 0.0,
               .weight = k / 3,
               .predicted_logged = 0.022 * k,
               .predicted_policy = 1.1 * truth};
    }
    const auto interval = [&](stats::OffPolicyMethod method) {
      return covers(stats::off_policy_value(rounds, method, {.clip = {}, .alpha = kAlpha, .unit = {}}),
                    truth);
    };
    tally.count("IPS", interval(stats::OffPolicyMethod::ips));
    tally.count("SNIPS", interval(stats::OffPolicyMethod::snips));
    tally.count("doubly robust", interval(stats::OffPolicyMethod::dr));
  }
  tally.append_to(rates);
}

}  // namespace

std::vector<Rate> further_coverage_rates(const Effort& effort) {
  std::vector<Rate> rates;
  poisson_rates(3, 6, rates);
  poisson_rates(10, 40, rates);
  for (const std::size_t n : {200, 1000}) quantiles(n, effort, rates);
  for (const std::size_t n : {100, 500}) times_to_event(n, effort, rates);
  for (const std::size_t n : {100, 1000}) adjusted_lifts(n, effort, rates);
  for (const std::size_t n : {20, 100}) bootstraps(n, effort, rates);
  for (const std::size_t n : {500, 5000}) policies(n, effort, rates);
  return rates;
}

}  // namespace liftmark::error_rates
