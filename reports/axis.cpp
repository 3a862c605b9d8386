#include "reports/axis.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace liftmark::reports {
namespace {

constexpr std::array kEnds{1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0};

/// The smallest round number not below `value`.
double round_up(double value) {
  const double power = std::pow(10.0, std::floor(std::log10(value)));
  for (const double end : kEnds)
    if (end * power >= value * (1.0 - 1e-9)) return end * power;
  return 10.0 * power;
}

}  // namespace

double axis_for(std::vector<double> reaches) {
  if (reaches.empty()) return 0.1;
  std::sort(reaches.begin(), reaches.end());
  constexpr std::size_t kFew = 12;  // six intervals: there is room to show all
  const std::size_t index = reaches.size() <= kFew ? reaches.size() - 1 : (reaches.size() * 4 + 4) / 5 - 1;
  const double largest = reaches.back();
  // One odd row must not squeeze the others; but when it is near enough, show all.
  const double wanted = largest <= 2.0 * reaches[index] ? largest : reaches[index] * 1.15;
  return round_up(std::max(wanted, 0.01));
}

double grid_step(double end) {
  return end / 2.0;
}

}  // namespace liftmark::reports
