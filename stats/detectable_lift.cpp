#include "stats/detectable_lift.hpp"

#include <cmath>

#include "stats/distributions.hpp"

namespace liftmark::stats {

std::optional<double> detectable_log_lift(const Precision& precision, double power) {
  if (!(precision.standard_error > 0) || !std::isfinite(precision.standard_error)) return std::nullopt;
  if (!(power > 0) || !(power < 1)) return std::nullopt;
  return (precision.critical_value + normal_quantile(power)) * precision.standard_error;
}

std::optional<double> detectable_lift(const Precision& precision, double power) {
  const auto log_lift = detectable_log_lift(precision, power);
  if (!log_lift || *log_lift > 700) return std::nullopt;  // exp would overflow: nothing is detectable
  return std::expm1(*log_lift);
}

}  // namespace liftmark::stats
