#include "stats/group_sequential.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include <boost/math/tools/toms748_solve.hpp>

#include "stats/brownian_recursion.hpp"
#include "stats/distributions.hpp"

namespace liftmark::stats {
namespace {

/// Beyond it the normal tail underflows.
constexpr double kLargestZ = 38.5;
constexpr double kBelowEverything = -1e9;

void require(bool condition, const char* what) {
  if (!condition) throw std::domain_error(what);
}

double spend_obrien_fleming(double level, double t, double) {
  return t >= 1 ? level : 2 * normal_sf(normal_upper_quantile(0.5 * level) / std::sqrt(t));
}
double spend_pocock(double level, double t, double) {
  return level * std::log1p(std::expm1(1.0) * t);
}
double spend_power(double level, double t, double rho) {
  return level * std::pow(t, rho);
}
double spend_exponential(double level, double t, double gamma) {
  return std::abs(gamma) < 1e-12 ? level * t : level * (std::expm1(-gamma * t) / std::expm1(-gamma));
}

struct KindRow {
  BoundaryKind kind;
  std::string_view name;
  double (*spend)(double level, double t, double parameter);  ///< null: a fixed shape
};
constexpr std::array kKinds{
    KindRow{BoundaryKind::lan_demets_obrien_fleming, "lan_demets_obrien_fleming", spend_obrien_fleming},
    KindRow{BoundaryKind::lan_demets_pocock, "lan_demets_pocock", spend_pocock},
    KindRow{BoundaryKind::kim_demets, "kim_demets", spend_power},
    KindRow{BoundaryKind::hwang_shih_decani, "hwang_shih_decani", spend_exponential},
    KindRow{BoundaryKind::obrien_fleming, "obrien_fleming", nullptr},
    KindRow{BoundaryKind::pocock, "pocock", nullptr},
    KindRow{BoundaryKind::wang_tsiatis, "wang_tsiatis", nullptr},
    KindRow{BoundaryKind::haybittle_peto, "haybittle_peto", nullptr},
};

const KindRow& row_of(BoundaryKind kind) {
  return *std::find_if(kKinds.begin(), kKinds.end(), [kind](const KindRow& row) { return row.kind == kind; });
}

/// The exponent of t in a fixed shape z_k = C t^exponent.
double shape_exponent(const GroupSequentialRule& rule) {
  switch (rule.kind) {
    case BoundaryKind::obrien_fleming:
      return -0.5;
    case BoundaryKind::wang_tsiatis:
      return rule.parameter - 0.5;
    default:
      return 0;
  }
}

void check(const GroupSequentialRule& rule, const Looks& looks) {
  require(rule.alpha > 0 && rule.alpha < 1, "alpha must be between 0 and 1");
  require(rule.sides == 1 || rule.sides == 2, "sides must be 1 or 2");
  require(rule.kind != BoundaryKind::kim_demets || rule.parameter > 0, "Kim-DeMets rho must be above 0");
  require(std::isfinite(rule.parameter), "the boundary's parameter must be finite");
  require(!looks.information.empty(), "at least one look is needed");
  require(looks.spending_time.empty() || looks.spending_time.size() == looks.information.size(),
          "one spending time a look");
  double before = 0, spent = 0;
  for (std::size_t k = 0; k < looks.information.size(); ++k) {
    require(looks.information[k] > before && std::isfinite(looks.information[k]),
            "information must increase");
    before = looks.information[k];
    if (looks.spending_time.empty()) continue;
    require(looks.spending_time[k] >= spent && looks.spending_time[k] <= 1,
            "spending time must increase to at most 1");
    spent = looks.spending_time[k];
  }
}

std::vector<double> fractions_of(const Looks& looks) {
  std::vector<double> fraction(looks.information);
  for (double& t : fraction) t /= looks.information.back();
  return fraction;
}

double spending_time(const Looks& looks, const std::vector<double>& fraction, std::size_t k) {
  return looks.spending_time.empty() ? fraction[k] : looks.spending_time[k];
}

/// One recursion over the looks: knows the steps, so that callers speak in z.
class LookWalk {
 public:
  LookWalk(const std::vector<double>& fraction, double drift) : fraction_(fraction), drift_(drift) {}

