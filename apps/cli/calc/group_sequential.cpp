// gs_*/*: group-sequential boundaries, designs and analyses.

#include "stats/group_sequential.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/tools/toms748_solve.hpp>

#include "apps/cli/calc/inputs.hpp"
#include "apps/cli/calc/table.hpp"
#include "stats/co_moments.hpp"
#include "stats/distributions.hpp"
#include "stats/group_sequential_analysis.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::json;
using stats::BoundaryKind;
using stats::GroupSequentialRule;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Names by which packages call the same boundary (rpact, gsDesign, this program).
struct BoundaryName {
  std::string_view name;
  BoundaryKind kind;
};
constexpr std::array kBoundaryNames{
    BoundaryName{"asOF", BoundaryKind::lan_demets_obrien_fleming},
    BoundaryName{"sfLDOF", BoundaryKind::lan_demets_obrien_fleming},
    BoundaryName{"asP", BoundaryKind::lan_demets_pocock},
    BoundaryName{"sfLDPocock", BoundaryKind::lan_demets_pocock},
    BoundaryName{"asKD", BoundaryKind::kim_demets},
    BoundaryName{"sfPower", BoundaryKind::kim_demets},
    BoundaryName{"asHSD", BoundaryKind::hwang_shih_decani},
    BoundaryName{"sfHSD", BoundaryKind::hwang_shih_decani},
    BoundaryName{"OF", BoundaryKind::obrien_fleming},
    BoundaryName{"P", BoundaryKind::pocock},
    BoundaryName{"WT", BoundaryKind::wang_tsiatis},
    BoundaryName{"HP", BoundaryKind::haybittle_peto},
};

BoundaryKind kind_named(const std::string& name) {
  if (const auto kind = stats::boundary_kind_named(name)) return *kind;
  for (const BoundaryName& row : kBoundaryNames)
    if (row.name == name) return row.kind;
  throw CalcError("invalid_input", "unknown boundary \"" + name + "\"");
}

/// The first of `keys` that is there.
std::optional<double> first_of(const json& inputs, std::initializer_list<const char*> keys) {
  for (const char* key : keys)
    if (inputs.contains(key) && !inputs[key].is_null()) return number(inputs, key);
  return std::nullopt;
}

double parameter_of(const json& inputs, BoundaryKind kind) {
  switch (kind) {
    case BoundaryKind::kim_demets:
      return first_of(inputs, {"rho", "gammaA", "gamma", "parameter"}).value_or(1);
    case BoundaryKind::hwang_shih_decani:
      return first_of(inputs, {"gamma", "gammaA", "parameter"}).value_or(-4);
    case BoundaryKind::wang_tsiatis:
      return first_of(inputs, {"delta_wt", "deltaWT", "Delta", "delta"}).value_or(0);
    case BoundaryKind::haybittle_peto:
      return first_of(inputs, {"interim", "const_bound_hp"}).value_or(3);
    default:
      return 0;
  }
}

int sides_of(const json& inputs, int missing) {
  const double sides = number(inputs, "sides", missing);
  require(sides == 1 || sides == 2, "\"sides\" must be 1 or 2");
  return static_cast<int>(sides);
}

GroupSequentialRule rule_of(const json& inputs, BoundaryKind kind, int sides = 1) {
  return {.kind = kind,
          .parameter = parameter_of(inputs, kind),
          .alpha = number(inputs, "alpha", 0.025),
          .sides = sides_of(inputs, sides)};
}

