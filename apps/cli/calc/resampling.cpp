// calc rows: bootstrap and permutation.

#include <algorithm>
#include <array>
#include <cmath>

#include "apps/cli/calc/inputs.hpp"
#include "apps/cli/calc/table.hpp"
#include "stats/bootstrap.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::json;
using stats::BootstrapInterval;

/// `R` is taken as given. Without it, enough replicates that the Monte Carlo error is well below the
/// interval's own, and at least as many as suggested.
stats::ResamplingOptions options_of(const json& inputs) {
  const double enough = std::max(200'000.0, number(inputs, "suggested_R", 0));
  const double replicates = number(inputs, "R", enough), seed = number(inputs, "seed", 1);
  require(replicates >= 2 && replicates <= 1e7 && seed >= 0 && seed < 9e15,
          "R lies in [2, 1e7], the seed is a whole number");
  return {.replicates = static_cast<std::size_t>(replicates),
          .seed = static_cast<std::uint64_t>(seed),
          .threads = 0};
}

double alpha_of(const json& inputs) {
  const double confidence = number(inputs, "confidence", 0.95);
  require(confidence > 0 && confidence < 1, "confidence must lie inside (0, 1)");
  return 1.0 - confidence;
}

stats::SampleStatistic statistic_of(const json& inputs) {
  const std::string name = text(inputs, "statistic", "mean");
  if (name == "mean") return stats::sample_mean;
  if (name == "median") return stats::sample_median;
  if (name == "sd" || name == "var")
    return [sd = name == "sd"](std::span<const double> sample) {
      const double mean = stats::sample_mean(sample);
      double squares = 0.0;
      for (const double value : sample) squares += (value - mean) * (value - mean);
      const double variance = squares / static_cast<double>(sample.size() - 1);
      return sd ? std::sqrt(variance) : variance;
    };
  require(false, "the statistic is mean, median, sd or var");
  return {};
}

std::vector<double> sample_of(const json& inputs, std::string_view key) {
  auto sample = numbers(inputs, key);
  if (sample.size() < 2) refuse(stats::Reason::too_few_units, "at least two values are needed");
  return sample;
}

json one_sample(const json& inputs, BootstrapInterval kind) {
  const auto sample = sample_of(inputs, "x");
  const auto statistic = statistic_of(inputs);
  const double observed = statistic(sample);
  const auto replicates = stats::bootstrap_replicates(sample, statistic, options_of(inputs));
  const double acceleration = kind == BootstrapInterval::bca
                                  ? stats::acceleration(stats::jackknife_influence(sample, statistic))
                                  : 0.0;
  const auto result = stats::bootstrap_interval(replicates, observed, kind, alpha_of(inputs), acceleration);
  if (!result.interval) refuse(result.reason, "no bootstrap interval");
  json answer{{"point", observed}, {"lower", *result.interval->lower}, {"upper", *result.interval->upper}};
  if (kind == BootstrapInterval::bca) {
    answer["bias_correction_z0"] = *stats::bias_correction(replicates, observed);
    answer["acceleration_jackknife"] = acceleration;
  }
  return answer;
}

/// Relative lift of x2's mean over x1's, resampled within each arm.
json relative_lift(const json& inputs) {
  const auto control = sample_of(inputs, "x1"), treatment = sample_of(inputs, "x2");
  auto options = options_of(inputs);
  const auto control_means = stats::bootstrap_replicates(control, stats::sample_mean, options);
  options.seed += 0x5851F42D4C957F2DULL;  // another stream for the other arm
  const auto treatment_means = stats::bootstrap_replicates(treatment, stats::sample_mean, options);
  const double base = stats::sample_mean(control), other = stats::sample_mean(treatment);
  if (base == 0.0) refuse(stats::Reason::zero_baseline, "the control mean is zero");
  std::vector<double> lifts;
  for (std::size_t i = 0; i < control_means.size(); ++i)
    if (control_means[i] != 0.0) lifts.push_back(treatment_means[i] / control_means[i] - 1.0);
  // As R's boot does over strata: (n_s - 1)(t - t without i), not divided by the stratum's size.
  const double point = other / base - 1.0;
  std::vector<double> influence;
  const auto leave_out = [&](const std::vector<double>& sample, auto lift) {
    const auto n = static_cast<double>(sample.size());
    const double sum = stats::sample_mean(sample) * n;
    for (const double value : sample)
      influence.push_back((n - 1.0) * (point - lift((sum - value) / (n - 1.0))));
  };
  leave_out(control, [&](double mean) { return other / mean - 1.0; });
  leave_out(treatment, [&](double mean) { return mean / base - 1.0; });
  const double acceleration = stats::acceleration(influence);
  const double alpha = alpha_of(inputs);
  const auto percentile = stats::bootstrap_interval(lifts, point, BootstrapInterval::percentile, alpha);
  const auto bca = stats::bootstrap_interval(lifts, point, BootstrapInterval::bca, alpha, acceleration);
  if (!percentile.interval || !bca.interval) refuse(percentile.reason, "no bootstrap interval");
  return {{"point", point},
          {"perc_lower", *percentile.interval->lower},
          {"perc_upper", *percentile.interval->upper},
          {"bca_lower", *bca.interval->lower},
          {"bca_upper", *bca.interval->upper}};
}

struct Clusters {
  std::vector<double> numerator, denominator;

  double ratio() const {
    const double below = denominator.empty()
                             ? static_cast<double>(numerator.size())
                             : stats::sample_mean(denominator) * static_cast<double>(numerator.size());
    if (below == 0.0) refuse(stats::Reason::zero_denominator, "a denominator sums to zero");
    return stats::sample_mean(numerator) * static_cast<double>(numerator.size()) / below;
  }
};

Clusters clusters_of(const json& inputs, const char* arm) {
  require(inputs.contains(arm) && inputs[arm].is_object(), std::string("\"") + arm + "\" must be an object");
  Clusters clusters{sample_of(inputs[arm], "numerator"), {}};
  if (inputs[arm].contains("denominator")) clusters.denominator = numbers(inputs[arm], "denominator");
  require(clusters.denominator.empty() || clusters.denominator.size() == clusters.numerator.size(),
          "one denominator a unit");
  return clusters;
}

/// Units, not events, are drawn: Poisson(1) weights.
json clustered_ratio(const json& inputs) {
  const Clusters control = clusters_of(inputs, "control"), treatment = clusters_of(inputs, "treatment");
  auto options = options_of(inputs);
  const auto below = stats::poisson_bootstrap_ratio({control.numerator, control.denominator}, options);
  options.seed += 0x5851F42D4C957F2DULL;
  const auto above = stats::poisson_bootstrap_ratio({treatment.numerator, treatment.denominator}, options);
  const double base = control.ratio();
  if (base == 0.0) refuse(stats::Reason::zero_baseline, "the control's ratio is zero");
  std::vector<double> lifts;
  for (std::size_t i = 0; i < std::min(below.size(), above.size()); ++i)
    if (below[i] != 0.0) lifts.push_back(above[i] / below[i] - 1.0);
  const double point = treatment.ratio() / base - 1.0;
  const auto result =
      stats::bootstrap_interval(lifts, point, BootstrapInterval::percentile, alpha_of(inputs));
  if (!result.interval) refuse(result.reason, "no bootstrap interval");
  return {{"point", point}, {"lower", *result.interval->lower}, {"upper", *result.interval->upper}};
}

json permutation(const json& inputs) {
  const auto first = sample_of(inputs, "x1"), second = sample_of(inputs, "x2");
  const auto result = stats::permutation_test(first, second, options_of(inputs));
  return {{"difference", *result.point}, {"p", *result.p_value}};
}

constexpr std::array kMethods{
    CalcMethod{"bootstrap/percentile",
               [](const json& in) { return one_sample(in, BootstrapInterval::percentile); },
               "percentile interval"},
    CalcMethod{"bootstrap/basic", [](const json& in) { return one_sample(in, BootstrapInterval::basic); },
               "basic (reflected) interval"},
    CalcMethod{"bootstrap/bca", [](const json& in) { return one_sample(in, BootstrapInterval::bca); },
               "bias-corrected and accelerated interval"},
    CalcMethod{"bootstrap/two_sample_relative_lift", relative_lift, "relative lift, resampled within arms"},
    CalcMethod{"bootstrap/clustered_ratio_lift", clustered_ratio,
               "relative lift of a mean or ratio, units drawn with Poisson weights"},
    CalcMethod{"permutation/mean_difference", permutation, "permutation test of a difference in means"},
};

}  // namespace

std::span<const CalcMethod> resampling_methods() {
  return kMethods;
}

}  // namespace liftmark::cli