  void arrive(std::size_t k) {
    const double before = k == 0 ? 0 : fraction_[k - 1];
    recursion_.step(fraction_[k] - before, drift_ * (fraction_[k] - before));
    scale_ = std::sqrt(fraction_[k]);
  }
  double above(double z) const { return recursion_.probability_above(z * scale_); }
  double below(double z) const { return recursion_.probability_below(z * scale_); }
  double z_with_above(double p) const {
    return p > 0 ? std::min(kLargestZ, recursion_.upper_quantile(p) / scale_) : kLargestZ;
  }
  double z_with_below(double p) const {
    return p > 0 ? std::max(-kLargestZ, recursion_.lower_quantile(p) / scale_) : -kLargestZ;
  }
  double within(double z) const { return std::max(0.0, below(z) - below(-z)); }
  /// The z in [0, most] with within(z) = p; `most` if even that has less.
  double z_with_within(double p, double most) const {
    if (!(p > 0)) return 0;
    if (within(most) <= p) return most;
    std::uintmax_t iterations = 100;
    const auto close = [](double a, double b) { return std::abs(a - b) <= 1e-11; };
    const auto [a, b] = boost::math::tools::toms748_solve([&](double z) { return within(z) - p; }, 0.0, most,
                                                          close, iterations);
    return 0.5 * (a + b);
  }
  void go_on_outside(std::size_t k, double inner, double outer) {
    if (k + 1 < fraction_.size())
      recursion_.continue_outside(inner * scale_, outer * scale_, fraction_[k + 1] - fraction_[k]);
  }
  /// Goes on between two z; nothing to do at the last look.
  void go_on(std::size_t k, double lower, double upper) {
    if (k + 1 < fraction_.size())
      recursion_.continue_between(lower * scale_, upper * scale_, fraction_[k + 1] - fraction_[k]);
  }

