#include "stats/means.hpp"

#include <algorithm>
#include <cmath>

#include "stats/distributions.hpp"

namespace liftmark::stats {
namespace {

Reason problem_with(const SampleSummary& control, const SampleSummary& treatment) {
  for (const SampleSummary& s : {control, treatment}) {
    if (s.n < 0 || !(s.variance >= 0.0) || !std::isfinite(s.mean) || !std::isfinite(s.variance))
      return Reason::invalid_input;
    if (s.n < 2) return Reason::too_few_units;
  }
  return Reason::none;
}

double size(const SampleSummary& s) {
  return static_cast<double>(s.n);
}

double pooled_variance(const SampleSummary& a, const SampleSummary& b) {
  return ((size(a) - 1.0) * a.variance + (size(b) - 1.0) * b.variance) / (size(a) + size(b) - 2.0);
}

/// (a + b)^2 / (a^2/(n1 - 1) + b^2/(n2 - 1)), with a common scale taken out so that tiny variances do not
/// underflow.
double satterthwaite(double a, double n1, double b, double n2) {
  const double scale = std::max(a, b);
  const double x = a / scale;
  const double y = b / scale;
  return (x + y) * (x + y) / (x * x / (n1 - 1.0) + y * y / (n2 - 1.0));
}

}  // namespace

TTest t_test(const SampleSummary& control, const SampleSummary& treatment, VarianceRule rule,
             double null_difference) {
  TTest test;
  test.difference = treatment.mean - control.mean;
  test.reason = problem_with(control, treatment);
  if (test.reason != Reason::none) return test;
  double a = control.variance / size(control);
  double b = treatment.variance / size(treatment);
  if (!(a + b > 0.0)) {
    test.reason = Reason::zero_variance;
    return test;
  }
  if (rule == VarianceRule::pooled) {
    const double variance = pooled_variance(control, treatment);
    a = variance / size(control);
    b = variance / size(treatment);
    test.df = size(control) + size(treatment) - 2.0;
  } else {
    test.df = satterthwaite(a, size(control), b, size(treatment));
  }
  test.standard_error = std::sqrt(a + b);
  test.t = (test.difference - null_difference) / test.standard_error;
  return test;
}

Estimate mean_difference(const SampleSummary& control, const SampleSummary& treatment, VarianceRule rule,
                         double alpha) {
  const TTest test = t_test(control, treatment, rule);
  Estimate estimate = cannot_say(test.reason, rule == VarianceRule::welch ? "welch" : "student");
  if (test.reason == Reason::none && !(alpha > 0.0 && alpha < 1.0)) estimate.reason = Reason::invalid_input;
  if (estimate.reason != Reason::none) return estimate;
  const double half = student_t_upper_quantile(alpha / 2.0, test.df) * test.standard_error;
  estimate.point = test.difference;
  estimate.standard_error = test.standard_error;
  estimate.interval = Interval{test.difference - half, test.difference + half, 1.0 - alpha};
  estimate.p_value = std::min(1.0, 2.0 * student_t_sf(std::abs(test.t), test.df));
  return estimate;
}

EquivalenceTest equivalence_test(const SampleSummary& control, const SampleSummary& treatment, double low,
                                 double high) {
  const TTest from_low = t_test(control, treatment, VarianceRule::welch, low);
  const TTest from_high = t_test(control, treatment, VarianceRule::welch, high);
  EquivalenceTest test;
  test.reason = from_low.reason;
  if (test.reason != Reason::none) return test;
  test.t_low = from_low.t;
  test.p_low = student_t_sf(from_low.t, from_low.df);
  test.t_high = from_high.t;
  test.p_high = student_t_cdf(from_high.t, from_high.df);
  test.p = std::max(test.p_low, test.p_high);
  return test;
}

RatioOfMeans ratio_of_means(const SampleSummary& numerator, const SampleSummary& denominator,
                            VarianceRule rule, double alpha) {
  RatioOfMeans result;
  const TTest at_one = t_test(denominator, numerator, rule);
  result.reason = at_one.reason;
  if (result.reason == Reason::none && !(alpha > 0.0 && alpha < 1.0)) result.reason = Reason::invalid_input;
  if (result.reason == Reason::none && denominator.mean == 0.0) result.reason = Reason::zero_baseline;
  if (result.reason != Reason::none) return result;
  result.ratio = numerator.mean / denominator.mean;
  result.df_at_one = at_one.df;
  result.t_at_one = std::abs(at_one.t);
  result.p_at_one = std::min(1.0, 2.0 * student_t_sf(result.t_at_one, at_one.df));
  double v_n = numerator.variance / size(numerator);
  double v_d = denominator.variance / size(denominator);
  double df = size(numerator) + size(denominator) - 2.0;
  if (rule == VarianceRule::pooled) {
    const double variance = pooled_variance(numerator, denominator);
    v_n = variance / size(numerator);
    v_d = variance / size(denominator);
  } else {
    df = satterthwaite(v_n, size(numerator), result.ratio * result.ratio * v_d, size(denominator));
  }
  if (!(df > 0.0)) {  // the numerator is exactly 0 without any variance
    result.reason = Reason::zero_variance;
    return result;
  }
  // (m_n - theta m_d)^2 <= t^2 (v_n + theta^2 v_d): A theta^2 - 2 B theta + C <= 0.
  const double t = student_t_upper_quantile(alpha / 2.0, df);
  const double a = denominator.mean * denominator.mean - t * t * v_d;
  const double b = numerator.mean * denominator.mean;
  const double c = numerator.mean * numerator.mean - t * t * v_n;
  result.bounded = a > 0.0;
  if (!result.bounded) return result;
  // B^2 - A C written as t^2 times a sum that does not cancel when the means are far larger than the errors.
  const double inside = t * t * (v_n * a + v_d * numerator.mean * numerator.mean);
  const double root = std::sqrt(std::max(0.0, inside));
  const double large = b >= 0.0 ? (b + root) / a : (b - root) / a;
  const double small = large == 0.0 ? 0.0 : c / (a * large);
  result.lower = std::min(large, small);
  result.upper = std::max(large, small);
  if (!std::isfinite(result.lower) || !std::isfinite(result.upper)) result.reason = Reason::invalid_input;
  return result;
}

}  // namespace liftmark::stats
