#include "stats/heterogeneity.hpp"

#include <algorithm>
#include <cmath>

#include "stats/distributions.hpp"

namespace liftmark::stats {
namespace {

constexpr std::string_view kCommon = "random_effects_mean";
constexpr std::string_view kShrunken = "empirical_bayes_segment";
constexpr double kLevel = 0.95;

bool usable(const SegmentEffect& segment) {
  return segment.standard_error > 0 && std::isfinite(segment.standard_error) &&
         std::isfinite(segment.estimate);
}

struct WeightedMean {
  double mean = 0, weights = 0;
  double spread = 0;  ///< sum of weights - sum of their squares / sum of weights, summed without cancellation
};

WeightedMean weighted_mean(std::span<const SegmentEffect> segments, double between) {
  WeightedMean result;
  for (const SegmentEffect& segment : segments) {
    if (!usable(segment)) continue;
    const double weight = 1 / (segment.standard_error * segment.standard_error + between);
    if (result.weights > 0)
      result.spread =
          (result.spread * result.weights + 2 * result.weights * weight) / (result.weights + weight);
    result.weights += weight;
    result.mean += weight / result.weights * (segment.estimate - result.mean);
  }
  return result;
}

Estimate normal_estimate(double point, double error, IntervalKind kind, std::string_view method) {
  const double half = error * normal_upper_quantile(0.5 * (1 - kLevel));
  Estimate estimate;
  estimate.point = point;
  estimate.standard_error = error;
  estimate.interval = Interval{.lower = point - half, .upper = point + half, .level = kLevel, .kind = kind};
  estimate.method = method;
  return estimate;
}

double always_valid_p(double q, int df, const SequentialScale& scale) {
  const double x = scale.n * scale.rho_squared;
  return std::exp(std::min(0.0, 0.5 * df * std::log1p(x) - 0.5 * q * x / (1 + x)));
}

}  // namespace

Heterogeneity heterogeneity(std::span<const SegmentEffect> segments,
                            const std::optional<SequentialScale>& sequential) {
  Heterogeneity result;
  const auto count = std::count_if(segments.begin(), segments.end(), usable);
  if (count < 2) {
    result.reason = Reason::too_few_units;
    return result;
  }
  const int df = static_cast<int>(count) - 1;
  const WeightedMean fixed = weighted_mean(segments, 0);
  double q = 0;
  for (const SegmentEffect& segment : segments)
    if (usable(segment)) q += std::pow((segment.estimate - fixed.mean) / segment.standard_error, 2);
  const double between = std::max(0.0, (q - df) / fixed.spread);
  const WeightedMean random = weighted_mean(segments, between);
  result.q = q;
  result.degrees_of_freedom = df;
  result.p_value = sequential ? always_valid_p(q, df, *sequential) : chi2_sf(q, df);
  result.i_squared = q > df ? (q - df) / q : 0.0;
  result.between_variance = between;
  result.common =
      normal_estimate(random.mean, 1 / std::sqrt(random.weights), IntervalKind::confidence, kCommon);
  for (const SegmentEffect& segment : segments) {
    if (!usable(segment)) {
      result.shrunken.push_back(cannot_say(Reason::zero_variance, kShrunken));
      continue;
    }
    const double variance = segment.standard_error * segment.standard_error;
    const double kept = between / (between + variance);
    const double error = std::sqrt(kept * variance + (1 - kept) * (1 - kept) / random.weights);
    result.shrunken.push_back(normal_estimate(random.mean + kept * (segment.estimate - random.mean), error,
                                              IntervalKind::credible, kShrunken));
  }
  return result;
}

}  // namespace liftmark::stats
