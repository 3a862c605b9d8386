#include "stats/stirling.hpp"

#include <cmath>

#include <boost/math/special_functions/gamma.hpp>

namespace liftmark::stats {

double stirling_remainder(double x) {
  constexpr double kHalfLogTwoPi = 0.918938533204672741780329736406;
  if (x < 12) return boost::math::lgamma(x) - (x - 0.5) * std::log(x) + x - kHalfLogTwoPi;
  const double y = 1 / (x * x);
  return (1.0 / 12 -
          y * (1.0 / 360 - y * (1.0 / 1260 - y * (1.0 / 1680 - y * (1.0 / 1188 - y * 691.0 / 360360))))) /
         x;
}

double deviance(double x, double m) {
  if (std::abs(x - m) >= 0.1 * (x + m)) return x * std::log(x / m) + m - x;
  const double v = (x - m) / (x + m);
  double sum = (x - m) * v;
  double power = 2.0 * x * v;
  for (int j = 1; j < 1000; ++j) {
    power *= v * v;
    const double next = sum + power / (2.0 * j + 1.0);
    if (next == sum) break;
    sum = next;
  }
  return sum;
}

}  // namespace liftmark::stats
