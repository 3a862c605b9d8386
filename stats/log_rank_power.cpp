#include "stats/log_rank_power.hpp"

#include <cmath>
#include <stdexcept>

namespace liftmark::stats {
namespace {

void check(const HazardQuestion& q) {
  if (!(q.hazard_ratio > 0.0) || !std::isfinite(q.hazard_ratio) || !(q.null_ratio > 0.0) ||
      !std::isfinite(q.null_ratio))
    throw std::domain_error("a hazard ratio must be positive");
  if (q.design.margin) throw std::domain_error("a hazard ratio's margin is its null ratio");
}

/// The same question about a mean with a coefficient of variation of 1. A margin above 1 (more events are
/// harm) is turned upside down: the arms change places, and with them their shares.
struct AsMean {
  PlanQuestion question;
  double lift = 0;
};

AsMean as_mean(const HazardQuestion& q) {
  check(q);
  AsMean mean{.question = q.design, .lift = 0};
  mean.question.baseline = {.mean = 1, .variance = 1};
  mean.question.scale = Scale::log;
  double ratio = q.hazard_ratio, null = q.null_ratio;
  if (null > 1.0) {
    ratio = 1.0 / ratio;
    null = 1.0 / null;
    mean.question.treatment_share = 1.0 - mean.question.treatment_share;
  }
  if (null != 1.0) mean.question.margin = 1.0 - null;
  mean.lift = ratio - 1.0;
  return mean;
}

}  // namespace

double schoenfeld_events(const HazardQuestion& question) {
  const AsMean mean = as_mean(question);
  return lift_sample_size(mean.question, mean.lift);
}

double schoenfeld_power(const HazardQuestion& question, double events) {
  const AsMean mean = as_mean(question);
  return lift_power(mean.question, mean.lift, events);
}

double freedman_events(const HazardQuestion& question) {
  const AsMean mean = as_mean(question);
  if (mean.question.margin) throw std::domain_error("Freedman's formula has no margin");
  if (mean.lift == 0.0) throw std::domain_error("there is no effect to find");
  const double share = question.design.treatment_share, f = share / (1.0 - share);
  const double z = planned_drift(mean.question), hr = question.hazard_ratio;
  const double root = (1.0 + f * hr) / (1.0 - hr);
  return z * z * root * root / f;
}

double event_probability(const HazardQuestion& question, double control_share) {
  check(question);
  if (!(control_share > 0.0 && control_share < 1.0))
    throw std::domain_error("the share of units with the event lies in (0, 1)");
  const double treated = -std::expm1(question.hazard_ratio * std::log1p(-control_share));
  const double share = question.design.treatment_share;
  return (1.0 - share) * control_share + share * treated;
}

}  // namespace liftmark::stats
