#include "properties/error_rate_paths.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "stats/distributions.hpp"
#include "stats/stirling.hpp"

namespace liftmark::error_rates {
namespace {

constexpr std::size_t kQuantiles = 65536;
constexpr std::size_t kTail = kQuantiles - kQuantiles / 256;

/// exp(sigma z) at the mid-quantiles of z.
const std::vector<float>& lognormal_quantiles(double sigma) {
  const auto build = [](double s) {
    std::vector<float> values;
    for (std::size_t i = 0; i < kQuantiles; ++i)
      values.push_back(static_cast<float>(
          std::exp(s * stats::normal_quantile((static_cast<double>(i) + 0.5) / double(kQuantiles)))));
    return values;
  };
  static const std::vector<float> one = build(1), two = build(2);
  return sigma == 1 ? one : two;
}

double tail_spend(double sigma, Draws& draws) {
  return std::exp(sigma * stats::normal_upper_quantile(draws.uniform() / 256));
}

std::int64_t small_binomial(std::int64_t n, double p, Draws& draws) {
  const double odds = p / (1 - p);
  double u = draws.uniform(), probability = std::exp(static_cast<double>(n) * std::log1p(-p));
  std::int64_t k = 0;
  while (u > probability && k < n) {
    u -= probability;
    ++k;
    probability *= odds * static_cast<double>(n - k + 1) / static_cast<double>(k);
  }
  return k;
}

double log_factorial(double k) {
  const double x = k + 1;
  return (x - 0.5) * std::log(x) - x + 0.918938533204672742 + stats::stirling_remainder(x);
}

std::int64_t large_binomial(double n, double p, Draws& draws) {
  const double spread = std::sqrt(n * p * (1 - p)), b = 1.15 + 2.53 * spread,
               a = -0.0873 + 0.0248 * b + 0.01 * p;
  const double centre = n * p + 0.5, quick = 0.92 - 4.2 / b;
  for (;;) {
    const double u = draws.uniform() - 0.5, side = 0.5 - std::abs(u), v = draws.uniform();
    const double k = std::floor((2 * a / side + b) * u + centre);
    if (k < 0 || k > n) continue;
    if (side >= 0.07 && v <= quick) return static_cast<std::int64_t>(k);
    const double mode = std::floor((n + 1) * p);
    const double log_v = std::log(v * (2.83 + 5.1 / b) * spread / (a / (side * side) + b));
    if (log_v <= log_factorial(mode) + log_factorial(n - mode) - log_factorial(k) - log_factorial(n - k) +
                     (k - mode) * std::log(p / (1 - p)))
      return static_cast<std::int64_t>(k);
  }
}

struct Moments {
  double mean = 0, variance = 0;  // of the value, and per unit of the (linearised) value
};

Moments value_of(const Shop& shop, const ArmSums& arm) {
  const double mean = arm.y / arm.n;
  if (shop.binary()) return {mean, mean * (1 - mean)};
  if (!shop.ratio()) return {mean, (arm.yy - arm.y * mean) / (arm.n - 1)};
  const double ratio = arm.y / arm.d, per_unit = arm.d / arm.n;
  return {ratio,
          (arm.yy - 2 * ratio * arm.yd + ratio * ratio * arm.dd) / ((arm.n - 1) * per_unit * per_unit)};
}

double skewness(const ArmSums& all) {
  const double mean = all.y / all.n, second = all.yy / all.n - mean * mean;
  const double third = all.yyy / all.n - 3 * mean * all.yy / all.n + 2 * mean * mean * mean;
  return second > 0 ? third / std::pow(second, 1.5) : 0;
}

}  // namespace

double Draws::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  for (;;) {
    const double u = 2 * uniform() - 1, v = 2 * uniform() - 1, s = u * u + v * v;
    if (s >= 1 || s == 0) continue;
    const double scale = std::sqrt(-2 * std::log(s) / s);
    spare_ = v * scale;
    has_spare_ = true;
    return u * scale;
  }
}

