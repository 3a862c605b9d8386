#include "stats/brownian_recursion.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "stats/distributions.hpp"

namespace liftmark::stats {
namespace {

// Gauss-Legendre nodes and weights on [-1, 1], 8 points: Abramowitz and Stegun 1964, table 25.4.
constexpr std::array<double, 4> kNode{0.183434642495649805, 0.525532409916328986, 0.796666477413626740,
                                      0.960289856497536232};
constexpr std::array<double, 4> kWeight{0.362683783378361983, 0.313706645877887287, 0.222381034453374471,
                                        0.101228536290376259};
constexpr double kPanelWidth = 2;  // in standard deviations of a step
constexpr double kReach = 12;      // beyond it, a step's density (e^-72) adds nothing
constexpr double kSupport = 14;    // deviations of B from its mean that the grid covers
constexpr double kMaximalPanels = 20000;
constexpr double kTinyProbability = 1e-25;

}  // namespace

BrownianRecursion::BrownianRecursion() : node_{0.0}, probability_{1.0} {}

void BrownianRecursion::step(double variance, double mean) {
  if (!(variance > 0)) throw std::logic_error("BrownianRecursion: a step needs a positive variance");
  deviation_ = std::sqrt(variance);
  mean_ = mean;
  total_variance_ += variance;
  total_mean_ += mean;
}

double BrownianRecursion::tail(double b, double sign) const {
  double sum = 0;
  for (std::size_t i = 0; i < node_.size(); ++i)
    sum += probability_[i] * normal_sf(sign * (b - mean_ - node_[i]) / deviation_);
  return sum;
}

double BrownianRecursion::probability_above(double b) const {
  return tail(b, 1);
}
double BrownianRecursion::probability_below(double b) const {
  return tail(b, -1);
}

double BrownianRecursion::density(double b) const {
  const double from = b - mean_ - kReach * deviation_, to = b - mean_ + kReach * deviation_;
  const auto first = std::lower_bound(node_.begin(), node_.end(), from);
  double sum = 0;
  for (auto i = static_cast<std::size_t>(first - node_.begin()); i < node_.size() && node_[i] <= to; ++i) {
    const double z = (b - mean_ - node_[i]) / deviation_;
    sum += probability_[i] * std::exp(-0.5 * z * z);
  }
  return sum * 0.398942280401432678 / deviation_;
}

double BrownianRecursion::quantile(double p, double sign) const {
  const double spread = std::sqrt(total_variance_);
  // Without any stopping the tail would be heavier, so this end is on the far side of the answer.
  const double far = total_mean_ + sign * spread * normal_upper_quantile(std::min(p, 1 - 1e-16));
  if (p < kTinyProbability || node_.size() == 1) return far;
  double outer = far, inner = total_mean_ - sign * (kSupport * spread + kReach * deviation_);
  double b = far;
  for (int i = 0; i < 200; ++i) {
    const double reached = tail(b, sign);
    (reached < p ? outer : inner) = b;
    // Newton on the logarithm of the tail, which is close to concave.
    const double slope = density(b);
    double next =
        slope > 0 && reached > 0 ? b + sign * std::log(reached / p) * reached / slope : 0.5 * (outer + inner);
    if (!((next - inner) * (outer - next) > 0)) next = 0.5 * (outer + inner);
    const double moved = std::abs(next - b);
    b = next;
    if (moved <= 1e-13 * spread) break;
  }
  return b;
}

double BrownianRecursion::upper_quantile(double p) const {
  return quantile(p, 1);
}
double BrownianRecursion::lower_quantile(double p) const {
  return quantile(p, -1);
}

void BrownianRecursion::continue_between(double lower, double upper, double next_variance) {
  const std::array<Region, 1> regions{Region{lower, upper}};
  continue_in(regions, next_variance);
}

void BrownianRecursion::continue_outside(double inner, double outer, double next_variance) {
  const std::array<Region, 2> regions{Region{-outer, -inner}, Region{inner, outer}};
  continue_in(regions, next_variance);
}

void BrownianRecursion::continue_in(std::span<const Region> regions, double next_variance) {
  const double spread = std::sqrt(total_variance_);
  const double width = kPanelWidth * std::min(deviation_, std::sqrt(next_variance));
  std::vector<double> nodes, probabilities;
  for (const Region& region : regions) {
    const double from = std::max(region.lower, total_mean_ - kSupport * spread);
    const double to = std::min(region.upper, total_mean_ + kSupport * spread);
    if (!(from < to)) continue;
    const double panels = std::ceil(std::min(kMaximalPanels, (to - from) / width));
    const double half = 0.5 * (to - from) / panels;
    for (double panel = 0; panel < panels; ++panel) {
      const double centre = from + (2 * panel + 1) * half;
      for (int j = -4; j < 4; ++j) {  // in increasing order
        const std::size_t k = static_cast<std::size_t>(j < 0 ? -j - 1 : j);
        const double x = centre + (j < 0 ? -half : half) * kNode[k];
        nodes.push_back(x);
        probabilities.push_back(half * kWeight[k] * density(x));
      }
    }
  }
  node_ = std::move(nodes);
  probability_ = std::move(probabilities);
}

}  // namespace liftmark::stats
