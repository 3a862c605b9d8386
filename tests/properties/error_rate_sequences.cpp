// Type I error and power of every method that is read at many looks.

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "properties/error_rate_paths.hpp"
#include "properties/error_rates.hpp"
#include "stats/bayes.hpp"
#include "stats/confidence_sequence.hpp"
#include "stats/count_sequence.hpp"
#include "stats/distributions.hpp"
#include "stats/group_sequential.hpp"
#include "stats/heterogeneity.hpp"
#include "stats/sample_ratio.hpp"

namespace liftmark::error_rates {
namespace {

using stats::BoundaryKind;
using stats::SequenceSide;

constexpr double kAlpha = 0.05;
constexpr double kHarmAlpha = 0.01;
constexpr int kDays = 28;

/// What is known at one look of one replication.
struct LookState {
  std::size_t index = 0;
  std::size_t last = 0;
  double n = 0;
  const ArmSums* control = nullptr;
  const ArmSums* treatment = nullptr;
  double treatment_share = 0.5;
  double rate = 0;  ///< true conversion rate of the control; 0 if not a proportion
  bool burned_in = false;
  double own_z = 0;  ///< log scale, each arm's own error
  double own_error = 0;
  double log_z = 0;  ///< log scale, the larger error
  double log_error = 0;
  double absolute_z = 0;  ///< absolute scale, the larger error
};

/// A rule that may reject at a look. `per_look` holds what depends on the look only.
struct Watcher {
  std::string name;
  double nominal = kAlpha;
  bool promised = true;
  bool binary_only = false;
  std::vector<double> per_look;
  bool (*rejects)(const LookState& look, double at_look) = nullptr;
};

std::vector<double> critical_values(const std::vector<std::int64_t>& looks, double planned, double alpha,
                                    SequenceSide side) {
  const double rho_squared = stats::tuned_rho_squared(planned, alpha, side);
  std::vector<double> values;
  for (const auto n : looks)
    values.push_back(stats::sequence_critical_value(static_cast<double>(n) * rho_squared, alpha, side));
  return values;
}

/// Marks the look nearest to each of `count` equal parts of the last n: 1 there, 0 elsewhere.
std::vector<double> equal_parts(const std::vector<std::int64_t>& looks, int count) {
  std::vector<double> marks(looks.size(), 0.0);
  for (int k = 1; k <= count; ++k) {
    const double wanted = static_cast<double>(looks.back()) * k / count;
    const auto nearest = std::min_element(looks.begin(), looks.end(), [&](auto a, auto b) {
      return std::abs(static_cast<double>(a) - wanted) < std::abs(static_cast<double>(b) - wanted);
    });
    marks[static_cast<std::size_t>(nearest - looks.begin())] = 1;
  }
  return marks;
}

/// Boundaries of a group-sequential rule at five looks near equal parts; no boundary elsewhere.
std::vector<double> group_boundaries(const std::vector<std::int64_t>& looks, BoundaryKind kind) {
  auto bounds = equal_parts(looks, 5);
  stats::Looks made;
  for (std::size_t k = 0; k < looks.size(); ++k)
    if (bounds[k] > 0) made.information.push_back(static_cast<double>(looks[k]));
  const auto boundaries = stats::efficacy_boundaries({.kind = kind, .alpha = kAlpha, .sides = 2}, made);
  std::size_t next = 0;
  for (double& bound : bounds) bound = bound > 0 ? boundaries.upper[next++] : 1e9;
  return bounds;
}

bool beyond_log(const LookState& look, double critical) {
  return look.burned_in && std::abs(look.log_z) >= critical;
}
bool below_log(const LookState& look, double critical) {
  return look.burned_in && look.log_z <= -critical;
}
bool beyond_absolute(const LookState& look, double critical) {
  return look.burned_in && std::abs(look.absolute_z) >= critical;
}
bool beyond_own(const LookState& look, double critical) {
  return look.burned_in && std::abs(look.own_z) >= critical;
}

bool mixture(const LookState& look, double effect) {
  if (!look.burned_in) return false;
  const double ratio = effect / look.log_error;
  return -stats::sequence_log_p(look.log_z, ratio * ratio) >= -std::log(kAlpha);
}

bool exact_counts(const LookState& look, double) {
  const std::array counts{look.treatment->y, look.control->y},
      shares{look.treatment_share, 1 - look.treatment_share};
  return stats::log_bayes_factor({.counts = counts, .shares = shares}, 100) >= -std::log(kAlpha);
}

bool bernoulli(const LookState& look, double concentration) {
  const std::array counts{look.control->y, look.control->n - look.control->y},
      shares{look.rate, 1 - look.rate};
  return stats::log_bayes_factor({.counts = counts, .shares = shares}, concentration) >= -std::log(kAlpha);
}

bool sample_ratio(const LookState& look, double) {
  const std::array counts{look.treatment->n, look.control->n},
      shares{look.treatment_share, 1 - look.treatment_share};
  return stats::log_bayes_factor({.counts = counts, .shares = shares}, 1000) >= -std::log(kHarmAlpha);
}

bool sample_ratio_peeked(const LookState& look, double) {
  const double pi = look.treatment_share, excess = look.treatment->n - pi * look.n;
  return excess * excess / (look.n * pi * (1 - pi)) > 6.634896601;  // chi-square, 1 df, 0.99
}

bool chance_to_win(const LookState& look, double day) {
  return day > 0 && std::abs(look.own_z) > 1.644853627;
}

bool chance_to_win_prior(const LookState& look, double day) {
  if (day == 0 || look.own_error == 0) return false;
  const double shrink = 0.09 / (0.09 + look.own_error * look.own_error);
  return std::abs(look.own_z) * std::sqrt(shrink) > 1.644853627;
}

bool marked(const LookState& look, double day) {
  return day > 0 && std::abs(look.own_z) > 1.959963985;
}

std::vector<Watcher> watchers(const std::vector<std::int64_t>& looks, double planned) {
  const auto critical = [&](double n, double alpha, SequenceSide side) {
    return critical_values(looks, n, alpha, side);
  };
  const std::vector<double> none(looks.size(), 0.0), planned_effect(looks.size(), std::log(1.05));
  std::vector<double> last(looks.size(), 1e9);
  last.back() = 1.959963985;
  return {
      {"always-valid, log scale, planned n = last n / 10", kAlpha, true, false,
       critical(planned, kAlpha, SequenceSide::two_sided), beyond_log},
      {"always-valid, log scale, planned n = 5,000", kAlpha, true, false,
       critical(5000, kAlpha, SequenceSide::two_sided), beyond_log},
      {"always-valid, log scale, planned n = last n", kAlpha, true, false,
       critical(static_cast<double>(looks.back()), kAlpha, SequenceSide::two_sided), beyond_log},
      {"always-valid, absolute and Fieller", kAlpha, true, false,
       critical(planned, kAlpha, SequenceSide::two_sided), beyond_absolute},
      {"one-sided harm test, alpha 0.01", kHarmAlpha, true, false,
       critical(planned, kHarmAlpha, SequenceSide::upper), below_log},
      {"mixture SPRT, planned effect 5 %", kAlpha, true, false, planned_effect, mixture},
      {"group sequential, O'Brien-Fleming type, 5 looks", kAlpha, true, false,
       group_boundaries(looks, BoundaryKind::lan_demets_obrien_fleming), beyond_own},
      {"group sequential, Pocock type, 5 looks", kAlpha, true, false,
       group_boundaries(looks, BoundaryKind::lan_demets_pocock), beyond_own},
      {"exact two-arm count sequence", kAlpha, true, true, none, exact_counts},
      {"beta-binomial sequence, one arm", kAlpha, true, true, std::vector<double>(looks.size(), planned),
       bernoulli},
      {"sample ratio, sequential, alpha 0.01", kHarmAlpha, true, false, none, sample_ratio},
      {"fixed horizon, one look", kAlpha, false, false, last, beyond_own},
      {"peeking at the fixed interval daily, 28 days", kAlpha, false, false, equal_parts(looks, kDays),
       marked},
      {"peeking at the fixed interval, every look", kAlpha, false, false,
       std::vector<double>(looks.size(), 1.0), marked},
      {"chance to win > 95 %, flat prior, 28 days", kAlpha, false, false, equal_parts(looks, kDays),
       chance_to_win},
      {"chance to win > 95 %, N(0, 0.3^2) prior, 28 days", kAlpha, false, false, equal_parts(looks, kDays),
       chance_to_win_prior},
      {"sample ratio, chi-square peeked at 0.01", kHarmAlpha, false, false, none, sample_ratio_peeked},
  };
}

/// One experiment: two shops (equal under no effect), an allocation, looks.
struct Experiment {
  std::string setting;
  Shop control, treatment;
  double treatment_share = 0.5;
  std::vector<std::int64_t> looks;
  double planned = 0;
  std::uint64_t seed = 0;
};

void judge(const Experiment& experiment, LookState& look) {
  const auto contrast = contrast_of(experiment.control, *look.control, *look.treatment);
  const auto own = stats::on_scale(contrast, stats::Scale::log, stats::ErrorRule::own);
  const auto log = stats::on_scale(contrast, stats::Scale::log, stats::ErrorRule::larger_of_both);
  const auto absolute = stats::on_scale(contrast, stats::Scale::absolute, stats::ErrorRule::larger_of_both);
  look.burned_in = false;
  look.own_z = look.log_z = look.absolute_z = look.own_error = look.log_error = 0;
  if (!own.scaled || !log.scaled || !absolute.scaled) return;
  look.own_error = own.scaled->standard_error;
  look.log_error = log.scaled->standard_error;
  look.own_z = own.scaled->value / look.own_error;
  look.log_z = log.scaled->value / look.log_error;
  look.absolute_z = absolute.scaled->value / absolute.scaled->standard_error;
  stats::SequenceLook burn_in{.n = look.n,
                              .smallest_arm_n = std::min(look.control->n, look.treatment->n),
                              .skewness = contrast.skewness};
  if (experiment.control.binary())
    burn_in.smallest_cell = std::min({look.control->y, look.treatment->y, look.control->n - look.control->y,
                                      look.treatment->n - look.treatment->y});
  look.burned_in = stats::burn_in_is_over(burn_in);
}

void run_one(const Experiment& experiment, const std::vector<Watcher>& rules, Draws& draws,
             std::vector<char>& rejected) {
  ArmSums control, treatment;
  LookState look{.last = experiment.looks.size() - 1,
                 .control = &control,
                 .treatment = &treatment,
                 .treatment_share = experiment.treatment_share};
  if (experiment.control.binary()) look.rate = experiment.control.types[0].probability;
  std::int64_t before = 0;
  for (std::size_t k = 0; k < experiment.looks.size(); ++k) {
    const std::int64_t units = experiment.looks[k] - before;
    const std::int64_t treated = draws.binomial(units, experiment.treatment_share);
    add_units(experiment.treatment, treated, draws, treatment);
    add_units(experiment.control, units - treated, draws, control);
    before = experiment.looks[k];
    look.index = k;
    look.n = static_cast<double>(before);
    judge(experiment, look);
    for (std::size_t r = 0; r < rules.size(); ++r)
      if (rejected[r] == 0 && rules[r].rejects(look, rules[r].per_look[k])) rejected[r] = 1;
  }
}

std::vector<Rate> run(const Experiment& experiment, const Effort& effort, const std::string& section) {
  auto rules = watchers(experiment.looks, experiment.planned);
  if (!experiment.control.binary())
    rules.erase(
        std::remove_if(rules.begin(), rules.end(), [](const Watcher& rule) { return rule.binary_only; }),
        rules.end());
  std::vector<std::int64_t> count(rules.size(), 0);
  for (std::int64_t i = 0; i < effort.replications; ++i) {
    Draws draws(experiment.seed, static_cast<std::uint64_t>(i));
    std::vector<char> rejected(rules.size(), 0);
    run_one(experiment, rules, draws, rejected);
    for (std::size_t r = 0; r < rules.size(); ++r) count[r] += rejected[r];
  }
  std::vector<Rate> rates;
  for (std::size_t r = 0; r < rules.size(); ++r)
    rates.push_back({section, experiment.setting, rules[r].name, rules[r].nominal,
                     static_cast<double>(count[r]) / static_cast<double>(effort.replications),
                     rules[r].promised});
  return rates;
}

/// Watchers left out of the power table: they test something else, or are tuned elsewhere.
constexpr std::array<std::string_view, 5> kNotAboutPower{"5,000", "last n / 10", "harm", "sample ratio",
                                                         "one arm"};

std::string allocation_name(double share) {
  return share == 0.5 ? "50/50" : "90/10";
}

}  // namespace

std::vector<Rate> type_one_rates(const Effort& effort) {
  const std::vector<std::pair<std::string, Shop>> shops{
      {"conversion 0.1 %", conversion(0.001)},
      {"conversion 1 %", conversion(0.01)},
      {"conversion 10 %", conversion(0.1)},
      {"clicks per session (ratio)", clicks_per_session()},
      {"spend, 3 % buyers, lognormal sigma 1", spend(0.03, 1)},
      {"spend, 3 % buyers, lognormal sigma 2", spend(0.03, 2)}};
  const auto looks = log_spaced_looks(effort.looks, 200, effort.last_n);
  std::vector<Rate> rates;
  std::uint64_t seed = 1;
  for (const auto& [name, shop] : shops)
    for (const double share : {0.5, 0.1}) {
      const auto some = run({.setting = name + ", " + allocation_name(share),
                             .control = shop,
                             .treatment = shop,
                             .treatment_share = share,
                             .looks = looks,
                             .planned = static_cast<double>(effort.last_n) / 10,
                             .seed = seed++},
                            effort, "type I error, watched");
      rates.insert(rates.end(), some.begin(), some.end());
    }
  return rates;
}

std::vector<Rate> power_rates(const Effort& effort) {
  // Conversion 10 % against 11 %, fixed test with 80 % power; sizes that follow: fixed, and 1.66 times it.
  const double p = 0.1, q = 0.11;
  const double fixed = 2 * std::pow((1.959963985 + 0.841621234) / (q - p), 2) * (p * (1 - p) + q * (1 - q));
  std::vector<Rate> rates;
  std::uint64_t seed = 101;
  for (const double times : {1.0, 1.66}) {
    const auto last = static_cast<std::int64_t>(std::ceil(fixed * times));
    const auto some = run({.setting = "10 % against 11 %, " +
                                      std::string(times == 1 ? "n of the fixed test" : "1.66 times that n"),
                           .control = conversion(p),
                           .treatment = conversion(q),
                           .treatment_share = 0.5,
                           .looks = log_spaced_looks(effort.looks, 200, last),
                           .planned = static_cast<double>(last),
                           .seed = seed++},
                          effort, "power");
    for (Rate rate : some) {
      const bool about_power =
          std::none_of(kNotAboutPower.begin(), kNotAboutPower.end(),
                       [&](std::string_view part) { return rate.method.find(part) != std::string::npos; });
      if (!about_power) continue;
      rate.nominal = 0.8;
      rate.promised = false;
      rates.push_back(rate);
    }
  }
  return rates;
}

std::vector<Rate> segment_rates(const Effort& effort) {
  constexpr std::size_t kSegments = 5;
  const auto looks = log_spaced_looks(effort.looks, 200, effort.last_n);
  const double rho_squared = stats::tuned_rho_squared(static_cast<double>(effort.last_n) / 10, kAlpha);
  std::int64_t valid = 0, plain = 0;
  std::vector<stats::SegmentEffect> segments(kSegments);
  for (std::int64_t i = 0; i < effort.replications; ++i) {
    Draws draws(301, static_cast<std::uint64_t>(i));
    std::array<double, kSegments> sums{};
    double before = 0;
    bool valid_rejects = false, plain_rejects = false;
    for (const auto look : looks) {
      const double n = static_cast<double>(look);
      for (std::size_t s = 0; s < kSegments; ++s) {  // unit variance, a fifth of the units each
        sums[s] += std::sqrt((n - before) / kSegments) * draws.normal();
        segments[s] = {.estimate = sums[s] * kSegments / n, .standard_error = std::sqrt(kSegments / n)};
      }
      before = n;
      const auto result =
          stats::heterogeneity(segments, stats::SequentialScale{.n = n, .rho_squared = rho_squared});
      valid_rejects |= *result.p_value < kAlpha;
      plain_rejects |= *result.q > 9.487729037;  // chi-square, 4 df, 0.95
    }
    valid += valid_rejects;
    plain += plain_rejects;
  }
  const auto rate = [&](std::int64_t count) {
    return static_cast<double>(count) / static_cast<double>(effort.replications);
  };
  const std::string section = "heterogeneity between segments, watched";
  return {
      {section, "5 segments, normal values", "heterogeneity, always-valid", kAlpha, rate(valid)},
      {section, "5 segments, normal values", "heterogeneity, plain Q peeked", kAlpha, rate(plain), false}};
}

}  // namespace liftmark::error_rates