 private:
  const std::vector<double>& fraction_;
  double drift_;
  double scale_ = 1;
  BrownianRecursion recursion_;
};

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

/// A root of f, which increases, from `start` outwards; f(lowest) <= 0.
template <typename Function>
double increasing_root(Function f, double lowest, double start) {
  double high = start;
  for (int i = 0; i < 60 && f(high) < 0; ++i) high += 1 + 0.5 * std::abs(high);
  std::uintmax_t iterations = 100;
  const auto close = [](double a, double b) { return std::abs(a - b) <= 1e-10 * std::max(1.0, std::abs(b)); };
  const auto [a, b] = boost::math::tools::toms748_solve(f, lowest, high, close, iterations);
  return 0.5 * (a + b);
}

Boundaries with_lower(Boundaries boundaries, int sides) {
  if (sides != 2) return boundaries;
  boundaries.lower = boundaries.upper;
  for (double& z : boundaries.lower) z = -z;
  return boundaries;
}

Boundaries spending_boundaries(const GroupSequentialRule& rule, const Looks& looks) {
  Boundaries result{.fraction = fractions_of(looks), .upper = {}, .lower = {}, .error_spent = {}};
  LookWalk walk(result.fraction, 0);
  const double level = rule.alpha / rule.sides;
  double before = 0;
  for (std::size_t k = 0; k < result.fraction.size(); ++k) {
    const double spent =
        error_spent(rule.kind, rule.parameter, level, spending_time(looks, result.fraction, k));
    walk.arrive(k);
    const double z = walk.z_with_above(spent - before);
    result.upper.push_back(z);
    result.error_spent.push_back(rule.sides * spent);
    walk.go_on(k, rule.sides == 2 ? -z : kBelowEverything, z);
    before = spent;
  }
  return with_lower(std::move(result), rule.sides);
}

void fill_error_spent(Boundaries& boundaries, int sides) {
  const Crossing crossing = crossing_probabilities(with_lower(boundaries, sides), 0);
  double spent = 0;
  for (const double p : crossing.upper) boundaries.error_spent.push_back(spent += sides * p);
}

Boundaries shape_boundaries(const GroupSequentialRule& rule, const Looks& looks) {
  Boundaries result{.fraction = fractions_of(looks), .upper = {}, .lower = {}, .error_spent = {}};
  const double exponent = shape_exponent(rule);
  const auto shaped = [&](double c) {
    Boundaries candidate{.fraction = result.fraction, .upper = {}, .lower = {}, .error_spent = {}};
    for (const double t : result.fraction) candidate.upper.push_back(c * std::pow(t, exponent));
    return with_lower(std::move(candidate), rule.sides);
  };
  const double level = rule.alpha / rule.sides;
  const double fixed = normal_upper_quantile(level);
  const double c = increasing_root(
      [&](double candidate) {
        return std::log(level) - std::log(sum(crossing_probabilities(shaped(candidate), 0).upper));
      },
      rule.sides == 2 ? std::max(0.0, fixed - 1e-9) : fixed - 1e-9, fixed + 1);
  result.upper = shaped(c).upper;
  fill_error_spent(result, rule.sides);
  return with_lower(std::move(result), rule.sides);
}

Boundaries haybittle_peto_boundaries(const GroupSequentialRule& rule, const Looks& looks) {
  Boundaries result{.fraction = fractions_of(looks), .upper = {}, .lower = {}, .error_spent = {}};
  LookWalk walk(result.fraction, 0);
  double left = rule.alpha / rule.sides;
  for (std::size_t k = 0; k < result.fraction.size(); ++k) {
    walk.arrive(k);
    const bool last = k + 1 == result.fraction.size();
    require(!last || left > 0, "the Haybittle-Peto interim bound spends more than alpha");
    const double z = last ? walk.z_with_above(left) : rule.parameter;
    left -= walk.above(z);
    result.upper.push_back(z);
    result.error_spent.push_back(rule.alpha - rule.sides * std::max(0.0, left));
    walk.go_on(k, rule.sides == 2 ? -z : kBelowEverything, z);
  }
  return with_lower(std::move(result), rule.sides);
}

double expected_size(const Boundaries& boundaries, double drift) {
  const Crossing crossing = crossing_probabilities(boundaries, drift);
  double expected = 0, going = 1;
  for (std::size_t k = 0; k < boundaries.fraction.size(); ++k) {
    const double stops = k + 1 == boundaries.fraction.size()
                             ? going
                             : crossing.upper[k] + (crossing.lower.empty() ? 0.0 : crossing.lower[k]) +
                                   (crossing.inner.empty() ? 0.0 : crossing.inner[k]);
    expected += stops * boundaries.fraction[k];
    going -= stops;
  }
  return expected;
}

}  // namespace

std::string_view name(BoundaryKind kind) noexcept {
  return row_of(kind).name;
}

std::optional<BoundaryKind> boundary_kind_named(std::string_view text) noexcept {
  for (const KindRow& row : kKinds)
    if (row.name == text) return row.kind;
  return std::nullopt;
}

bool spends_by_time(BoundaryKind kind) noexcept {
  return row_of(kind).spend != nullptr;
}

double error_spent(BoundaryKind kind, double parameter, double level, double t) {
  const KindRow& row = row_of(kind);
  require(row.spend != nullptr, "this boundary does not spend by time");
  require(level > 0 && level < 1 && t >= 0 && t <= 1, "level must be between 0 and 1, time from 0 to 1");
  return t == 0 ? 0.0 : std::min(level, row.spend(level, t, parameter));
}

Looks looks_against_plan(std::span<const double> information, double planned_maximum, bool final_look) {
  require(planned_maximum > 0, "planned information must be above 0");
  Looks looks;
  for (const double i : information) {
    looks.information.push_back(i);
    looks.spending_time.push_back(std::min(1.0, i / planned_maximum));
  }
  if (final_look && !looks.spending_time.empty()) looks.spending_time.back() = 1;
  return looks;
}

Boundaries efficacy_boundaries(const GroupSequentialRule& rule, const Looks& looks) {
  check(rule, looks);
  if (spends_by_time(rule.kind)) return spending_boundaries(rule, looks);
  return rule.kind == BoundaryKind::haybittle_peto ? haybittle_peto_boundaries(rule, looks)
                                                   : shape_boundaries(rule, looks);
}

Crossing crossing_probabilities(const Boundaries& boundaries, double drift) {
  Crossing crossing;
  LookWalk walk(boundaries.fraction, drift);
  for (std::size_t k = 0; k < boundaries.fraction.size(); ++k) {
    walk.arrive(k);
    crossing.upper.push_back(walk.above(boundaries.upper[k]));
    if (!boundaries.lower.empty()) crossing.lower.push_back(walk.below(boundaries.lower[k]));
    if (!boundaries.inner.empty()) {
      crossing.inner.push_back(walk.within(boundaries.inner[k]));
      walk.go_on_outside(k, boundaries.inner[k], boundaries.upper[k]);
    } else {
      walk.go_on(k, boundaries.lower.empty() ? kBelowEverything : boundaries.lower[k], boundaries.upper[k]);
    }
  }
  return crossing;
}

namespace {

/// One look of a design with futility: what may be spent there.
struct Spending {
  double alpha, beta;
};

/// Bounds of one look, and on to the next. `null` decides the efficacy bound, `alternative` the futility
/// bound.
struct FutilityWalk {
  LookWalk null, alternative;
  bool binding;

