#include "stats/score_roots.hpp"

#include <algorithm>
#include <cmath>

#include <boost/math/tools/toms748_solve.hpp>

namespace liftmark::stats {

double root_above_zero(const std::function<double(double)>& f, double start, double limit) {
  double high = std::min(start, limit);
  double low = high;
  // Grow or shrink by factors of 4 until the root is between.
  if (f(high) > 0.0) {
    for (int i = 0; i < 600 && f(low) > 0.0; ++i) {
      high = low;
      low /= 4.0;
    }
  } else {
    for (int i = 0; i < 600 && f(high) <= 0.0; ++i) {
      if (high >= limit) return limit;
      low = high;
      high = std::min(4.0 * high, limit);
    }
  }
  const double at_low = f(low);
  const double at_high = f(high);
  if (at_low >= 0.0) return low;
  if (!(at_high > 0.0)) return high;
  std::uintmax_t iterations = 200;
  const auto root = boost::math::tools::toms748_solve(
      f, low, high, at_low, at_high, boost::math::tools::eps_tolerance<double>(50), iterations);
  return 0.5 * (root.first + root.second);
}

}  // namespace liftmark::stats
