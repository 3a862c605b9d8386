#include "stats/count_sequence.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <boost/math/tools/toms748_solve.hpp>

#include "stats/sample_ratio.hpp"

namespace liftmark::stats {
namespace {

constexpr double kFurthestLog = 700;

/// Chance that a converter is from the treatment, and that it is not, when the log ratio of rates is
/// `log_ratio`.
std::array<double, 2> label_shares(double treatment_share, double log_ratio) {
  const double odds = log_ratio + std::log(treatment_share) - std::log1p(-treatment_share);
  return {1 / (1 + std::exp(-odds)), 1 / (1 + std::exp(odds))};
}

double log_evidence(std::span<const ConverterCounts> epochs, double log_ratio, double concentration) {
  double sum = 0;
  for (const ConverterCounts& epoch : epochs) {
    if (epoch.control + epoch.treatment == 0) continue;
    const std::array counts{epoch.treatment, epoch.control};
    const auto shares = label_shares(epoch.treatment_share, log_ratio);
    sum += log_bayes_factor({.counts = counts, .shares = shares}, concentration);
  }
  return sum;
}

template <typename Function>
double root(Function f, double low, double high) {
  std::uintmax_t iterations = 200;
  const auto close = [](double a, double b) { return std::abs(a - b) <= 1e-12 * std::max(1.0, std::abs(b)); };
  const auto [a, b] = boost::math::tools::toms748_solve(f, low, high, close, iterations);
  return 0.5 * (a + b);
}

/// The log ratio at which treatment labels are as many as expected: the likelihood's maximum.
double most_likely(std::span<const ConverterCounts> epochs) {
  const auto surplus = [&](double log_ratio) {
    double sum = 0;
    for (const ConverterCounts& epoch : epochs)
      sum += epoch.treatment -
             (epoch.control + epoch.treatment) * label_shares(epoch.treatment_share, log_ratio)[0];
    return -sum;
  };
  return root(surplus, -kFurthestLog, kFurthestLog);
}

/// The end of {log ratio: evidence <= log 1/alpha} on one side of `inside`; empty if there is none.
std::optional<double> end_from(std::span<const ConverterCounts> epochs, double inside, double direction,
                               const std::array<double, 2>& alpha_and_concentration) {
  const auto [alpha, concentration] = alpha_and_concentration;
  const auto excess = [&, concentration = concentration, alpha = alpha](double log_ratio) {
    return log_evidence(epochs, log_ratio, concentration) + std::log(alpha);
  };
  double before = inside;
  for (double step = 0.01; std::abs(before) < kFurthestLog; step *= 2) {
    const double next = std::clamp(inside + direction * step, -kFurthestLog, kFurthestLog);
    if (excess(next) > 0) return root(excess, std::min(before, next), std::max(before, next));
    before = next;
  }
  return std::nullopt;
}

bool valid(std::span<const ConverterCounts> epochs, double alpha, double concentration) {
  return alpha > 0 && alpha < 1 && concentration > 0 && std::isfinite(concentration) &&
         std::all_of(epochs.begin(), epochs.end(), [](const ConverterCounts& epoch) {
           return epoch.control >= 0 && epoch.treatment >= 0 &&
                  std::isfinite(epoch.control + epoch.treatment) && epoch.treatment_share > 0 &&
                  epoch.treatment_share < 1;
         });
}

}  // namespace

Estimate count_ratio_sequence(std::span<const ConverterCounts> epochs, double alpha, double concentration) {
  constexpr std::string_view kMethod = "count_ratio_sequence";
  if (!valid(epochs, alpha, concentration)) return cannot_say(Reason::invalid_input, kMethod);
  double control = 0, treatment = 0;
  for (const ConverterCounts& epoch : epochs) {
    control += epoch.control;
    treatment += epoch.treatment;
  }
  if (control + treatment == 0) return cannot_say(Reason::too_few_units, kMethod);
  Estimate estimate;
  estimate.method = kMethod;
  // With an empty arm the likelihood has no maximum; its supremum is at one end of the scale.
  double inside = 0;
  if (control == 0)
    inside = kFurthestLog;
  else if (treatment == 0)
    inside = -kFurthestLog;
  else
    inside = most_likely(epochs);
  if (control > 0) estimate.point = treatment == 0 ? -1.0 : std::expm1(inside);
  Interval interval{
      .lower = -1.0, .upper = {}, .level = 1 - alpha, .kind = IntervalKind::confidence_sequence};
  const std::array settings{alpha, concentration};
  if (treatment > 0) {
    const auto end = end_from(epochs, control == 0 ? kFurthestLog : inside, -1, settings);
    if (end) interval.lower = std::expm1(*end);
  }
  if (control > 0) {
    const auto end = end_from(epochs, treatment == 0 ? -kFurthestLog : inside, 1, settings);
    if (end) interval.upper = std::expm1(*end);
  }
  estimate.interval = interval;
  estimate.p_value = std::exp(std::min(0.0, -log_evidence(epochs, 0, concentration)));
  return estimate;
}

}  // namespace liftmark::stats
