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

}  // namespace liftmark::stats
