#pragma once
// The capital of hedged bets on rare conversions, from one conversion to the next: a million units in the
// time of their conversions.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "stats/betting_sequences.hpp"

namespace liftmark::error_rates {

/// What every path of n values shares.
struct BettingClock {
  std::vector<double> log_time;         ///< log(1 + t) at [t], t up to n
  std::vector<double> inverse_squares;  ///< sum of 1/(i + 1)^2 for i from 1 to t
  explicit BettingClock(std::int64_t n);
  std::size_t last() const { return log_time.size() - 1; }
};

/// stats::HedgedCapital (theta and truncation 1/2) at the mean `rate` of 0/1 values. In a run of zeros the
/// bets change smoothly: their logarithms are summed by a parabola over stretches of a sixteenth of the
/// values so far, to about 1e-8 (a test holds it to the product's path).
class BettingRuns {
 public:
  BettingRuns(const BettingClock& clock, double rate, double alpha);
  void zeros(std::size_t count);
  void one();
  double log_capital() const { return std::max(above_, below_); }

 private:
  struct Bets {
    double above = 0, below = 0;
  };
  Bets bets(const stats::PlugInBets& gambler, std::size_t t) const;
  Bets on_zero(std::size_t ahead) const;  ///< gains on the zero after `ahead` more
  void add(const Bets& gain, double times) {
    above_ += times * gain.above;
    below_ += times * gain.below;
  }

  const BettingClock& clock_;
  double rate_, scale_;
  stats::PlugInBets gambler_;
  std::size_t t_ = 0;
  double above_, below_;
};

}  // namespace liftmark::error_rates
