// confseq/*, msprt/*: boundaries, sequences for bounded values, mixture tests, exact count sequences.

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "apps/cli/calc/inputs.hpp"
#include "apps/cli/calc/table.hpp"
#include "stats/betting_sequences.hpp"
#include "stats/count_sequence.hpp"
#include "stats/distributions.hpp"
#include "stats/mixture_sequences.hpp"
#include "stats/mixture_sprt.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::json;

stats::MixtureTuning tuning_of(const json& inputs) {
  return {.v_opt = number(inputs, "v_opt"),
          .alpha_opt = number(inputs, "alpha_opt", 0.05),
          .one_sided = flag(inputs, "one_sided", false)};
}

json normal_log_mixture(const json& inputs) {
  return {{"log_mixture",
           stats::normal_log_mixture(number(inputs, "s"), number(inputs, "v"), tuning_of(inputs))}};
}

json normal_mixture(const json& inputs) {
  return {{"bound", stats::normal_mixture_bound(number(inputs, "v"), number(inputs, "alpha", 0.05),
                                                tuning_of(inputs))}};
}

stats::BoundedIncrements increments_of(const json& inputs) {
  return {.g = number(inputs, "g"), .h = number(inputs, "h")};
}

json beta_binomial_log_mixture(const json& inputs) {
  return {{"log_mixture", stats::beta_binomial_log_mixture(number(inputs, "s"), number(inputs, "v"),
                                                           increments_of(inputs), tuning_of(inputs))}};
}

json beta_binomial_mixture(const json& inputs) {
  return {{"bound", stats::beta_binomial_mixture_bound(number(inputs, "v"), number(inputs, "alpha", 0.05),
                                                       increments_of(inputs), tuning_of(inputs))}};
}

json gamma_exponential_log_mixture(const json& inputs) {
  return {{"log_mixture", stats::gamma_exponential_log_mixture(number(inputs, "s"), number(inputs, "v"),
                                                               number(inputs, "c"), tuning_of(inputs))}};
}

json gamma_exponential_mixture(const json& inputs) {
  return {{"bound", stats::gamma_exponential_mixture_bound(number(inputs, "v"), number(inputs, "alpha", 0.05),
                                                           number(inputs, "c"), tuning_of(inputs))}};
}

json poly_stitching(const json& inputs) {
  const double bound = stats::poly_stitching_bound(number(inputs, "v"), number(inputs, "alpha", 0.05),
                                                   {.v_min = number(inputs, "v_min"),
                                                    .c = number(inputs, "c", 0),
                                                    .s = number(inputs, "s", 1.4),
                                                    .eta = number(inputs, "eta", 2)});
  require(std::isfinite(bound), "v, v_min, s or eta is too large for a bound");
  return {{"bound", bound}};
}

json bernoulli_cs(const json& inputs) {
  require(std::isfinite(number(inputs, "t_opt")), "\"t_opt\" must be finite");
  const auto estimate = stats::bernoulli_sequence(
      {.successes = number(inputs, "successes"), .n = number(inputs, "n")}, number(inputs, "alpha", 0.05),
      number(inputs, "t_opt"), number(inputs, "alpha_opt", 0.05));
  if (!estimate.interval) refuse(estimate.reason, "successes must be from 0 to n, alpha between 0 and 1");
  return {{"lower", *estimate.interval->lower}, {"upper", *estimate.interval->upper}};
}

/// The numbers of values after which an answer is wanted; all of them if not said.
std::vector<std::size_t> times_of(const json& inputs, std::size_t values) {
  if (!inputs.contains("times")) {
    std::vector<std::size_t> all(values);
    std::iota(all.begin(), all.end(), std::size_t{1});
    return all;
  }
  std::vector<std::size_t> times;
  for (const double time : numbers(inputs, "times")) {
    require(time >= 1 && time <= static_cast<double>(values) && time == std::floor(time),
            "\"times\" must be whole numbers from 1 to the number of values");
    times.push_back(static_cast<std::size_t>(time));
  }
  return times;
}

stats::BettingRule betting_rule(const json& inputs) {
  return {.alpha = number(inputs, "alpha", 0.05),
          .theta = number(inputs, "theta", 0.5),
          .truncation = number(inputs, "trunc_scale", 0.5)};
}

json hedged_capital(const json& inputs) {
  const auto x = numbers(inputs, "x");
  const stats::HedgedBets bets(x, betting_rule(inputs));
  std::vector<double> capital;
  for (const std::size_t time : times_of(inputs, x.size()))
    capital.push_back(std::exp(bets.log_capital(number(inputs, "m"), time)));
  return {{"capital", written(capital)}};
}

