#include "stats/off_policy.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "stats/co_moments.hpp"
#include "stats/distributions.hpp"

namespace liftmark::stats {
namespace {

double used_weight(const LoggedRound& round, OffPolicyMethod method, const std::optional<double>& clip) {
  if (!clip) return round.weight;
  switch (method) {
    case OffPolicyMethod::switch_dr:
      return round.weight <= *clip ? round.weight : 0.0;
    case OffPolicyMethod::dr_shrunk:
      return *clip * round.weight / (round.weight * round.weight + *clip);
    default:
      return std::min(round.weight, *clip);
  }
}

Estimate with_interval(double point, double variance_of_mean, double alpha) {
  Estimate estimate;
  estimate.method = "off_policy";
  estimate.point = point;
  if (!(variance_of_mean > 0.0)) {
    estimate.reason = Reason::zero_variance;
    return estimate;
  }
  const double error = std::sqrt(variance_of_mean), z = normal_upper_quantile(alpha / 2.0);
  estimate.standard_error = error;
  estimate.interval = Interval{point - z * error, point + z * error, 1.0 - alpha, IntervalKind::confidence};
  return estimate;
}

}  // namespace

Estimate off_policy_value(std::span<const LoggedRound> rounds, OffPolicyMethod method,
                          std::optional<double> clip, double alpha) {
  if (rounds.empty()) return cannot_say(Reason::too_few_units, "off_policy");
  if (clip && !(*clip > 0.0)) return cannot_say(Reason::invalid_input, "off_policy");
  // Per round: [0] the base term (model's value), [1] the weighted term, [2] the weight.
  CoMoments moments(3);
  const bool model = method != OffPolicyMethod::ips && method != OffPolicyMethod::snips;
  for (const LoggedRound& round : rounds) {
    if (!(round.weight >= 0.0) || !std::isfinite(round.weight))
      return cannot_say(Reason::invalid_input, "off_policy");
    const double weight = used_weight(round, method, clip);
    const double residual = model ? round.reward - round.predicted_logged : round.reward;
    const double values[3] = {model ? round.predicted_policy : 0.0,
                              method == OffPolicyMethod::dm ? 0.0 : weight * residual, weight};
    moments.add(values);
  }
  const auto n = static_cast<double>(moments.n());
  if (method != OffPolicyMethod::snips && method != OffPolicyMethod::sndr) {
    const CoMoments total = moments.combine(std::array{1.0, 1.0, 0.0});
    return with_interval(total.mean(), total.variance() / n, alpha);
  }
  const double mean_weight = moments.mean(2);
  if (!(mean_weight > 0.0)) return cannot_say(Reason::zero_denominator, "off_policy");
  const double ratio = moments.mean(1) / mean_weight;
  const CoMoments linear = moments.combine(std::array{1.0, 1.0 / mean_weight, -ratio / mean_weight});
  return with_interval(moments.mean(0) + ratio, linear.variance() / n, alpha);
}

WeightDiagnostics diagnose_weights(std::span<const LoggedRound> rounds) {
  WeightDiagnostics result;
  for (const LoggedRound& round : rounds) {
    result.maximum = std::max(result.maximum, round.weight);
    result.zero += round.weight > 0.0 ? 0u : 1u;
  }
  if (!(result.maximum > 0.0)) return result;
  double sum = 0.0, squares = 0.0;  // relative to the largest, so that nothing overflows
  for (const LoggedRound& round : rounds) {
    const double relative = round.weight / result.maximum;
    sum += relative;
    squares += relative * relative;
  }
  result.effective_sample_size = sum * sum / squares;
  result.share_of_largest = 1.0 / sum;
  result.mean = result.maximum * sum / static_cast<double>(rounds.size());
  return result;
}

}  // namespace liftmark::stats
