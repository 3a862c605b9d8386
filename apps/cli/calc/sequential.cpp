// sequential/*: asymptotic confidence sequences in the reference's parametrisation. heterogeneity/*:
// segments.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "apps/cli/calc/arms.hpp"
#include "apps/cli/calc/inputs.hpp"
#include "apps/cli/calc/table.hpp"
#include "stats/confidence_sequence.hpp"
#include "stats/heterogeneity.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::json;
using stats::SequenceSide;

/// The reference's default number of units to tune for.
constexpr double kReferenceTuning = 5000;

void require_alpha(double alpha) {
  require(alpha > 0 && alpha < 0.5, "\"alpha\" must be between 0 and 0.5");
}

json rho_tuning(const json& inputs) {
  const double alpha = number(inputs, "alpha"), n = number(inputs, "n_tune", kReferenceTuning);
  require_alpha(alpha);
  require(n > 0 && std::isfinite(n), "\"n_tune\" must be above 0");
  return {{"rho_two_sided", stats::approximate_rho(n, alpha)},
          {"rho_one_sided", stats::approximate_rho(n, alpha, SequenceSide::lower)},
          {"exact_rho_two_sided", std::sqrt(stats::tuned_rho_squared(n, alpha))},
          {"exact_rho_one_sided", std::sqrt(stats::tuned_rho_squared(n, alpha, SequenceSide::lower))}};
}

json half_width(const json& inputs) {
  const double alpha = number(inputs, "alpha"), n = number(inputs, "n"),
               variance = number(inputs, "variance");
  const double n_tune = number(inputs, "n_tune", kReferenceTuning);
  require_alpha(alpha);
  require(n > 0 && std::isfinite(n) && n_tune > 0 && std::isfinite(n_tune),
          "\"n\" and \"n_tune\" must be above 0");
  require(variance >= 0 && std::isfinite(variance), "\"variance\" must be finite and at least 0");
  const auto width = [&](SequenceSide side) {
    const double rho = stats::approximate_rho(n_tune, alpha, side);
    return std::sqrt(variance / n) * stats::sequence_critical_value(n * rho * rho, alpha, side);
  };
  return {{"two_sided", width(SequenceSide::two_sided)}, {"one_sided", width(SequenceSide::lower)}};
}

/// The reference's one-sided p-value is searched for in this range.
constexpr double kSmallestOneSided = 1e-5, kLargestOneSided = 0.4999;

SequenceSide side_of(stats::Side side) {
  switch (side) {
    case stats::Side::greater:
      return SequenceSide::lower;
    case stats::Side::less:
      return SequenceSide::upper;
    case stats::Side::two:
      break;
  }
  return SequenceSide::two_sided;
}

json asymptotic_cs(const json& inputs) {
  const stats::DeltaQuestion question = delta_question(inputs);
  const auto arms = delta_arms(arm_input(inputs.at("control")), arm_input(inputs.at("treatment")));
  const stats::Estimate estimate = stats::delta_lift(arms.control, arms.treatment, question).estimate;
  if (!estimate.point || !estimate.standard_error)
    refuse(estimate.reason, "no standard error for these arms");
  require_alpha(question.alpha);
  const double n_tune = number(inputs, "sequential_tuning_parameter", kReferenceTuning);
  require(n_tune > 0 && std::isfinite(n_tune), "\"sequential_tuning_parameter\" must be above 0");
  const SequenceSide side = side_of(question.side);
  const double n = static_cast<double>(arms.control.n) + static_cast<double>(arms.treatment.n);
  const double rho = stats::approximate_rho(n_tune, question.alpha, side), x = n * rho * rho;
  const double half = *estimate.standard_error * stats::sequence_critical_value(x, question.alpha, side);
  double p = std::exp(stats::sequence_log_p(*estimate.point / *estimate.standard_error, x, side));
  if (side != SequenceSide::two_sided) p = std::clamp(p, kSmallestOneSided, kLargestOneSided);
  const double infinity = std::numeric_limits<double>::infinity();
  return {{"estimate", written(*estimate.point)},
          {"se", written(*estimate.standard_error)},
          {"lower", written(side == SequenceSide::upper ? -infinity : *estimate.point - half)},
          {"upper", written(side == SequenceSide::lower ? infinity : *estimate.point + half)},
          {"p", written(p)}};
}

/// Segments as estimates and standard errors; "n" and "rho_squared" (or "planned_n") make the p-value
/// always-valid.
json cochran_q(const json& inputs) {
  const auto estimates = numbers(inputs, "estimates"), errors = numbers(inputs, "standard_errors");
  require(estimates.size() == errors.size(), "one standard error an estimate");
  std::vector<stats::SegmentEffect> segments;
  for (std::size_t i = 0; i < estimates.size(); ++i)
    segments.push_back({.estimate = estimates[i], .standard_error = errors[i]});
  std::optional<stats::SequentialScale> scale;
  if (inputs.contains("n")) {
    const double alpha = number(inputs, "alpha", 0.05), n = number(inputs, "n");
    require_alpha(alpha);
    require(n > 0 && std::isfinite(n), "\"n\" must be above 0");
    const double planned = number(inputs, "planned_n", n);
    require(planned > 0 && std::isfinite(planned), "\"planned_n\" must be above 0");
    scale = {.n = n, .rho_squared = number(inputs, "rho_squared", stats::tuned_rho_squared(planned, alpha))};
    require(scale->rho_squared > 0, "\"rho_squared\" must be above 0");
  }
  const auto result = stats::heterogeneity(segments, scale);
  if (result.reason != stats::Reason::none)
    refuse(result.reason, "fewer than two segments with a standard error");
  std::vector<double> shrunken;
  for (const stats::Estimate& estimate : result.shrunken)
    shrunken.push_back(estimate.point.value_or(std::numeric_limits<double>::quiet_NaN()));
  return {{"q", written(*result.q)},
          {"df", result.degrees_of_freedom},
          {"p", written(*result.p_value)},
          {"i_squared", written(*result.i_squared)},
          {"tau_squared", written(*result.between_variance)},
          {"common", written(*result.common->point)},
          {"common_se", written(*result.common->standard_error)},
          {"shrunken", written(shrunken)}};
}

constexpr std::array kMethods{
    CalcMethod{"sequential/rho_tuning", rho_tuning, "Mixing parameter tuned for n units"},
    CalcMethod{"sequential/asymptotic_cs_halfwidth", half_width,
               "Half-width of a confidence sequence for a mean"},
    CalcMethod{"sequential/asymptotic_cs_t", asymptotic_cs,
               "Confidence sequence for a lift by the delta method"},
    CalcMethod{"sequential/asymptotic_cs_t_one_sided", asymptotic_cs, "The same, one-sided"},
    CalcMethod{"heterogeneity/cochran_q", cochran_q, "Do segments differ? Q, I^2, shrunken estimates"},
};

}  // namespace

std::span<const CalcMethod> sequential_methods() {
  return kMethods;
}

}  // namespace liftmark::cli
