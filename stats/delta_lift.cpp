#include "stats/delta_lift.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "stats/distributions.hpp"
#include "stats/means.hpp"

namespace liftmark::stats {
namespace {

double one_p_value(double statistic, double df, Side side) {
  if (side == Side::two) return std::min(1.0, 2.0 * student_t_sf(std::abs(statistic), df));
  return student_t_sf(side == Side::greater ? statistic : -statistic, df);
}

Interval around(double point, double half, double alpha, Side side) {
  Interval interval{point - half, point + half, 1.0 - alpha};
  if (side == Side::greater) interval.upper.reset();
  if (side == Side::less) interval.lower.reset();
  return interval;
}

double upper_tail(const LogDeltaQuestion& question, double statistic, double df) {
  return question.student ? student_t_sf(statistic, df) : normal_sf(statistic);
}

double critical(const LogDeltaQuestion& question, double df) {
  const double tail = question.side == Side::two ? question.alpha / 2.0 : question.alpha;
  return question.student ? student_t_upper_quantile(tail, df) : normal_upper_quantile(tail);
}

/// Standard error and degrees of freedom of a difference of two values.
TTest difference_test(const DeltaArm& control, const DeltaArm& treatment, double difference, double c,
                      double t, bool equal) {
  const SampleSummary from{control.n, 0.0, c};
  const SampleSummary to{treatment.n, difference, t};
  return t_test(from, to, equal ? VarianceRule::pooled : VarianceRule::welch);
}

std::vector<double> gradient(const CoMoments& moments, const RatioColumns& columns) {
  std::vector<double> weights(moments.dimension(), 0.0);
  const double denominator = moments.mean(columns.denominator);
  weights[columns.numerator] = 1.0 / denominator;
  weights[columns.denominator] -= ratio_value(moments, columns) / denominator;
  return weights;
}

}  // namespace

DeltaLift delta_interval(double effect, double standard_error, double df, const DeltaQuestion& question) {
  effect *= question.scale;
  standard_error *= question.scale;
  DeltaLift lift;
  lift.df = df;
  lift.estimate.method = "delta_t";
  if (!(standard_error > 0.0)) {
    lift.estimate.reason = Reason::zero_variance;
    return lift;
  }
  if (!(question.alpha > 0.0 && question.alpha < 1.0) || !(df > 0.0) || !std::isfinite(effect) ||
      !std::isfinite(standard_error)) {
    lift.estimate.reason = Reason::invalid_input;
    return lift;
  }
  const double tail = question.side == Side::two ? question.alpha / 2.0 : question.alpha;
  lift.estimate.point = effect;
  lift.estimate.standard_error = standard_error;
  lift.estimate.interval =
      around(effect, student_t_upper_quantile(tail, df) * standard_error, question.alpha, question.side);
  lift.estimate.p_value = one_p_value(effect / standard_error, df, question.side);
  return lift;
}

DeltaLift delta_lift(const DeltaArm& control, const DeltaArm& treatment, const DeltaQuestion& question) {
  DeltaLift refused;
  refused.estimate.method = "delta_t";
  if (control.n < 2 || treatment.n < 2)
    refused.estimate.reason = Reason::too_few_units;
  else if (!(control.variance > 0.0 && treatment.variance > 0.0))
    refused.estimate.reason = Reason::zero_variance;
  else if (control.baseline == 0.0)
    refused.estimate.reason = Reason::zero_baseline;
  if (refused.estimate.reason != Reason::none) return refused;
  const double difference = treatment.value - control.value;
  const TTest welch =
      difference_test(control, treatment, difference, control.variance, treatment.variance, false);
  const double df = question.df.value_or(welch.df);
  if (!question.relative) return delta_interval(difference, welch.standard_error, df, question);
  const double base = std::abs(control.baseline);
  const double variance = treatment.variance / static_cast<double>(treatment.n) +
                          control.relative_variance / static_cast<double>(control.n);
  return delta_interval(difference / base, std::sqrt(std::max(0.0, variance)) / base, df, question);
}

double ratio_value(const CoMoments& moments, const RatioColumns& columns) {
  return moments.mean(columns.numerator) / moments.mean(columns.denominator);
}

double ratio_covariance(const CoMoments& moments, const RatioColumns& a, const RatioColumns& b) {
  const std::vector<double> left = gradient(moments, a);
  const std::vector<double> right = gradient(moments, b);
  double sum = 0.0;
  for (std::size_t i = 0; i < left.size(); ++i)
    for (std::size_t j = 0; j < right.size(); ++j) sum += left[i] * right[j] * moments.covariance(i, j);
  return sum;
}

LogDeltaLift log_delta_lift(const DeltaArm& control, const DeltaArm& treatment,
                            const LogDeltaQuestion& question) {
  LogDeltaLift lift;
  lift.absolute.method = "difference";
  lift.relative.method = "log_delta";
  const double difference = treatment.value - control.value;
  const TTest absolute = difference_test(control, treatment, difference, control.variance, treatment.variance,
                                         question.equal_variances);
  lift.absolute.reason = lift.relative.reason = absolute.reason;
  if (absolute.reason != Reason::none) return lift;
  lift.statistic = absolute.t;
  lift.absolute.point = difference;
  lift.absolute.standard_error = absolute.standard_error;
  lift.absolute.interval = around(difference, critical(question, absolute.df) * absolute.standard_error,
                                  question.alpha, question.side);
  const double t = question.side == Side::less ? -absolute.t : absolute.t;
  lift.absolute.p_value = question.side == Side::two
                              ? std::min(1.0, 2.0 * upper_tail(question, std::abs(t), absolute.df))
                              : upper_tail(question, t, absolute.df);
  if (control.value == 0.0)
    lift.relative.reason = Reason::zero_baseline;
  else if (!(treatment.value / control.value > 0.0))
    lift.relative.reason = Reason::negative_baseline;
  if (control.value != 0.0) lift.relative.point = difference / control.value;
  if (lift.relative.reason != Reason::none) return lift;
  const double log_ratio = std::log(treatment.value / control.value);
  const TTest logs =
      difference_test(control, treatment, log_ratio, control.variance / (control.value * control.value),
                      treatment.variance / (treatment.value * treatment.value), question.equal_variances);
  lift.relative.standard_error = logs.standard_error;
  Interval interval =
      around(log_ratio, critical(question, logs.df) * logs.standard_error, question.alpha, question.side);
  if (interval.lower) interval.lower = std::expm1(*interval.lower);
  if (interval.upper) interval.upper = std::expm1(*interval.upper);
  if (interval.upper && !std::isfinite(*interval.upper)) interval.upper.reset();
  lift.relative.interval = interval;
  return lift;
}

}  // namespace liftmark::stats