  void one_sided(std::size_t k, const Spending& spends, Boundaries& result) {
    const double upper = null.z_with_above(spends.alpha);
    const double lower = std::min(upper, alternative.z_with_below(spends.beta));
    result.upper.push_back(upper);
    result.lower.push_back(lower);
    null.go_on(k, binding ? lower : kBelowEverything, upper);
    alternative.go_on(k, lower, upper);
  }
  void two_sided(std::size_t k, const Spending& spends, Boundaries& result) {
    const double upper = null.z_with_above(spends.alpha / 2);
    const bool last = k + 1 == result.fraction.size();
    const double inner = last ? upper : alternative.z_with_within(spends.beta, upper);
    result.upper.push_back(upper);
    result.lower.push_back(-upper);
    result.inner.push_back(inner);
    if (binding)
      null.go_on_outside(k, inner, upper);
    else
      null.go_on(k, -upper, upper);
    alternative.go_on_outside(k, inner, upper);
  }
};

}  // namespace

Boundaries boundaries_with_futility(const GroupSequentialRule& rule, const Looks& looks,
                                    const FutilityRule& futility, double drift) {
  check(rule, looks);
  require(spends_by_time(rule.kind) && spends_by_time(futility.kind),
          "futility bounds need spending functions");
  require(futility.beta > 0 && futility.beta < 1, "beta must be between 0 and 1");
  Boundaries result{.fraction = fractions_of(looks), .upper = {}, .lower = {}, .error_spent = {}};
  FutilityWalk walk{LookWalk(result.fraction, 0), LookWalk(result.fraction, drift), futility.binding};
  Spending before{0, 0};
  for (std::size_t k = 0; k < result.fraction.size(); ++k) {
    const double time = spending_time(looks, result.fraction, k);
    const Spending spent{rule.sides * error_spent(rule.kind, rule.parameter, rule.alpha / rule.sides, time),
                         error_spent(futility.kind, futility.parameter, futility.beta, time)};
    walk.null.arrive(k);
    walk.alternative.arrive(k);
    const Spending now{spent.alpha - before.alpha, spent.beta - before.beta};
    rule.sides == 1 ? walk.one_sided(k, now, result) : walk.two_sided(k, now, result);
    result.error_spent.push_back(spent.alpha);
    before = spent;
  }
  return result;
}

GroupSequentialDesign design_group_sequential(const GroupSequentialRule& rule, const Looks& looks,
                                              double power, const std::optional<FutilityRule>& futility) {
  check(rule, looks);
  require(power > rule.alpha && power < 1, "power must be above alpha and below 1");
  GroupSequentialDesign design;
  const double fixed_drift = normal_upper_quantile(rule.alpha / rule.sides) + normal_quantile(power);
  std::optional<Boundaries> efficacy;
  if (!futility) efficacy = efficacy_boundaries(rule, looks);
  const auto boundaries_at = [&](double drift) {
    return efficacy ? *efficacy : boundaries_with_futility(rule, looks, *futility, drift);
  };
  design.drift = increasing_root(
      [&](double drift) { return sum(crossing_probabilities(boundaries_at(drift), drift).upper) - power; },
      0.5 * fixed_drift, 1.1 * fixed_drift);
  design.boundaries = boundaries_at(design.drift);
  const double ratio = design.drift / fixed_drift;
  design.inflation = ratio * ratio;
  design.expected_size_null = design.inflation * expected_size(design.boundaries, 0);
  design.expected_size_half = design.inflation * expected_size(design.boundaries, 0.5 * design.drift);
  design.expected_size_alternative = design.inflation * expected_size(design.boundaries, design.drift);
  return design;
}

}  // namespace liftmark::stats
