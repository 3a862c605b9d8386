// gs_*/*: group-sequential boundaries and designs.

#include "stats/group_sequential.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include <boost/math/tools/toms748_solve.hpp>

#include "apps/cli/calc/group_sequential_inputs.hpp"
#include "stats/distributions.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::json;
using stats::BoundaryKind;
using stats::GroupSequentialRule;

template <BoundaryKind Kind>
json boundary(const json& inputs) {
  const GroupSequentialRule rule = rule_of(inputs, Kind);
  const stats::Boundaries boundaries = stats::efficacy_boundaries(rule, looks_of(inputs));
  std::vector<double> nominal;
  for (const double z : boundaries.upper) nominal.push_back(stats::normal_sf(z));
  return {{"z", written(boundaries.upper)},
          {"cumulative_alpha_spent", written(boundaries.error_spent)},
          {"cumulative_alpha_spent_total", written(boundaries.error_spent)},
          {"nominal_one_sided_level", written(nominal)}};
}

/// The constant of a fixed shape over K equal looks: z_k = C sqrt(K / k)^(1 - 2 Delta).
template <BoundaryKind Kind>
json constant(const json& inputs) {
  const double looks = number(inputs, "K");
  require(looks >= 1 && looks <= 1000 && looks == std::floor(looks),
          "\"K\" must be a whole number from 1 to 1000");
  stats::Looks equal;
  for (double k = 1; k <= looks; ++k) equal.information.push_back(k / looks);
  return {{"C", written(stats::efficacy_boundaries(rule_of(inputs, Kind, 2), equal).upper.back())}};
}

std::vector<double> cumulative(std::vector<double> values) {
  double sum = 0;
  for (double& value : values) value = std::min(1.0, sum += value);
  return values;
}

stats::Boundaries crossed_boundaries(const json& inputs) {
  stats::Boundaries boundaries{.fraction = numbers(inputs, "information_rates"),
                               .upper = bounds(inputs, "z_upper"),
                               .lower = {},
                               .error_spent = {}};
  require(!boundaries.fraction.empty() && boundaries.upper.size() == boundaries.fraction.size(),
          "\"z_upper\" must have one value a look");
  double before = 0;
  for (const double t : boundaries.fraction) {
    require(t > before && std::isfinite(t), "\"information_rates\" must increase");
    before = t;
  }
  for (double& z : boundaries.upper) z = std::clamp(z, -1e6, 1e6);
  return boundaries;
}

json crossing_one_sided(const json& inputs) {
  stats::Boundaries boundaries = crossed_boundaries(inputs);
  if (inputs.contains("z_lower")) {
    boundaries.lower = bounds(inputs, "z_lower");
    require(boundaries.lower.size() == boundaries.fraction.size(), "\"z_lower\" must have one value a look");
    for (double& z : boundaries.lower) z = std::clamp(z, -1e6, 1e6);
  }
  const auto crossing = stats::crossing_probabilities(boundaries, number(inputs, "drift", 0));
  json result{{"cumulative_crossing", written(cumulative(crossing.upper))}};
  if (!crossing.lower.empty()) result["cumulative_crossing_lower"] = written(cumulative(crossing.lower));
  return result;
}

json crossing_two_sided(const json& inputs) {
  stats::Boundaries boundaries = crossed_boundaries(inputs);
  for (const double z : boundaries.upper) boundaries.lower.push_back(-z);
  auto crossing = stats::crossing_probabilities(boundaries, number(inputs, "drift", 0));
  for (std::size_t k = 0; k < crossing.upper.size(); ++k) crossing.upper[k] += crossing.lower[k];
  return {{"cumulative_crossing", written(cumulative(crossing.upper))}};
}

stats::GroupSequentialDesign design_of(const json& inputs, BoundaryKind kind) {
  const double beta = number(inputs, "beta");
  require(beta > 0 && beta < 1, "\"beta\" must be between 0 and 1");
  std::optional<stats::FutilityRule> futility;
  if (const std::string name = text(inputs, "beta_spending", text(inputs, "futility", "")); !name.empty()) {
    const BoundaryKind futility_kind = kind_named(name);
    futility = stats::FutilityRule{
        .kind = futility_kind,
        .parameter = number(inputs, "beta_parameter", parameter_of(inputs, futility_kind)),
        .beta = beta,
        .binding = flag(inputs, "binding", false)};
  }
  return stats::design_group_sequential(rule_of(inputs, kind), looks_of(inputs), 1 - beta, futility);
}

json characteristics(const json& inputs) {
  const auto design = design_of(inputs, kind_named(text(inputs, "type", text(inputs, "spending", "asOF"))));
  json result{{"inflation_factor", written(design.inflation)},
              {"shift", written(design.drift * design.drift)},
              {"average_sample_number_H1", written(design.expected_size_alternative)},
              {"average_sample_number_H01", written(design.expected_size_half)},
              {"average_sample_number_H0", written(design.expected_size_null)},
              {"z", written(design.boundaries.upper)}};
  if (!design.boundaries.lower.empty()) result["z_lower"] = written(design.boundaries.lower);
  if (!design.boundaries.inner.empty()) result["z_inner"] = written(design.boundaries.inner);
  return result;
}

