#include "stats/log_decomposition.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace liftmark::stats {
namespace {

void check(const MeanChain& chain, std::size_t length) {
  const bool square =
      chain.covariance.size() == length && std::all_of(chain.covariance.begin(), chain.covariance.end(),
                                                       [&](const auto& row) { return row.size() == length; });
  if (length == 0 || chain.means.size() != length || !square)
    throw std::invalid_argument("both chains need the same means and a square covariance");
}

/// Variance of log means[k] - log means[k - 1], or of log means[k] alone.
double log_variance(const MeanChain& chain, std::size_t k, bool alone) {
  const double above = 1 / chain.means[k];
  double variance = above * above * chain.covariance[k][k];
  if (alone) return variance;
  const double below = 1 / chain.means[k - 1];
  variance += below * below * chain.covariance[k - 1][k - 1] - 2 * above * below * chain.covariance[k - 1][k];
  return std::max(0.0, variance);
}

LogEffect effect(const MeanChain& control, const MeanChain& treatment, std::size_t k, bool alone) {
  LogEffect result{.value = std::log(treatment.means[k] / control.means[k])};
  if (!alone) result.value -= std::log(treatment.means[k - 1] / control.means[k - 1]);
  result.standard_error = std::sqrt(log_variance(control, k, alone) + log_variance(treatment, k, alone));
  return result;
}

}  // namespace

LogDecomposition log_decomposition(const MeanChain& control, const MeanChain& treatment) {
  const std::size_t length = control.means.size();
  check(control, length);
  check(treatment, length);
  LogDecomposition result;
  for (const auto* chain : {&control, &treatment})
    for (const double mean : chain->means)
      if (!(mean > 0)) {
        result.reason = Reason::negative_baseline;
        return result;
      }
  for (std::size_t k = 0; k < length; ++k) result.parts.push_back(effect(control, treatment, k, k == 0));
  result.total = effect(control, treatment, length - 1, true);
  return result;
}

}  // namespace liftmark::stats