std::int64_t Draws::binomial(std::int64_t n, double p) {
  if (n <= 0 || p <= 0) return 0;
  if (p >= 1) return n;
  if (p > 0.5) return n - binomial(n, 1 - p);
  return static_cast<double>(n) * p < 12 ? small_binomial(n, p, *this)
                                         : large_binomial(static_cast<double>(n), p, *this);
}

Shop conversion(double rate) {
  return {.name = "conversion", .types = {{1, 1, rate}, {0, 1, 1 - rate}}};
}

Shop clicks_per_session() {
  return {.name = "clicks per session",
          .types = {{0, 1, 0.60}, {0, 3, 0.15}, {1, 1, 0.08}, {1, 3, 0.09}, {3, 3, 0.08}}};
}

Shop spend(double buyers, double sigma) {
  return {.name = "spend", .types = {}, .buyers = buyers, .sigma = sigma};
}

void ArmSums::add(double count, double numerator, double denominator) {
  n += count;
  y += count * numerator;
  yy += count * numerator * numerator;
  yyy += count * numerator * numerator * numerator;
  d += count * denominator;
  dd += count * denominator * denominator;
  yd += count * numerator * denominator;
}

ArmSums ArmSums::plus(const ArmSums& o) const {
  return {n + o.n, y + o.y, yy + o.yy, yyy + o.yyy, d + o.d, dd + o.dd, yd + o.yd};
}

void add_units(const Shop& shop, std::int64_t units, Draws& draws, ArmSums& arm) {
  if (shop.buyers == 0) {
    std::int64_t left = units;
    double probability_left = 1;
    for (std::size_t i = 0; i + 1 < shop.types.size(); ++i) {
      const UnitType& type = shop.types[i];
      const std::int64_t count = draws.binomial(left, type.probability / probability_left);
      arm.add(static_cast<double>(count), type.numerator, type.denominator);
      left -= count;
      probability_left -= type.probability;
    }
    arm.add(static_cast<double>(left), shop.types.back().numerator, shop.types.back().denominator);
    return;
  }
  const auto& quantiles = lognormal_quantiles(shop.sigma);
  std::int64_t buyers = draws.binomial(units, shop.buyers);
  arm.n += static_cast<double>(units);
  while (buyers > 0) {
    std::uint64_t bits = draws.bits();
    for (int i = 0; i < 4 && buyers > 0; ++i, --buyers, bits >>= 16) {
      const std::size_t index = bits & 0xFFFF;
      const double x = index < kTail ? static_cast<double>(quantiles[index]) : tail_spend(shop.sigma, draws);
      arm.y += x;
      arm.yy += x * x;
      arm.yyy += x * x * x;
    }
  }
}

stats::Contrast contrast_of(const Shop& shop, const ArmSums& control, const ArmSums& treatment) {
  const ArmSums all = control.plus(treatment);
  const Moments together = value_of(shop, all);
  const auto fill = [&](const ArmSums& arm, stats::ArmEstimate& estimate) {
    const Moments own = value_of(shop, arm);
    estimate.n = static_cast<std::int64_t>(arm.n);
    estimate.value = own.mean;
    estimate.variance = own.variance / arm.n;
    estimate.pooled_variance = together.variance / arm.n;
  };
  stats::Contrast contrast;
  fill(control, contrast.control);
  fill(treatment, contrast.treatment);
  contrast.difference = contrast.treatment.value - contrast.control.value;
  contrast.pooled_value = together.mean;
  contrast.skewness = skewness(all);
  return contrast;
}

std::vector<std::int64_t> log_spaced_looks(int looks, std::int64_t first, std::int64_t last) {
  std::vector<std::int64_t> result;
  const double step = std::log(static_cast<double>(last) / static_cast<double>(first)) / (looks - 1);
  for (int k = 0; k < looks; ++k) {
    const auto n = static_cast<std::int64_t>(std::llround(static_cast<double>(first) * std::exp(step * k)));
    if (result.empty() || n > result.back()) result.push_back(n);
  }
  return result;
}

}  // namespace liftmark::error_rates