json interval_ends(const std::vector<stats::Interval>& intervals, bool intersect) {
  std::vector<double> lower, upper;
  for (const stats::Interval& interval : intervals) {
    lower.push_back(interval.lower.value_or(0));
    upper.push_back(interval.upper.value_or(1));
    if (!intersect || lower.size() == 1) continue;
    lower.back() = std::max(lower.back(), lower[lower.size() - 2]);
    upper.back() = std::min(upper.back(), upper[upper.size() - 2]);
  }
  return {{"lower", written(lower)}, {"upper", written(upper)}};
}

json hedged_betting(const json& inputs) {
  const auto x = numbers(inputs, "x");
  const stats::HedgedBets bets(x, betting_rule(inputs));
  std::vector<stats::Interval> intervals;
  const bool intersect = flag(inputs, "running_intersection", false);
  if (!intersect) {
    for (const std::size_t time : times_of(inputs, x.size())) intervals.push_back(bets.interval(time));
    return interval_ends(intervals, false);
  }
  // The intersection runs over every value, not only over the times asked for.
  for (std::size_t time = 1; time <= x.size(); ++time) intervals.push_back(bets.interval(time));
  const json all = interval_ends(intervals, true);
  json asked{{"lower", json::array()}, {"upper", json::array()}};
  for (const std::size_t time : times_of(inputs, x.size()))
    for (const char* key : {"lower", "upper"}) asked[key].push_back(all[key][time - 1]);
  return asked;
}

json predmix(const json& inputs) {
  const auto x = numbers(inputs, "x");
  std::vector<stats::Interval> intervals;
  for (const std::size_t time : times_of(inputs, x.size()))
    intervals.push_back(stats::empirical_bernstein_sequence(x, time, number(inputs, "alpha", 0.05),
                                                            number(inputs, "truncation", 0.5)));
  return interval_ends(intervals, flag(inputs, "running_intersection", false));
}

/// Pairs before which the reference's Bernoulli test stays silent.
constexpr std::size_t kBernoulliBurnIn = 100;

template <bool Bernoulli>
json msprt(const json& inputs) {
  const auto x = numbers(inputs, "x"), y = numbers(inputs, "y");
  const std::size_t pairs = std::min(x.size(), y.size());
  const double sigma = Bernoulli ? 1 : number(inputs, "sigma", 1), tau = number(inputs, "tau");
  const double alpha = number(inputs, "alpha", 0.05);
  require(alpha > 0 && alpha < 1, "\"alpha\" must be between 0 and 1");
  double sum_x = 0, sum_y = 0, smallest = 1;
  std::vector<double> ratios(pairs), p_values(pairs), half_widths(pairs);
  for (std::size_t i = 0; i < pairs; ++i) {
    sum_x += x[i];
    sum_y += y[i];
    const double n = static_cast<double>(i + 1), mean_x = sum_x / n, mean_y = sum_y / n;
    const double variance = Bernoulli ? mean_x * (1 - mean_x) + mean_y * (1 - mean_y) : 2 * sigma * sigma;
    const bool silent = Bernoulli && (i + 1 <= kBernoulliBurnIn || !(variance > 0));
    const stats::MixtureLook look{.n = n,
                                  .difference = mean_x - mean_y,
                                  .pair_variance = variance,
                                  .tau = tau,
                                  .null_value = number(inputs, "theta0", 0)};
    if (!silent) {
      ratios[i] = std::exp(stats::mixture_log_ratio(look));
      const auto interval = *stats::mixture_sprt(look, alpha).interval;
      half_widths[i] = 0.5 * (*interval.upper - *interval.lower);
      smallest = std::min(smallest, 1 / ratios[i]);
    }
    p_values[i] = smallest;
  }
  json result{{"lambda", json::array()}, {"p", json::array()}, {"halfwidth", json::array()}};
  for (const std::size_t time : times_of(inputs, pairs)) {
    result["lambda"].push_back(written(ratios[time - 1]));
    result["p"].push_back(written(p_values[time - 1]));
    result["halfwidth"].push_back(written(half_widths[time - 1]));
  }
  return result;
}

/// calcTau of the R package mixtureSPRT as it is: another b than the paper's, and two decimals.
json tau_package(const json& inputs) {
  const double alpha = number(inputs, "alpha"), sigma = number(inputs, "sigma", 1);
  const double n = inputs.contains("truncation") ? number(inputs, "truncation") : number(inputs, "n");
  require(alpha > 0 && alpha < 1 && sigma > 0 && n > 0,
          "alpha must be between 0 and 1, sigma and truncation above 0");
  const double b = -2 * std::log(alpha) / std::sqrt(n * sigma * sigma);
  const double tail = stats::normal_sf(b);
  const double tau = sigma * sigma * tail / (stats::normal_pdf(b) / b - tail);
  return {{"tau", written(std::nearbyint(tau * 100) / 100)}};
}

