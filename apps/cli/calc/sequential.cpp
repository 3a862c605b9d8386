// sequential/*: asymptotic confidence sequences in the reference's parametrisation.

#include <array>
#include <cmath>

#include "apps/cli/calc/inputs.hpp"
#include "apps/cli/calc/table.hpp"
#include "stats/confidence_sequence.hpp"

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

constexpr std::array kMethods{
    CalcMethod{"sequential/rho_tuning", rho_tuning, "Mixing parameter tuned for n units"},
    CalcMethod{"sequential/asymptotic_cs_halfwidth", half_width,
               "Half-width of a confidence sequence for a mean"},
};

}  // namespace

std::span<const CalcMethod> sequential_methods() {
  return kMethods;
}

}  // namespace liftmark::cli