stats::Looks looks_of(const json& inputs) {
  return {.information = numbers(inputs, "information_rates"), .spending_time = {}};
}

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
                               .upper = numbers(inputs, "z_upper"),
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
    boundaries.lower = numbers(inputs, "z_lower");
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
  using NonCentral = boost::math::non_central_t;
  const auto excess = [&](double n) {
    const double quantile = stats::student_t_upper_quantile(alpha, n - 2);
    return boost::math::cdf(
               boost::math::complement(NonCentral(n - 2, effect * std::sqrt(n * share)), quantile)) -
           1 + beta;
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

json conditional_power(const json& inputs) {
  const stats::InterimState state{.fraction = number(inputs, "information_fraction"),
                                  .z = number(inputs, "z"),
                                  .final_critical_z = number(inputs, "final_critical_z")};
  json result{
      {"cp_current_trend", written(stats::conditional_power(state, state.z / std::sqrt(state.fraction)))},
      {"cp_null", written(stats::conditional_power(state, 0))}};
  if (const auto drift = first_of(inputs, {"drift_H1", "drift"}))
    result["cp_design"] = written(stats::conditional_power(state, *drift));
  return result;
}

json predictive_power(const json& inputs) {
  return {{"predictive_power",
           written(stats::predictive_power({.fraction = number(inputs, "information_fraction"),
                                            .z = number(inputs, "z"),
                                            .final_critical_z = number(inputs, "final_critical_z")}))}};
}

/// One arm's stages as they came, merged to what is known by each stage.
struct StagedArm {
  std::vector<double> n, mean, deviation;

  /// Mean, and the sum of squares around it, of stages 0..k.
  stats::CoMoments until(std::size_t k) const {
    stats::CoMoments all;
    for (std::size_t j = 0; j <= k; ++j)
      all.merge(stats::CoMoments::from_mean_variance(static_cast<std::int64_t>(std::llround(n[j])), mean[j],
                                                     deviation[j] * deviation[j]));
    return all;
  }
};

StagedArm staged_arm(const json& inputs, const std::string& arm) {
  StagedArm staged{numbers(inputs, "n" + arm), numbers(inputs, "m" + arm), numbers(inputs, "s" + arm)};
  require(!staged.n.empty() && staged.mean.size() == staged.n.size() &&
              staged.deviation.size() == staged.n.size(),
          "every stage needs n, mean and standard deviation");
  for (std::size_t k = 0; k < staged.n.size(); ++k)
    require(
        staged.n[k] >= 2 && staged.n[k] < 1e15 && std::isfinite(staged.mean[k]) && staged.deviation[k] >= 0,
        "every stage needs at least 2 units and a standard deviation of at least 0");
  return staged;
}

/// Difference of two means with pooled variance, all stages up to k.
stats::LookResult staged_difference(const StagedArm& first, const StagedArm& second, std::size_t k) {
  const auto a = first.until(k), b = second.until(k);
  const double na = static_cast<double>(a.n()), nb = static_cast<double>(b.n());
  const double variance = (a.comoment(0, 0) + b.comoment(0, 0)) / (na + nb - 2);
  return {.estimate = a.mean() - b.mean(), .standard_error = std::sqrt(variance * (1 / na + 1 / nb))};
}

/// Expected increments of B after stage k from the planned stage sizes, an effect and a standard deviation.
std::vector<double> planned_increments(const json& inputs, const std::vector<double>& fraction,
                                       std::size_t k) {
  const double allocation = number(inputs, "allocation", 1);
  const double per_stage = number(inputs, "n_planned_per_remaining_stage");
  const double drift = number(inputs, "theta_H1") / number(inputs, "assumed_sd") *
                       std::sqrt(per_stage * allocation) / (1 + allocation);
  std::vector<double> increments;
  for (std::size_t j = k + 1; j < fraction.size(); ++j)
    increments.push_back(drift * std::sqrt(fraction[j] - fraction[j - 1]));
  return increments;
}

/// Cumulative probability of rejecting at each look after k; two-sided designs reject on both sides.
std::vector<double> remaining_rejection(const stats::Boundaries& boundaries, std::size_t k, double z,
                                        std::vector<double> increments) {
  auto rejection = stats::remaining_crossing(boundaries, k, z, increments);
  if (boundaries.lower.empty()) return rejection;
  for (double& increment : increments) increment = -increment;  // the mirror image of a symmetric design
  const auto below = stats::remaining_crossing(boundaries, k, -z, increments);
  for (std::size_t j = 0; j < rejection.size(); ++j) rejection[j] += below[j];
  return rejection;
}

struct StagewiseColumns {
  std::vector<double> lower, upper, repeated_p, rejection, power, final_p, final_lower, final_upper, median;
};

void add_stage(StagewiseColumns& columns, const stats::GroupSequentialReading& reading, bool ends) {
  columns.lower.push_back(*reading.repeated.interval->lower);
  columns.upper.push_back(*reading.repeated.interval->upper);
  columns.repeated_p.push_back(*reading.repeated.p_value);
  columns.final_p.push_back(ends ? *reading.stage_wise.p_value : kNaN);
  columns.final_lower.push_back(ends ? *reading.stage_wise.interval->lower : kNaN);
  columns.final_upper.push_back(ends ? *reading.stage_wise.interval->upper : kNaN);
  columns.median.push_back(ends ? *reading.stage_wise.point : kNaN);
}

json repeated_intervals(const json& inputs) {
  const GroupSequentialRule rule = rule_of(inputs, kind_named(text(inputs, "design", "asOF")));
  const stats::Looks planned = looks_of(inputs);
  const stats::Boundaries boundaries = stats::efficacy_boundaries(rule, planned);
  const StagedArm first = staged_arm(inputs, "1"), second = staged_arm(inputs, "2");
  const std::size_t stages = first.n.size(), looks = boundaries.fraction.size();
  require(second.n.size() == stages && stages <= looks,
          "stages must be those of both arms, at most the planned looks");
  StagewiseColumns columns;
  columns.power.assign(looks, kNaN);
  std::string actions;
  bool stopped = false;
  for (std::size_t k = 0; k < looks; ++k) {
    if (k > 0) actions += ",";
    if (k >= stages) {
      actions += "NA";
      continue;
    }
    stats::LookResult look = staged_difference(first, second, k);
    look.level = 1 - (rule.sides == 1 ? 2 : 1) * rule.alpha;
    const auto until = [k](std::vector<double> values) {
      if (values.size() > k) values.resize(k + 1);
      return values;
    };
    stats::Boundaries so_far{.fraction = until(boundaries.fraction),
                             .upper = until(boundaries.upper),
                             .lower = until(boundaries.lower),
                             .error_spent = {}};
    for (double& t : so_far.fraction) t /= boundaries.fraction[k];
    const stats::Looks looks_so_far{.information = until(planned.information),
                                    .spending_time = until(boundaries.fraction)};
    const auto reading = stats::read_look(rule, looks_so_far, so_far, look);
    if (reading.repeated.reason != stats::Reason::none)
      refuse(reading.repeated.reason, "no variance at a stage");
    const bool crossed = reading.stops_above || reading.stops_below, last = k + 1 == looks;
    add_stage(columns, reading, !stopped && (crossed || last));
    actions += last ? (crossed ? "reject" : "accept") : (crossed ? "reject and stop" : "continue");
    stopped |= crossed;
    if (last) continue;
    columns.rejection.push_back(
        remaining_rejection(boundaries, k, reading.z, std::vector<double>(looks - k - 1, 0.0)).back());
    if (k + 1 == stages && inputs.contains("theta_H1")) {
      const auto power =
          remaining_rejection(boundaries, k, reading.z, planned_increments(inputs, boundaries.fraction, k));
      std::copy(power.begin(), power.end(), columns.power.begin() + static_cast<std::ptrdiff_t>(k) + 1);
    }
  }
  return {{"rci_lower", written(columns.lower)},
          {"rci_upper", written(columns.upper)},
          {"repeated_p", written(columns.repeated_p)},
          {"conditional_power_stage_k_plus", written(columns.power)},
          {"conditional_rejection_probability", written(columns.rejection)},
          {"test_actions", actions},
          {"final_p", written(columns.final_p)},
          {"final_ci_lower", written(columns.final_lower)},
          {"final_ci_upper", written(columns.final_upper)},
          {"median_unbiased", written(columns.median)}};
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
    CalcMethod{"gs_design/sample_size_means", sample_size_means, "Sample size for two means"},
    CalcMethod{"gs_analysis/conditional_power", conditional_power, "Conditional power at an interim look"},
    CalcMethod{"gs_analysis/predictive_power_flat_prior", predictive_power, "Predictive power, flat prior"},
    CalcMethod{"gs_analysis/rci", repeated_intervals,
               "Repeated intervals and stage-wise inference for two means"},
};

}  // namespace

std::span<const CalcMethod> group_sequential_methods() {
  return kMethods;
}

}  // namespace liftmark::cli
