// bayes/*: posterior probabilities and expected losses.

#include "stats/bayes.hpp"

#include <array>
#include <cmath>
#include <optional>

#include "apps/cli/calc/arms.hpp"
#include "apps/cli/calc/inputs.hpp"
#include "apps/cli/calc/table.hpp"
#include "stats/distributions.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::json;

stats::BetaLaw beta_law(const json& inputs, const char* successes, const char* n) {
  const double x = number(inputs, successes), units = number(inputs, n);
  const double a = number(inputs, "prior_a", 1), b = number(inputs, "prior_b", 1);
  require(x >= 0 && x <= units && std::isfinite(units), "successes must be from 0 to n");
  require(a > 0 && b > 0 && std::isfinite(a) && std::isfinite(b), "a beta prior needs a and b above 0");
  return {.a = a + x, .b = b + units - x};
}

json beta_binomial(const json& inputs) {
  const auto first = beta_law(inputs, "x1", "n1"), second = beta_law(inputs, "x2", "n2");
  const double alpha = number(inputs, "alpha", 0.05);
  require(alpha > 0 && alpha < 1, "\"alpha\" must be between 0 and 1");
  const auto lower = [&](const stats::BetaLaw& law) {
    return stats::beta_quantile(0.5 * alpha, law.a, law.b);
  };
  const auto upper = [&](const stats::BetaLaw& law) {
    return stats::beta_upper_quantile(0.5 * alpha, law.a, law.b);
  };
  return {{"prob_2_beats_1", stats::probability_greater(second, first)},
          {"expected_loss_choose_2", stats::expected_gain(first, second)},
          {"expected_loss_choose_1", stats::expected_gain(second, first)},
          {"cred_lower_1", lower(first)},
          {"cred_upper_1", upper(first)},
          {"cred_lower_2", lower(second)},
          {"cred_upper_2", upper(second)}};
}

json risk_normal(const json& inputs) {
  const double sigma = number(inputs, "sigma"), mu = number(inputs, "mu");
  require(sigma >= 0 && std::isfinite(sigma) && std::isfinite(mu), "\"sigma\" must be at least 0");
  const auto loss = stats::normal_expected_losses(mu, sigma);
  return {{"risk_control", loss.positive}, {"risk_treatment", loss.negative}};
}

/// The prior on the scale of the question: it is stated on the relative one unless it says "absolute".
std::optional<stats::NormalPrior> prior_of(const json& inputs, double baseline, bool relative) {
  if (!inputs.contains("prior") || inputs["prior"].is_null()) return std::nullopt;
  const json& prior = inputs["prior"];
  if (!flag(prior, "proper", true)) return std::nullopt;
  const bool prior_relative = text(prior, "prior_type", "relative") == "relative";
  double scale = 1;
  if (prior_relative && !relative) scale = std::abs(baseline);
  if (!prior_relative && relative) scale = 1 / std::abs(baseline);
  const double variance = number(prior, "variance") * scale * scale;
  require(variance > 0 && std::isfinite(variance), "a proper prior needs a variance above 0");
  return stats::NormalPrior{.mean = number(prior, "mean", 0) * scale, .variance = variance};
}

json gaussian_effect(const json& inputs) {
  const stats::DeltaQuestion question = delta_question(inputs);
  const auto arms = delta_arms(arm_input(inputs.at("control")), arm_input(inputs.at("treatment")));
  const stats::Estimate estimate = stats::delta_lift(arms.control, arms.treatment, question).estimate;
  if (!estimate.point || !estimate.standard_error)
    refuse(estimate.reason, "no standard error for these arms");
  const auto posterior =
      stats::effect_posterior({.estimate = *estimate.point, .standard_error = *estimate.standard_error},
                              prior_of(inputs, arms.control.baseline, question.relative), question.alpha);
  const bool inverse = flag(inputs, "inverse", false);
  const auto& [positive, negative] = posterior.loss;
  return {{"chance_to_win",
           inverse ? stats::normal_cdf(-posterior.mean / posterior.deviation) : posterior.chance_positive},
          {"expected", written(posterior.mean)},
          {"lower", written(*posterior.interval.lower)},
          {"upper", written(*posterior.interval.upper)},
          {"risk_control", written(inverse ? negative : positive)},
          {"risk_treatment", written(inverse ? positive : negative)},
          {"posterior_mean", written(posterior.mean)},
          {"posterior_sd", written(posterior.deviation)}};
}

constexpr std::array kMethods{
    CalcMethod{"bayes/beta_binomial", beta_binomial,
               "Two rates with beta priors: who is better, expected losses"},
    CalcMethod{"bayes/gaussian_effect", gaussian_effect,
               "Normal posterior of a lift, chance to win, expected losses"},
    CalcMethod{"bayes/risk_normal", risk_normal, "Expected losses of a normal effect"},
};

}  // namespace

std::span<const CalcMethod> bayes_methods() {
  return kMethods;
}

}  // namespace liftmark::cli
