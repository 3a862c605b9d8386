#pragma once
// A Brownian motion watched at some times and stopped outside an interval: the recursion behind every
// group-sequential probability.

#include <span>
#include <vector>

namespace liftmark::stats {

/// The law of B at successive times, on the event that it stayed within every interval so far.
///
/// B starts at 0; over a step of `variance` it gains a normal increment. After `step`, the tails can be
/// asked for; then `continue_between` says what counts as not stopped, and the next `step` may follow.
/// The density is held at Gauss-Legendre nodes on panels no wider than twice the smaller of the two
/// neighbouring steps' standard deviations, which keeps probabilities to about 1e-9. Source: Armitage,
/// McPherson and Rowe 1969, J. R. Statist. Soc. A 132, 235-244.
class BrownianRecursion {
 public:
  BrownianRecursion();

  /// Moves on: the increment has this `variance` (> 0) and this `mean`.
  void step(double variance, double mean);
  /// P(not stopped before, B >= b) and P(not stopped before, B <= b) at the current time.
  double probability_above(double b) const;
  double probability_below(double b) const;
  /// b with probability_above(b) = p, for 0 < p < the probability of having come so far.
  double upper_quantile(double p) const;
  /// b with probability_below(b) = p.
  double lower_quantile(double p) const;
  /// Keeps the paths with lower < B < upper. `next_variance` is that of the step to come, which sets the
  /// grid.
  void continue_between(double lower, double upper, double next_variance);
  /// Keeps the paths with inner < |B| < outer, 0 <= inner <= outer: a middle that stops too.
  void continue_outside(double inner, double outer, double next_variance);

 private:
  struct Region {
    double lower, upper;
  };
  void continue_in(std::span<const Region> regions, double next_variance);
  double density(double b) const;
  double tail(double b, double sign) const;
  double quantile(double p, double sign) const;

  std::vector<double> node_;         // where the not-stopped paths were at the last time
  std::vector<double> probability_;  // density times quadrature weight
  double total_variance_ = 0, total_mean_ = 0;
  double deviation_ = 0, mean_ = 0;  // of the current step
};

}  // namespace liftmark::stats
