// calc rows: the textbook formulas of power and sample size.

#include "stats/power.hpp"

#include <array>
#include <cmath>

#include "apps/cli/calc/inputs.hpp"
#include "apps/cli/calc/power_inputs.hpp"
#include "apps/cli/calc/table.hpp"
#include "stats/confidence_sequence.hpp"
#include "stats/distributions.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::json;

int sides_of(const json& in) {
  return number(in, "sides", 2) == 1 ? 1 : 2;
}
double alpha_of(const json& in) {
  return number(in, "alpha", 0.05);
}
json two_prop_pooled_null(const json& in) {
  const double p1 = number(in, "p1"), p2 = number(in, "p2");
  if (given(in, "n_per_group"))
    return {{"power",
             stats::pooled_proportions_power(p1, p2, number(in, "n_per_group"), alpha_of(in), sides_of(in))}};
  return {{"n_per_group",
           stats::pooled_proportions_size(p1, p2, number(in, "power"), alpha_of(in), sides_of(in))}};
}

json two_prop_arcsine(const json& in) {
  const double h = stats::arcsine_effect(number(in, "p1"), number(in, "p2"));
  if (given(in, "n_per_group")) {
    const double n = number(in, "n_per_group");
    return {{"power", stats::normal_power(h, n, n, alpha_of(in), sides_of(in))}, {"h", std::abs(h)}};
  }
  return {{"n_per_group", stats::normal_size(h, number(in, "power"), 1.0, alpha_of(in), sides_of(in))},
          {"h", std::abs(h)}};
}

json two_prop_arcsine_unequal(const json& in) {
  const double h = std::abs(stats::arcsine_effect(number(in, "p1"), number(in, "p2")));
  return {{"power", stats::normal_power(h, number(in, "n1"), number(in, "n2"), alpha_of(in), sides_of(in))},
          {"h", h}};
}

json two_prop_two_tail(const json& in) {
  const double p2 = number(in, "prop2"), p1 = p2 + number(in, "diff"), ratio = number(in, "ratio", 1.0);
  const auto w = stats::weighted_proportions(p1, p2, ratio);
  return {{"power", stats::weighted_proportions_power(p1, p2, number(in, "n1"), ratio, alpha_of(in))},
          {"p_pooled", w.pooled},
          {"std_null", w.null_deviation},
          {"std_alt", w.alternative_deviation}};
}

json two_prop_n_one_tail(const json& in) {
  const double p2 = number(in, "prop2"), p1 = p2 + number(in, "diff");
  const bool two_sided = text(in, "alternative", "two-sided").starts_with("two");
  return {{"n1", stats::weighted_proportions_size(p1, p2, number(in, "power"), number(in, "ratio", 1.0),
                                                  alpha_of(in) / (two_sided ? 2 : 1))}};
}

json two_sample_t(const json& in) {
  const double effect = number(in, "delta") / number(in, "sd", 1.0), alpha = alpha_of(in);
  const int sides = sides_of(in);
  if (given(in, "n_per_group")) {
    const double n = number(in, "n_per_group");
    return {{"power", stats::student_power(std::abs(effect), n, n, alpha, sides, 1)},
            {"power_strict", stats::student_power(std::abs(effect), n, n, alpha, sides, sides)}};
  }
  const double power = number(in, "power");
  return {{"n_per_group", stats::student_size(effect, power, 1.0, alpha, sides, 1)},
          {"n_per_group_strict", stats::student_size(effect, power, 1.0, alpha, sides, sides)}};
}

json two_sample_t_two_tail(const json& in) {
  const double effect = std::abs(number(in, "effect_size")), ratio = number(in, "ratio_n2_over_n1", 1.0),
               alpha = alpha_of(in);
  const int sides = sides_of(in);
  if (given(in, "n1")) {
    const double n1 = number(in, "n1");
    return {{"power", stats::student_power(effect, n1, ratio * n1, alpha, sides, sides)}};
  }
  return {{"n1", stats::student_size(effect, number(in, "power"), ratio, alpha, sides, sides)}};
}

json two_sample_t_unequal(const json& in) {
  const int sides = sides_of(in);
  return {{"power", stats::student_power(std::abs(number(in, "d")), number(in, "n1"), number(in, "n2"),
                                         alpha_of(in), sides, sides)}};
}

