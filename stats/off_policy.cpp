#include "stats/off_policy.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "stats/co_moments.hpp"
#include "stats/distributions.hpp"

namespace liftmark::stats {
namespace {

/// Sums over one unit's rounds: the model's value, the weighted term, the weights, the rounds.
using UnitSums = std::array<double, 4>;
enum : std::size_t { kBase, kWeighted, kWeight, kRounds };

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
                          const OffPolicyOptions& options) {
  const auto& clip = options.clip;
  if (rounds.empty()) return cannot_say(Reason::too_few_units, "off_policy");
  if ((clip && !(*clip > 0.0)) || (!options.unit.empty() && options.unit.size() != rounds.size()))
    return cannot_say(Reason::invalid_input, "off_policy");
  const bool model = method != OffPolicyMethod::ips && method != OffPolicyMethod::snips;
  CoMoments moments(4);
  std::vector<UnitSums> units;
  for (std::size_t i = 0; i < rounds.size(); ++i) {
    const LoggedRound& round = rounds[i];
    if (!(round.weight >= 0.0) || !std::isfinite(round.weight))
      return cannot_say(Reason::invalid_input, "off_policy");
    const double weight = used_weight(round, method, clip);
    const double residual = model ? round.reward - round.predicted_logged : round.reward;
    const UnitSums sums{model ? round.predicted_policy : 0.0,
                        method == OffPolicyMethod::dm ? 0.0 : weight * residual, weight, 1.0};
    if (options.unit.empty()) {
      moments.add(sums);
      continue;
    }
    if (options.unit[i] >= units.size()) units.resize(options.unit[i] + std::size_t{1}, UnitSums{});
    for (std::size_t part = 0; part < sums.size(); ++part) units[options.unit[i]][part] += sums[part];
  }
  for (const UnitSums& sums : units)
    if (sums[kRounds] > 0.0) moments.add(sums);
  const auto n = static_cast<double>(moments.n());
  const double each = moments.mean(kRounds);  // rounds of a unit
  const double base = moments.mean(kBase) / each;
  if (method != OffPolicyMethod::snips && method != OffPolicyMethod::sndr) {
    const double value = base + moments.mean(kWeighted) / each;
    const CoMoments linear = moments.combine(std::array{1.0 / each, 1.0 / each, 0.0, -value / each});
    return with_interval(value, linear.variance() / n, options.alpha);
  }
  const double mean_weight = moments.mean(kWeight);
  if (!(mean_weight > 0.0)) return cannot_say(Reason::zero_denominator, "off_policy");
  const double ratio = moments.mean(kWeighted) / mean_weight;
  const CoMoments linear =
      moments.combine(std::array{1.0 / each, 1.0 / mean_weight, -ratio / mean_weight, -base / each});
  return with_interval(base + ratio, linear.variance() / n, options.alpha);
}

ClippingBias clipping_bias(std::span<const LoggedRound> rounds, double clip, double lowest, double highest) {
  ClippingBias result{.clip = clip};
  if (rounds.empty()) return result;
  const auto n = static_cast<double>(rounds.size());
  double kept = 0.0;
  for (const LoggedRound& round : rounds) {
    kept += std::min(round.weight, clip) / n;
    if (round.weight <= clip) continue;
    ++result.cut;
    result.removed += (round.weight - clip) * round.reward / n;
  }
  result.unseen = std::clamp(1.0 - kept, 0.0, 1.0);
  result.lowest_bias = result.unseen * lowest;
  result.highest_bias = result.unseen * highest;
  return result;
}

WeightDiagnostics diagnose_weights(std::span<const LoggedRound> rounds) {
  WeightDiagnostics result;
  for (std::size_t i = 0; i < rounds.size(); ++i) {
    if (rounds[i].weight > result.maximum) {
      result.maximum = rounds[i].weight;
      result.heaviest = i;
    }
    result.zero += rounds[i].weight > 0.0 ? 0u : 1u;
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