/// Efficacy and futility bounds, for a drift or for the power 1 - beta.
json with_futility(const json& inputs) {
  json asked = inputs;
  if (!asked.contains("beta_spending")) asked["beta_spending"] = text(inputs, "type", "asOF");
  if (!inputs.contains("drift")) return characteristics(asked);
  const BoundaryKind kind = kind_named(text(inputs, "type", "asOF"));
  const BoundaryKind futility = kind_named(text(asked, "beta_spending", "asOF"));
  const auto bounds = stats::boundaries_with_futility(
      rule_of(inputs, kind), looks_of(inputs),
      {.kind = futility,
       .parameter = number(inputs, "beta_parameter", parameter_of(inputs, futility)),
       .beta = number(inputs, "beta"),
       .binding = flag(inputs, "binding", false)},
      number(inputs, "drift"));
  json result{{"z", written(bounds.upper)}, {"z_lower", written(bounds.lower)}};
  if (!bounds.inner.empty()) result["z_inner"] = written(bounds.inner);
  return result;
}

/// Total size of a fixed two-sample t test: n with P(T > t_{1-alpha} | n - 2, delta / sd sqrt(n r / (1 +
/// r)^2)) = power.
double fixed_total_size(const json& inputs, double alpha, double beta) {
  const double effect = std::abs(number(inputs, "delta")) / number(inputs, "sd", 1);
  const double allocation = number(inputs, "allocation", 1);
  require(effect > 0 && std::isfinite(effect) && allocation > 0,
          "\"delta\", \"sd\" and \"allocation\" must be above 0");
  const double share = allocation / ((1 + allocation) * (1 + allocation));
  const double z = stats::normal_upper_quantile(alpha) + stats::normal_upper_quantile(beta);
  if (flag(inputs, "normal_approximation", false)) return z * z / (effect * effect * share);
  const auto excess = [&](double n) {
    const double quantile = stats::student_t_upper_quantile(alpha, n - 2);
    return stats::noncentral_t_sf(quantile, n - 2, effect * std::sqrt(n * share)) - 1 + beta;
  };
  const double normal = z * z / (effect * effect * share);
  double high = normal + 4;
  while (excess(high) < 0) high *= 2;
  std::uintmax_t iterations = 100;
  const auto close = [](double a, double b) { return std::abs(a - b) <= 1e-10 * b; };
  const auto [a, b] =
      boost::math::tools::toms748_solve(excess, std::max(2.0001, 0.5 * normal), high, close, iterations);
  return 0.5 * (a + b);
}

json sample_size_means(const json& inputs) {
  const BoundaryKind kind = kind_named(text(inputs, "type", text(inputs, "spending", "asOF")));
  const auto design = design_of(inputs, kind);
  const GroupSequentialRule rule = rule_of(inputs, kind);
  const double fixed = fixed_total_size(inputs, rule.alpha / rule.sides, number(inputs, "beta"));
  return {{"n_fixed", written(fixed)},
          {"max_n", written(fixed * design.inflation)},
          {"expected_n_H1", written(fixed * design.expected_size_alternative)},
          {"expected_n_H01", written(fixed * design.expected_size_half)},
          {"expected_n_H0", written(fixed * design.expected_size_null)},
          {"inflation_factor", written(design.inflation)}};
}

constexpr std::array kMethods{
    CalcMethod{"gs_boundary/lan_demets_of", boundary<BoundaryKind::lan_demets_obrien_fleming>,
               "Boundaries, O'Brien-Fleming-type spending"},
    CalcMethod{"gs_boundary/lan_demets_pocock", boundary<BoundaryKind::lan_demets_pocock>,
               "Boundaries, Pocock-type spending"},
    CalcMethod{"gs_boundary/kim_demets", boundary<BoundaryKind::kim_demets>,
               "Boundaries, power-family spending alpha t^rho"},
    CalcMethod{"gs_boundary/hwang_shih_decani", boundary<BoundaryKind::hwang_shih_decani>,
               "Boundaries, exponential spending with gamma"},
    CalcMethod{"gs_boundary/obrien_fleming", boundary<BoundaryKind::obrien_fleming>, "Boundaries C / sqrt t"},
    CalcMethod{"gs_boundary/pocock", boundary<BoundaryKind::pocock>, "Constant boundaries"},
    CalcMethod{"gs_boundary/wang_tsiatis", boundary<BoundaryKind::wang_tsiatis>,
               "Boundaries C t^(delta - 1/2)"},
    CalcMethod{"gs_boundary/haybittle_peto", boundary<BoundaryKind::haybittle_peto>,
               "Constant interim boundaries, the last look solves the level"},
    CalcMethod{"gs_boundary/obf_constant", constant<BoundaryKind::obrien_fleming>,
               "O'Brien-Fleming's constant for K equal looks"},
    CalcMethod{"gs_boundary/pocock_constant", constant<BoundaryKind::pocock>,
               "Pocock's constant for K equal looks"},
    CalcMethod{"gs_crossing/one_sided", crossing_one_sided, "Crossing probabilities of given boundaries"},
    CalcMethod{"gs_crossing/two_sided", crossing_two_sided, "The same, symmetric"},
    CalcMethod{"gs_design/characteristics", characteristics, "Inflation and expected sizes of a design"},
    CalcMethod{"gs_design/inflation", characteristics, "Inflation of the maximal size"},
    CalcMethod{"gs_design/with_futility", with_futility,
               "Efficacy and futility bounds, binding or not, one- and two-sided"},
    CalcMethod{"gs_design/sample_size_means", sample_size_means, "Sample size for two means"},
};

}  // namespace

std::span<const CalcMethod> group_sequential_methods() {
  return kMethods;
}

}  // namespace liftmark::cli
