#include "stats/two_proportions.hpp"

#include <algorithm>
#include <cmath>

#include "stats/distributions.hpp"

namespace liftmark::stats {
namespace {

struct Rates {
  double x1, n1, x2, n2;
  double p1() const { return x1 / n1; }
  double p2() const { return x2 / n2; }
  double f1() const { return n1 - x1; }
  double f2() const { return n2 - x2; }
};

Rates rates_of(const Successes& first, const Successes& second, double add_successes, double add_failures) {
  const auto successes = [&](const Successes& x) { return static_cast<double>(x.successes) + add_successes; };
  const auto total = [&](const Successes& x) {
    return static_cast<double>(x.n) + add_successes + add_failures;
  };
  return {successes(first), total(first), successes(second), total(second)};
}

/// p1 - p2 as one fraction: subtracting the rates would lose digits when they are close.
double difference_of(const Rates& r) {
  return (r.x1 * r.f2() - r.x2 * r.f1()) / r.n1 / r.n2;
}

double wald_variance(const Rates& r) {
  return r.p1() * (r.f1() / r.n1) / r.n1 + r.p2() * (r.f2() / r.n2) / r.n2;
}

Reason problem_with(const Successes& first, const Successes& second) {
  const Reason reason = stats::problem_with(first);
  return reason != Reason::none ? reason : stats::problem_with(second);
}

Reason problem_with(const Successes& first, const Successes& second, double alpha) {
  const Reason reason = problem_with(first, second);
  if (reason != Reason::none) return reason;
  return alpha > 0.0 && alpha < 1.0 ? Reason::none : Reason::invalid_input;
}

/// d -+ z sqrt(Wald variance) for rates that may have been shrunken.
Estimate difference_interval(std::string_view method, const Rates& r, double alpha) {
  Estimate estimate;
  estimate.method = method;
  estimate.point = difference_of(r);
  estimate.standard_error = std::sqrt(wald_variance(r));
  const double half = normal_upper_quantile(alpha / 2.0) * *estimate.standard_error;
  estimate.interval = Interval{*estimate.point - half, *estimate.point + half, 1.0 - alpha};
  return estimate;
}

/// exp(log point -+ z se), with the standard error of the log.
Estimate log_interval(std::string_view method, double log_point, double variance, double alpha) {
  Estimate estimate;
  estimate.method = method;
  estimate.point = std::exp(log_point);
  estimate.standard_error = std::sqrt(std::max(0.0, variance));
  const double half = normal_upper_quantile(alpha / 2.0) * *estimate.standard_error;
  estimate.interval = Interval{std::exp(log_point - half), std::exp(log_point + half), 1.0 - alpha};
  return estimate;
}

double log_ratio_of(const Rates& r) {
  return std::log(r.p1()) - std::log(r.p2());
}
/// 1/x - 1/n, without the cancellation when x is nearly n.
double katz_variance(const Rates& r) {
  return r.f1() / (r.x1 * r.n1) + r.f2() / (r.x2 * r.n2);
}
double log_odds_of(const Rates& r) {
  return std::log(r.x1 / r.f1()) - std::log(r.x2 / r.f2());
}
double woolf_variance(const Rates& r) {
  return 1.0 / r.x1 + 1.0 / r.f1() + 1.0 / r.x2 + 1.0 / r.f2();
}

/// sum (|O - E| - correction)^2 / E over the 2x2 table; every |O - E| is the same.
Estimate chi2(std::string_view method, const Successes& first, const Successes& second,
              double most_correction) {
  const Reason reason = problem_with(first, second);
  Estimate estimate = cannot_say(reason, method);
  if (reason != Reason::none) return estimate;
  const Rates r = rates_of(first, second, 0.0, 0.0);
  const double x = r.x1 + r.x2;
  const double n = r.n1 + r.n2;
  if (x <= 0.0 || x >= n) {
    estimate.reason = Reason::zero_variance;
    return estimate;
  }
  // (O - E) = n1 n2 d / N in size.
  double gap = std::abs(difference_of(r)) * r.n1 * (r.n2 / n);
  gap -= std::min(most_correction, gap);
  const double share = x / n * ((n - x) / n);
  estimate.point = gap * gap * (1.0 / r.n1 + 1.0 / r.n2) / share;
  estimate.p_value = chi2_sf(*estimate.point, 1.0);
  return estimate;
}

Estimate z_test(std::string_view method, double difference, double variance) {
  Estimate estimate = cannot_say(variance > 0.0 ? Reason::none : Reason::zero_variance, method);
  estimate.point = difference;
  if (!(variance > 0.0)) return estimate;
  estimate.standard_error = std::sqrt(variance);
  estimate.p_value = 2.0 * normal_sf(std::abs(difference) / *estimate.standard_error);
  return estimate;
}

}  // namespace

Estimate wald_difference(const Successes& first, const Successes& second, double alpha) {
  const Reason reason = problem_with(first, second, alpha);
  if (reason != Reason::none) return cannot_say(reason, "wald");
  return difference_interval("wald", rates_of(first, second, 0.0, 0.0), alpha);
}

Estimate agresti_caffo_difference(const Successes& first, const Successes& second, double alpha) {
  const Reason reason = problem_with(first, second, alpha);
  if (reason != Reason::none) return cannot_say(reason, "agresti_caffo");
  return difference_interval("agresti_caffo", rates_of(first, second, 1.0, 1.0), alpha);
}

Estimate newcombe_difference(const Successes& first, const Successes& second, double alpha) {
  const Reason reason = problem_with(first, second, alpha);
  Estimate estimate = cannot_say(reason, "newcombe");
  if (reason != Reason::none) return estimate;
  const Estimate one = wilson(first, alpha);
  const Estimate two = wilson(second, alpha);
  const double d = difference_of(rates_of(first, second, 0.0, 0.0));
  estimate.point = d;
  estimate.interval = Interval{
      d - std::hypot(*one.point - *one.interval->lower, *two.interval->upper - *two.point),
      d + std::hypot(*one.interval->upper - *one.point, *two.point - *two.interval->lower), 1.0 - alpha};
  return estimate;
}

Estimate katz_ratio(const Successes& first, const Successes& second, double alpha) {
  Reason reason = problem_with(first, second, alpha);
  if (reason == Reason::none && (first.successes == 0 || second.successes == 0))
    reason = Reason::zero_baseline;
  if (reason != Reason::none) return cannot_say(reason, "log");
  const Rates r = rates_of(first, second, 0.0, 0.0);
  return log_interval("log", log_ratio_of(r), katz_variance(r), alpha);
}

Estimate walter_ratio(const Successes& first, const Successes& second, double alpha) {
  const Reason reason = problem_with(first, second, alpha);
  if (reason != Reason::none) return cannot_say(reason, "log_adjusted");
  const Rates r = rates_of(first, second, 0.5, 0.0);
  return log_interval("log_adjusted", log_ratio_of(r), katz_variance(r), alpha);
}

Estimate woolf_odds_ratio(const Successes& first, const Successes& second, double alpha) {
  Reason reason = problem_with(first, second, alpha);
  const Rates r = rates_of(first, second, 0.0, 0.0);
  if (reason == Reason::none && std::min({r.x1, r.f1(), r.x2, r.f2()}) <= 0.0) reason = Reason::zero_baseline;
  if (reason != Reason::none) return cannot_say(reason, "logit");
  return log_interval("logit", log_odds_of(r), woolf_variance(r), alpha);
}

Estimate gart_odds_ratio(const Successes& first, const Successes& second, double alpha) {
  const Reason reason = problem_with(first, second, alpha);
  if (reason != Reason::none) return cannot_say(reason, "logit_adjusted");
  const Rates r = rates_of(first, second, 0.5, 0.5);
  return log_interval("logit_adjusted", log_odds_of(r), woolf_variance(r), alpha);
}

Estimate pooled_z_test(const Successes& first, const Successes& second) {
  const Reason reason = problem_with(first, second);
  if (reason != Reason::none) return cannot_say(reason, "pooled_z");
  const Rates r = rates_of(first, second, 0.0, 0.0);
  const double n = r.n1 + r.n2;
  const double share = (r.x1 + r.x2) / n * ((r.f1() + r.f2()) / n);
  return z_test("pooled_z", difference_of(r), share * (1.0 / r.n1 + 1.0 / r.n2));
}

Estimate unpooled_z_test(const Successes& first, const Successes& second) {
  const Reason reason = problem_with(first, second);
  if (reason != Reason::none) return cannot_say(reason, "unpooled_z");
  const Rates r = rates_of(first, second, 0.0, 0.0);
  return z_test("unpooled_z", difference_of(r), wald_variance(r));
}

Estimate chi2_test(const Successes& first, const Successes& second) {
  return chi2("chi2", first, second, 0.0);
}
Estimate chi2_yates_test(const Successes& first, const Successes& second) {
  return chi2("chi2_yates", first, second, 0.5);
}

Estimate noninferiority_test(const Successes& first, const Successes& second, const MarginTest& test) {
  Reason reason = problem_with(first, second);
  if (reason == Reason::none && !(test.margin > -1.0 && test.margin < 1.0)) reason = Reason::invalid_input;
  Estimate estimate = cannot_say(reason, "noninferiority");
  if (reason != Reason::none) return estimate;
  const double added = test.error == MarginError::agresti_caffo ? 1.0 : 0.0;
  const Rates r = rates_of(first, second, added, added);
  estimate.point = difference_of(r);
  const double error = test.error == MarginError::miettinen_nurminen
                           ? miettinen_nurminen_standard_error(first, second, test.margin)
                           : std::sqrt(wald_variance(r));
  if (!(error > 0.0)) {
    estimate.reason = Reason::zero_variance;
    return estimate;
  }
  estimate.standard_error = error;
  const double z = (*estimate.point - test.margin) / error;
  estimate.p_value = normal_sf(test.larger ? z : -z);
  return estimate;
}

}  // namespace liftmark::stats
