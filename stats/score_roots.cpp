#include "stats/score_roots.hpp"

#include <algorithm>
#include <cmath>

#include <boost/math/tools/toms748_solve.hpp>

namespace liftmark::stats {
namespace {

/// The root between two points of opposite sign; an end if its value is already on the other side.
double between(const std::function<double(double)>& f, double low, double high) {
  const double at_low = f(low);
  const double at_high = f(high);
  if (at_low >= 0.0) return low;
  if (!(at_high > 0.0)) return high;
  // Infinite values are fine to bracket with but not to interpolate: halve until both ends are finite.
  double left = low;
  double right = high;
  double f_left = at_low;
  double f_right = at_high;
  for (int i = 0; i < 200 && !(std::isfinite(f_left) && std::isfinite(f_right)); ++i) {
    const double middle = 0.5 * (left + right);
    const double value = f(middle);
    if (value == 0.0 || middle == left || middle == right) return middle;
    (value > 0.0 ? right : left) = middle;
    (value > 0.0 ? f_right : f_left) = value;
  }
  std::uintmax_t iterations = 200;
  const auto root = boost::math::tools::toms748_solve(
      f, left, right, f_left, f_right, boost::math::tools::eps_tolerance<double>(51), iterations);
  return 0.5 * (root.first + root.second);
}

}  // namespace

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
  return between(f, low, high);
}

double root_of_increasing(const std::function<double(double)>& f, double guess, double step) {
  double low = guess;
  double high = guess;
  if (f(guess) > 0.0) {
    for (int i = 0; i < 60 && f(low) > 0.0; ++i, step *= 2.0) {
      high = low;
      low -= step;
    }
  } else {
    for (int i = 0; i < 60 && f(high) <= 0.0; ++i, step *= 2.0) {
      low = high;
      high += step;
    }
  }
  return between(f, low, high);
}

}  // namespace liftmark::stats