json two_sample_z(const json& in) {
  const double effect = std::abs(number(in, "effect_size")), ratio = number(in, "ratio_n2_over_n1", 1.0);
  if (given(in, "n1"))
    return {{"power", stats::normal_power(effect, number(in, "n1"), ratio * number(in, "n1"), alpha_of(in),
                                          sides_of(in))}};
  return {{"n1", stats::normal_size(effect, number(in, "power"), ratio, alpha_of(in), sides_of(in))}};
}

json sizes(double total, double allocation) {
  const double n1 = total * allocation / (1.0 + allocation);
  return {{"n_total", total}, {"n1", n1}, {"n2", total - n1}};
}

double allocation_of(const json& in) {
  return number(in, "allocation_n1_over_n2", 1.0);
}

json means_noninferiority(const json& in) {
  return sizes(stats::mean_difference_margin_size(number(in, "alternative"), number(in, "theta_H0", 0.0),
                                                  number(in, "sd", 1.0), allocation_of(in), alpha_of(in),
                                                  number(in, "beta", 0.2), sides_of(in)),
               allocation_of(in));
}
json means_ratio_noninferiority(const json& in) {
  return sizes(
      stats::mean_ratio_margin_size(number(in, "ratio_alt"), number(in, "ratio_H0"), number(in, "cv"),
                                    allocation_of(in), alpha_of(in), number(in, "beta", 0.2), sides_of(in)),
      allocation_of(in));
}
json rates_noninferiority(const json& in) {
  return sizes(stats::rate_difference_margin_size(number(in, "pi1"), number(in, "pi2"),
                                                  number(in, "theta_H0"), allocation_of(in), alpha_of(in),
                                                  number(in, "beta", 0.2), sides_of(in)),
               allocation_of(in));
}
json rates_ratio_noninferiority(const json& in) {
  return sizes(
      stats::rate_ratio_margin_size(number(in, "pi1"), number(in, "pi2"), number(in, "ratio_H0"),
                                    allocation_of(in), alpha_of(in), number(in, "beta", 0.2), sides_of(in)),
      allocation_of(in));
}

/// tea-tasting: a relative effect on a mean, total size over both arms (ratio = treatment / control),
/// noncentral t.
json mean_relative(const json& in) {
  const double mean = number(in, "mean"), deviation = std::sqrt(number(in, "var")), alpha = alpha_of(in),
               ratio = number(in, "ratio", 1.0);
  require(mean != 0 && deviation > 0 && ratio > 0, "needs a mean, a positive variance and a positive ratio");
  const auto power_at = [&](double relative, double total) {
    const double control = total / (1.0 + ratio);
    return stats::student_power(std::abs(relative * mean) / deviation, control, total - control, alpha, 2, 2);
  };
  const std::string wanted = text(in, "solve", "n_obs");
  const double relative = number(in, "rel_effect_size", 0.0), total = number(in, "n_obs_total", 0.0);
  if (wanted == "power")
    return {{"power", power_at(relative, total)},
            {"rel_effect_size", relative},
            {"effect_size", relative * mean},
            {"n_obs_total", total}};
  const double target = number(in, "power", 0.8);
  if (wanted == "n_obs" || wanted == "n_obs_total") {
    const double control = stats::student_size(relative * mean / deviation, target, ratio, alpha, 2, 2);
    return {{"n_obs_total", std::ceil(control * (1.0 + ratio))},
            {"rel_effect_size", relative},
            {"effect_size", relative * mean},
            {"power", target}};
  }
  double low = 0.0, high = 1e-6;
  while (power_at(high, total) < target && high < 1e6) high *= 2.0;
  if (!(high < 1e6)) refuse(stats::Reason::no_convergence, "no effect reaches this power");
  for (int i = 0; i < 200 && high - low > 1e-14 * high; ++i)
    (power_at(0.5 * (low + high), total) < target ? low : high) = 0.5 * (low + high);
  return {{"n_obs_total", total}, {"rel_effect_size", high}, {"effect_size", high * mean}, {"power", target}};
}

