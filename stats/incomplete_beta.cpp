#include "stats/incomplete_beta.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "stats/stirling.hpp"

namespace liftmark::stats {
namespace {

/// I_x(a, b) / front for x at most about the mean, by the continued fraction of DiDonato and Morris 1992 (ACM
/// TOMS 18(3), eq. 9). `above` = a - (a + b) x is given apart, and so is y = 1 - x: near 1 neither can be had
/// from x.
struct BetaPoint {
  double a, b, x, y, above;
};
double continued_fraction(const BetaPoint& at) {
  constexpr double kClose = 1e-16;
  // Terms are alpha_1 / (beta_1 + alpha_2 / (beta_2 + ..)); Lentz's method from beta_1 on.
  double beta = at.a * (at.above + 1) / (at.a + 1);
  double fraction = beta, c = beta, d = 0;
  for (double n = 1; n < 1e6; ++n) {
    const double ends = at.a + 2 * n - 1;
    const double alpha =
        (at.a + n - 1) * (at.a + at.b + n - 1) * n * (at.b - n) * at.x * at.x / (ends * ends);
    beta =
        n + n * (at.b - n) * at.x / ends + (at.a + n) * (at.above + 1 + n * (1 + at.y)) / (at.a + 2 * n + 1);
    d = 1 / (beta + alpha * d);
    c = beta + alpha / c;
    fraction *= c * d;
    if (std::abs(c * d - 1) < kClose) break;
  }
  return 1 / fraction;
}

}  // namespace

bool rare_beta(double a, double b) {
  constexpr double kLarge = 1e4;
  return std::max(a, b) >= kLarge && std::min(a, b) <= kLarge && std::isfinite(std::max(a, b));
}

double beta_front(double x, double a, double b) {
  const double sum = a + b;
  return std::exp(-deviance(a, sum * x) - deviance(b, sum * (1 - x)) + stirling_remainder(sum) -
                  stirling_remainder(a) - stirling_remainder(b)) *
         std::sqrt(a / sum * b / (2 * std::numbers::pi));
}

double rare_beta_cdf(double x, double a, double b, bool upper) {
  if (x <= 0 || x >= 1) return (x <= 0) == upper ? 1.0 : 0.0;
  const double front = beta_front(x, a, b);
  const double above = a - (a + b) * x;
  if (above > 0) {
    const double lower = front * continued_fraction({a, b, x, 1 - x, above});
    return upper ? 1 - lower : lower;
  }
  const double beyond = front * continued_fraction({b, a, 1 - x, x, -above});
  return upper ? beyond : 1 - beyond;
}

}  // namespace liftmark::stats
