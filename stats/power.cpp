#include "stats/power.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include <boost/math/tools/roots.hpp>

#include "stats/confidence_sequence.hpp"
#include "stats/distributions.hpp"
#include "stats/group_sequential.hpp"

namespace liftmark::stats {
namespace {

void check(const PlanQuestion& q) {
  const Baseline& b = q.baseline;
  if (q.scale == Scale::absolute) throw std::domain_error("plans are on the log or the fieller scale");
  if (!std::isfinite(b.mean) || (q.scale == Scale::log ? !(b.mean > 0.0) : b.mean == 0.0))
    throw std::domain_error(q.scale == Scale::log ? "the baseline must be positive"
                                                  : "the baseline must not be zero");
  if (b.proportion ? !(b.mean > 0.0 && b.mean < 1.0) : !(b.variance > 0.0 && std::isfinite(b.variance)))
    throw std::domain_error("the baseline has no variance");
  if (b.window > 0.0 && !(b.mean > 0.0 && b.mean < b.window))
    throw std::domain_error("a restricted mean lies inside its window");
  if (!(b.variance_kept > 0.0 && b.variance_kept <= 1.0))
    throw std::domain_error("the kept share of variance lies in (0, 1]");
  if (!(q.treatment_share > 0.0 && q.treatment_share < 1.0))
    throw std::domain_error("the treatment's share lies in (0, 1)");
  if (!(q.alpha > 0.0 && q.alpha < 1.0) || !(q.power > 0.0 && q.power < 1.0))
    throw std::domain_error("alpha and power lie in (0, 1)");
  if (q.margin && !(*q.margin > 0.0 && *q.margin < 1.0)) throw std::domain_error("a margin lies in (0, 1)");
  if (q.looks < 1 || q.looks > 1000) throw std::domain_error("looks lie between 1 and 1000");
}

/// Boundaries of the design on the z scale, whatever the effect.
Boundaries boundaries_of(const PlanQuestion& q) {
  const int looks = q.design == PlanDesign::fixed ? 1 : q.looks;
  Boundaries bounds;
  for (int k = 1; k <= looks; ++k) bounds.fraction.push_back(static_cast<double>(k) / looks);
  const int sides = q.margin ? 1 : 2;
  switch (q.design) {
    case PlanDesign::fixed:
      bounds.upper = {normal_upper_quantile(q.alpha / sides)};
      break;
    case PlanDesign::obrien_fleming:
      return efficacy_boundaries(
          {.kind = BoundaryKind::lan_demets_obrien_fleming, .parameter = 0, .alpha = q.alpha, .sides = sides},
          {.information = bounds.fraction, .spending_time = {}});
    case PlanDesign::always_valid: {
      const auto side = q.margin ? SequenceSide::lower : SequenceSide::two_sided;
      const double rho_squared = tuned_rho_squared(1.0, q.alpha, side);  // per planned size
      for (const double t : bounds.fraction)
        bounds.upper.push_back(sequence_critical_value(rho_squared * t, q.alpha, side));
      break;
    }
  }
  if (sides == 2)
    for (const double z : bounds.upper) bounds.lower.push_back(-z);
  return bounds;
}

/// Probability of crossing on the side of the effect.
double crossing(const Boundaries& bounds, double drift) {
  if (bounds.upper.size() == 1) return normal_sf(bounds.upper.front() - drift);
  const Crossing crossed = crossing_probabilities(bounds, drift);
  return std::accumulate(crossed.upper.begin(), crossed.upper.end(), 0.0);
}

template <typename Function>
double solve(Function f, double low, double high) {
  std::uintmax_t iterations = 200;
  const auto bracket = boost::math::tools::toms748_solve(
      f, low, high, boost::math::tools::eps_tolerance<double>(44), iterations);
  return 0.5 * (bracket.first + bracket.second);
}

/// The drift E[Z at the end] that gives the power.
double needed_drift(const PlanQuestion& q) {
  if (q.design == PlanDesign::fixed)
    return normal_upper_quantile(q.alpha / (q.margin ? 1 : 2)) + normal_quantile(q.power);
  const Boundaries bounds = boundaries_of(q);
  return solve([&](double drift) { return crossing(bounds, drift) - q.power; }, 0.0, 60.0);
}

/// Distance from the null on the plan's scale.
double distance_of(const PlanQuestion& q, double lift) {
  if (!std::isfinite(lift)) throw std::domain_error("a lift must be a number");
  if (q.scale == Scale::fieller) return q.margin ? lift + *q.margin : std::abs(lift);
  if (!(lift > -1.0)) throw std::domain_error("a lift lies above -100%");
  return q.margin ? std::log1p(lift) - std::log1p(-*q.margin) : std::abs(std::log1p(lift));
}

double tail_quantile(double alpha, int sides) {
  if (!(alpha > 0.0 && alpha < 1.0) || (sides != 1 && sides != 2))
    throw std::domain_error("alpha lies in (0, 1), sides are 1 or 2");
  return normal_upper_quantile(alpha / sides);
}

double squared(double x) {
  return x * x;
}

/// Smallest n1 (from 1 or 2 units on) with power(n1) at the target, by doubling and root finding.
template <typename Power>
double size_for(double target, double least, Power power) {
  if (!(target > 0.0 && target < 1.0)) throw std::domain_error("power lies in (0, 1)");
  if (power(least) >= target) return least;
  double high = least * 2.0;
  while (power(high) < target) {
    high *= 2.0;
    if (high > 1e18) throw std::domain_error("no sample size reaches this power");
  }
  return solve([&](double n) { return power(n) - target; }, high / 2.0, high);
}

void check_rates(double p1, double p2) {
  if (!(p1 > 0.0 && p1 < 1.0 && p2 > 0.0 && p2 < 1.0)) throw std::domain_error("rates lie in (0, 1)");
}

/// Both arms' rates at the maximum likelihood subject to p1 - p2 = margin, with shares r : 1 and expected
/// counts: the cubic of Farrington and Manning 1990, appendix, by trigonometric solution.
struct Restricted {
  double p1, p2;
};
Restricted restricted_difference(double p1, double p2, double margin, double allocation) {
  const double theta = 1.0 / allocation;
  const double a = 1.0 + theta;
  const double b = -(1.0 + theta + p1 + theta * p2 + margin * (theta + 2.0));
  const double c = margin * margin + margin * (2.0 * p1 + theta + 1.0) + p1 + theta * p2;
  const double d = -p1 * margin * (1.0 + margin);
  const double v = b * b * b / (27.0 * a * a * a) - b * c / (6.0 * a * a) + d / (2.0 * a);
  const double u = std::copysign(std::sqrt(std::max(0.0, b * b / (9.0 * a * a) - c / (3.0 * a))), v);
  const double cosine = u == 0.0 ? 1.0 : std::clamp(v / (u * u * u), -1.0, 1.0);
  const double w = (std::acos(-1.0) + std::acos(cosine)) / 3.0;
  const double first =
      std::clamp(2.0 * u * std::cos(w) - b / (3.0 * a), std::max(0.0, margin), std::min(1.0, 1.0 + margin));
  return {first, first - margin};
}

Restricted restricted_ratio(double p1, double p2, double ratio, double allocation) {
  const double theta = 1.0 / allocation;
  const double a = 1.0 + theta;
  const double b = -(ratio * (1.0 + theta * p2) + theta + p1);
  const double c = ratio * (p1 + theta * p2);
  const double first = (-b - std::sqrt(std::max(0.0, b * b - 4.0 * a * c))) / (2.0 * a);
  return {first, first / ratio};
}

}  // namespace

std::string_view name(PlanDesign design) noexcept {
  switch (design) {
    case PlanDesign::fixed:
      return "fixed";
    case PlanDesign::obrien_fleming:
      return "obrien_fleming";
    case PlanDesign::always_valid:
      return "always_valid";
  }
  return "fixed";
}

double lift_unit_variance(const PlanQuestion& question, double lift) {
  check(question);
  const bool multiplies = question.scale == Scale::log;
  if (multiplies && !(lift > -1.0)) throw std::domain_error("a lift lies above -100%");
  const Baseline& b = question.baseline;
  const double size = std::abs(b.mean);
  double control = b.proportion ? b.mean * (1.0 - b.mean) : b.variance;
  double treatment = treated_variance(b, lift * size, multiplies);
  if (multiplies)
    treatment /= squared(1.0 + lift);
  else if (question.margin)  // treatment - (1 -+ margin) control, the sign that of the baseline
    control *= squared(1.0 - std::copysign(*question.margin, b.mean));
  return b.variance_kept / squared(size) *
         (control / (1.0 - question.treatment_share) + treatment / question.treatment_share);
}

double lift_power(const PlanQuestion& question, double lift, double units) {
  if (!(units > 0.0)) throw std::domain_error("units must be positive");
  const double drift = distance_of(question, lift) / std::sqrt(lift_unit_variance(question, lift) / units);
  return crossing(boundaries_of(question), drift);
}

double lift_sample_size(const PlanQuestion& question, double lift) {
  const double distance = distance_of(question, lift);
  const double variance = lift_unit_variance(question, lift);
  if (!(distance > 0.0)) throw std::domain_error("there is no effect to find");
  return squared(needed_drift(question)) * variance / squared(distance);
}

std::optional<double> minimal_detectable_lift(const PlanQuestion& question, double units, Change change) {
  check(question);
  if (!(units > 0.0)) throw std::domain_error("units must be positive");
  const double drift = needed_drift(question), sign = change == Change::rise ? 1.0 : -1.0;
  const auto excess = [&](double size) {
    const double lift = sign * size;
    const double distance = question.scale == Scale::log ? std::abs(std::log1p(lift)) : size;
    return distance / std::sqrt(lift_unit_variance(question, lift) / units) - drift;
  };
  const Baseline& b = question.baseline;
  const double most = b.proportion ? 1.0 : b.window;  // what the metric cannot exceed; 0: nothing
  const bool ends = change == Change::rise ? most > 0.0 : question.scale == Scale::log || most > 0.0;
  const double end = change == Change::rise ? (1.0 - 1e-9) * most / b.mean - 1.0 : 1.0 - 1e-9;
  const double highest = ends ? std::min(100.0, end) : 100.0;
  if (!(highest > 0.0) || excess(highest) < 0.0) return std::nullopt;
  return sign * solve(excess, 0.0, highest);
}

double planned_drift(const PlanQuestion& question) {
  check(question);
  return needed_drift(question);
}

double plan_inflation(const PlanQuestion& question) {
  check(question);
  PlanQuestion fixed = question;
  fixed.design = PlanDesign::fixed;
  return squared(needed_drift(question) / needed_drift(fixed));
}

double pooled_proportions_power(double p1, double p2, double n_per_group, double alpha, int sides) {
  check_rates(p1, p2);
  if (!(n_per_group > 0.0)) throw std::domain_error("n must be positive");
  const double mean = 0.5 * (p1 + p2);
  const double null = std::sqrt(2.0 * mean * (1.0 - mean)),
               alternative = std::sqrt(p1 * (1.0 - p1) + p2 * (1.0 - p2));
  return normal_sf((tail_quantile(alpha, sides) * null - std::sqrt(n_per_group) * std::abs(p1 - p2)) /
                   alternative);
}

double pooled_proportions_size(double p1, double p2, double power, double alpha, int sides) {
  check_rates(p1, p2);
  if (p1 == p2 || !(power > 0.0 && power < 1.0))
    throw std::domain_error("needs different rates and a power in (0, 1)");
  const double mean = 0.5 * (p1 + p2);
  const double null = std::sqrt(2.0 * mean * (1.0 - mean)),
               alternative = std::sqrt(p1 * (1.0 - p1) + p2 * (1.0 - p2));
  return squared((tail_quantile(alpha, sides) * null + normal_quantile(power) * alternative) / (p1 - p2));
}

double arcsine_effect(double p1, double p2) {
  if (!(p1 >= 0.0 && p1 <= 1.0 && p2 >= 0.0 && p2 <= 1.0)) throw std::domain_error("rates lie in [0, 1]");
  return 2.0 * (std::asin(std::sqrt(p1)) - std::asin(std::sqrt(p2)));
}

double normal_power(double effect, double n1, double n2, double alpha, int sides) {
  if (!(n1 > 0.0 && n2 > 0.0)) throw std::domain_error("n must be positive");
  const double shift = effect / std::sqrt(1.0 / n1 + 1.0 / n2), critical = tail_quantile(alpha, sides);
  return normal_sf(critical - shift) + (sides == 2 ? normal_cdf(-critical - shift) : 0.0);
}

double normal_size(double effect, double power, double ratio, double alpha, int sides) {
  if (effect == 0.0 || !(ratio > 0.0)) throw std::domain_error("needs an effect and a positive ratio");
  return size_for(power, 1e-6,
                  [&](double n) { return normal_power(std::abs(effect), n, ratio * n, alpha, sides); });
}

WeightedProportions weighted_proportions(double p1, double p2, double ratio) {
  check_rates(p1, p2);
  if (!(ratio > 0.0)) throw std::domain_error("the ratio must be positive");
  const double pooled = (p1 + ratio * p2) / (1.0 + ratio);
  return {.pooled = pooled,
          .null_deviation = std::sqrt(pooled * (1.0 - pooled) * (1.0 + 1.0 / ratio)),
          .alternative_deviation = std::sqrt(p1 * (1.0 - p1) + p2 * (1.0 - p2) / ratio)};
}

double weighted_proportions_power(double p1, double p2, double n1, double ratio, double alpha) {
  const auto w = weighted_proportions(p1, p2, ratio);
  if (!(n1 > 0.0)) throw std::domain_error("n must be positive");
  const double critical = tail_quantile(alpha, 2) * w.null_deviation, shift = (p1 - p2) * std::sqrt(n1);
  return normal_sf((critical - shift) / w.alternative_deviation) +
         normal_cdf((-critical - shift) / w.alternative_deviation);
}

double weighted_proportions_size(double p1, double p2, double power, double ratio, double tail_alpha) {
  const auto w = weighted_proportions(p1, p2, ratio);
  if (p1 == p2 || !(power > 0.0 && power < 1.0))
    throw std::domain_error("needs different rates and a power in (0, 1)");
  return squared(
      (tail_quantile(tail_alpha, 1) * w.null_deviation + normal_quantile(power) * w.alternative_deviation) /
      (p1 - p2));
}

double student_power(double effect, double n1, double n2, double alpha, int sides, int tails) {
  const double df = n1 + n2 - 2.0;
  if (!(df > 0.0)) throw std::domain_error("at least three units are needed");
  if (!(alpha > 0.0 && alpha < 1.0) || (sides != 1 && sides != 2))
    throw std::domain_error("alpha lies in (0, 1), sides are 1 or 2");
  const double shift = effect / std::sqrt(1.0 / n1 + 1.0 / n2);
  const double critical = student_t_upper_quantile(alpha / sides, df);
  return noncentral_t_sf(critical, df, shift) + (tails == 2 ? noncentral_t_sf(critical, df, -shift) : 0.0);
}

double student_size(double effect, double power, double ratio, double alpha, int sides, int tails) {
  if (effect == 0.0 || !(ratio > 0.0)) throw std::domain_error("needs an effect and a positive ratio");
  const double least = 2.0;
  return size_for(power, least, [&](double n) {
    return student_power(std::abs(effect), n, ratio * n, alpha, sides, tails);
  });
}

double rate_difference_margin_size(double p1, double p2, double margin, double allocation, double alpha,
                                   double beta, int sides) {
  check_rates(p1, p2);
  if (!(allocation > 0.0) || p1 - p2 == margin || !(beta > 0.0 && beta < 1.0))
    throw std::domain_error("needs a distance from the margin");
  const auto null = restricted_difference(p1, p2, margin, allocation);
  const double null_deviation = std::sqrt(null.p1 * (1.0 - null.p1) + null.p2 * (1.0 - null.p2) * allocation);
  const double deviation = std::sqrt(p1 * (1.0 - p1) + p2 * (1.0 - p2) * allocation);
  const double n1 =
      squared((tail_quantile(alpha, sides) * null_deviation + normal_upper_quantile(beta) * deviation) /
              (p1 - p2 - margin));
  return n1 * (1.0 + 1.0 / allocation);
}

double rate_ratio_margin_size(double p1, double p2, double margin, double allocation, double alpha,
                              double beta, int sides) {
  check_rates(p1, p2);
  if (!(allocation > 0.0) || !(margin > 0.0) || p1 == margin * p2 || !(beta > 0.0 && beta < 1.0))
    throw std::domain_error("needs a distance from the margin");
  const auto null = restricted_ratio(p1, p2, margin, allocation);
  const double factor = allocation * margin * margin;
  const double null_deviation = std::sqrt(null.p1 * (1.0 - null.p1) + factor * null.p2 * (1.0 - null.p2));
  const double deviation = std::sqrt(p1 * (1.0 - p1) + factor * p2 * (1.0 - p2));
  const double n1 =
      squared((tail_quantile(alpha, sides) * null_deviation + normal_upper_quantile(beta) * deviation) /
              (p1 - margin * p2));
  return n1 * (1.0 + 1.0 / allocation);
}

double mean_difference_margin_size(double effect, double margin, double deviation, double allocation,
                                   double alpha, double beta, int sides) {
  if (!(deviation > 0.0) || !(allocation > 0.0) || effect == margin || !(beta > 0.0 && beta < 1.0))
    throw std::domain_error("needs a spread and a distance from the margin");
  const double z = tail_quantile(alpha, sides) + normal_upper_quantile(beta);
  const double n1 = squared(z * deviation / (effect - margin)) * (1.0 + allocation);
  return n1 * (1.0 + 1.0 / allocation);
}

double mean_ratio_margin_size(double ratio, double margin, double cv, double allocation, double alpha,
                              double beta, int sides) {
  if (!(cv > 0.0) || !(allocation > 0.0) || ratio == margin || !(beta > 0.0 && beta < 1.0))
    throw std::domain_error("needs a spread and a distance from the margin");
  const double z = tail_quantile(alpha, sides) + normal_upper_quantile(beta);
  const double n1 = squared(z * cv / (ratio - margin)) * (1.0 + allocation * margin * margin);
  return n1 * (1.0 + 1.0 / allocation);
}

}  // namespace liftmark::stats