json tau_optimal(const json& inputs) {
  const double variance = stats::optimal_mixing_variance(number(inputs, "effect_variance"),
                                                         number(inputs, "n"), number(inputs, "alpha", 0.05));
  return {{"tau_squared", written(variance)}, {"tau", written(std::sqrt(variance))}};
}

json written_estimate(const stats::Estimate& estimate) {
  if (!estimate.interval) refuse(estimate.reason, "the method has no interval for these inputs");
  return {{"estimate", estimate.point ? written(*estimate.point) : json("NaN")},
          {"lower", written_end(estimate.interval->lower, true)},
          {"upper", written_end(estimate.interval->upper, false)},
          {"p", written(estimate.p_value.value_or(1))}};
}

json count_ratio(const json& inputs) {
  const auto control = numbers(inputs, "control"), treatment = numbers(inputs, "treatment");
  auto shares =
      inputs.contains("treatment_share") ? numbers(inputs, "treatment_share") : std::vector<double>{0.5};
  if (shares.size() == 1) shares.resize(control.size(), shares[0]);
  require(treatment.size() == control.size() && shares.size() == control.size(),
          "one count and one share an epoch");
  std::vector<stats::ConverterCounts> epochs;
  for (std::size_t i = 0; i < control.size(); ++i)
    epochs.push_back({.control = control[i], .treatment = treatment[i], .treatment_share = shares[i]});
  return written_estimate(stats::count_ratio_sequence(epochs, number(inputs, "alpha", 0.05),
                                                      number(inputs, "dirichlet_concentration", 100)));
}

json two_arm_betting(const json& inputs) {
  const auto values = numbers(inputs, "y"), arms = numbers(inputs, "treated");
  std::vector<std::uint8_t> treated;
  for (const double arm : arms) treated.push_back(arm != 0 ? 1 : 0);
  require(treated.size() == values.size(), "one arm a value");
  return written_estimate(stats::two_arm_betting({.values = values,
                                                  .treated = treated,
                                                  .bound = number(inputs, "bound", 1),
                                                  .treatment_share = number(inputs, "treatment_share", 0.5)},
                                                 betting_rule(inputs)));
}

constexpr std::array kMethods{
    CalcMethod{"confseq/normal_log_mixture", normal_log_mixture, "Normal mixture's log value"},
    CalcMethod{"confseq/normal_mixture", normal_mixture, "Normal mixture's boundary"},
    CalcMethod{"confseq/beta_binomial_log_mixture", beta_binomial_log_mixture,
               "Beta-binomial mixture's log value"},
    CalcMethod{"confseq/beta_binomial_mixture", beta_binomial_mixture, "Beta-binomial mixture's boundary"},
    CalcMethod{"confseq/gamma_exponential_log_mixture", gamma_exponential_log_mixture,
               "Gamma-exponential mixture's log value"},
    CalcMethod{"confseq/gamma_exponential_mixture", gamma_exponential_mixture,
               "Gamma-exponential mixture's boundary"},
    CalcMethod{"confseq/poly_stitching", poly_stitching, "Polynomial stitched boundary"},
    CalcMethod{"confseq/bernoulli_cs", bernoulli_cs, "Confidence sequence for a probability"},
    CalcMethod{"confseq/hedged_capital", hedged_capital, "Capital of hedged bets against a mean"},
    CalcMethod{"confseq/hedged_betting_cs", hedged_betting, "Betting confidence sequence, values in [0, 1]"},
    CalcMethod{"confseq/predmix_empirical_bernstein", predmix, "Empirical Bernstein confidence sequence"},
    CalcMethod{"confseq/count_ratio", count_ratio, "Exact sequence for the ratio of two conversion rates"},
    CalcMethod{"confseq/two_arm_betting", two_arm_betting,
               "Betting sequence for a difference of bounded means"},
    CalcMethod{"msprt/normal", msprt<false>, "Mixture SPRT on pairs, known variance"},
    CalcMethod{"msprt/bernoulli", msprt<true>, "Mixture SPRT on pairs of 0/1 values"},
    CalcMethod{"msprt/tau_package", tau_package, "The mixing variance of R's mixtureSPRT"},
    CalcMethod{"msprt/tau_optimal", tau_optimal, "Mixing variance for normal effects and a last n"},
};

}  // namespace

std::span<const CalcMethod> mixture_methods() {
  return kMethods;
}

}  // namespace liftmark::cli