/// gbstats: how many more users a running experiment needs. The standard error shrinks as 1 / sqrt(1 + k).
json mid_experiment(const json& in) {
  const double error = number(in, "standard_error"), n = number(in, "pairwise_n"),
               mde = std::abs(number(in, "target_mde"));
  const double goals = number(in, "num_goal_metrics", 1), arms = number(in, "num_variations", 2);
  const double tests = flag(in, "p_value_corrected", false) ? (arms - 1) * goals : 1.0;
  const double alpha = alpha_of(in) / tests;
  require(error > 0 && n > 0 && tests >= 1 && alpha > 0 && alpha < 1,
          "needs a positive standard error and size");
  const double z = stats::normal_upper_quantile(alpha / 2.0);
  const json prior = in.value("prior", json());
  const bool proper = prior.is_object() && flag(prior, "proper", false);
  const auto power = [&](double k) {
    const double variance = error * error / (1.0 + k), se = std::sqrt(variance);
    if (proper) {
      const double mean = number(prior, "mean", 0.0), spread = number(prior, "variance");
      const double threshold = variance * std::sqrt(1.0 / spread + 1.0 / variance) * z,
                   pull = variance * mean / spread;
      return stats::normal_sf((threshold - pull - mde) / se) +
             stats::normal_cdf(-(threshold + pull + mde) / se);
    }
    double width = z;
    if (flag(in, "sequential", false)) {
      const double rho = stats::approximate_rho(number(in, "n_tune", 5000), alpha);
      width = stats::sequence_critical_value(n * (1.0 + k) * rho * rho, alpha);
    }
    return stats::normal_sf(width - mde / se) + stats::normal_cdf(-width - mde / se);
  };
  const double target = std::pow(number(in, "target_power", 0.8), 1.0 / goals);
  json answer{{"power_now", power(0.0)}, {"power_at_double", power(1.0)}};
  double factor = 0.0;
  if (!(power(0.0) > target)) {
    double high = 1.0;
    for (int i = 0; i < 27 && power(high) < target; ++i) high *= 2.0;
    if (power(high) < target)
      refuse(stats::Reason::no_convergence, "no sample size up to 2^27 times this one reaches the power");
    double low = 0.0;
    factor = high;
    for (int i = 0; i < 100; ++i) {  // stops within 1e-5 of the power, as the reference does
      (power(factor) > target ? high : low) = factor;
      factor = 0.5 * (low + high);
      if (std::abs(power(factor) - target) < 1e-5) break;
    }
  }
  answer["scaling_factor"] = factor;
  answer["additional_users"] = factor * n;
  return answer;
}

constexpr std::array kMethods{
    CalcMethod{"power/two_prop_pooled_null", checked<two_prop_pooled_null>, "power.prop.test"},
    CalcMethod{"power/two_prop_arcsine", checked<two_prop_arcsine>, "arcsine effect, both tails"},
    CalcMethod{"power/two_prop_arcsine_unequal", checked<two_prop_arcsine_unequal>,
               "arcsine effect, unequal groups"},
    CalcMethod{"power/two_prop_two_tail", checked<two_prop_two_tail>, "weighted null variance, both tails"},
    CalcMethod{"power/two_prop_n_one_tail", checked<two_prop_n_one_tail>,
               "weighted null variance, size by one tail"},
    CalcMethod{"power/two_sample_t", checked<two_sample_t>, "power.t.test, noncentral t"},
    CalcMethod{"power/two_sample_t_two_tail", checked<two_sample_t_two_tail>, "noncentral t, both tails"},
    CalcMethod{"power/two_sample_t_unequal", checked<two_sample_t_unequal>, "noncentral t, unequal groups"},
    CalcMethod{"power/two_sample_z", checked<two_sample_z>, "normal test, both tails"},
    CalcMethod{"power/means_noninferiority", checked<means_noninferiority>,
               "difference of means against a margin"},
    CalcMethod{"power/means_ratio_noninferiority", checked<means_ratio_noninferiority>,
               "ratio of means against a margin"},
    CalcMethod{"power/rates_noninferiority", checked<rates_noninferiority>,
               "difference of rates against a margin"},
    CalcMethod{"power/rates_ratio_noninferiority", checked<rates_ratio_noninferiority>,
               "ratio of rates against a margin"},
    CalcMethod{"power/mean_relative", checked<mean_relative>, "relative effect on a mean, noncentral t"},
    CalcMethod{"power/mid_experiment", checked<mid_experiment>, "users still needed by a running experiment"},
};

}  // namespace

std::span<const CalcMethod> power_methods() {
  return kMethods;
}

}  // namespace liftmark::cli
