#pragma once
// Confidence sequences for the mean of bounded values, by betting. They need the values in the order they
// came. Source: Waudby-Smith and Ramdas 2024, J. R. Statist. Soc. B 86(1), 1-27.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "stats/estimate.hpp"

namespace liftmark::stats {

struct BettingRule {
  double alpha = 0.05;
  double theta = 0.5;       ///< share of the capital that bets on a larger mean, in (0, 1)
  double truncation = 0.5;  ///< no bet risks more than this share of the capital, in (0, 1)
};

/// Predictable plug-in bets for a gambler who may err with probability 1/e^(1/2): 1 / sqrt(s2_{t-1} t log(1 +
/// t)), s2 the running variance of the values so far, regularised by one value of variance 1/4. Who may err
/// with probability a bets `scale(a)` times as much.
class PlugInBets {
 public:
  static double scale(double a) { return std::sqrt(-2 * std::log(a)); }
  /// For value t = 1, 2, ..; `log_time` is log(1 + t). s2_{t-1} is (1/4 + squares) / t.
  double next(double log_time) const { return 1 / std::sqrt((0.25 + squares_) * log_time); }
  /// Value t, after its bet.
  void see(double x, double t) {
    sum_ += x;
    const double away = x - std::min(1.0, (0.5 + sum_) / (t + 1));
    squares_ += away * away;
  }
  /// `count` values x after the first `t`. Their distances from the running mean are one number over t + 1,
  /// so that `inverse_squares`, the sum of 1/(t + 1)^2 over their t, is all it takes.
  void see_equal(double x, double t, double count, double inverse_squares) {
    const double away = x * (t + 1) - 0.5 - sum_;
    squares_ += away * away * inverse_squares;
    sum_ += x * count;
  }

 private:
  double sum_ = 0, squares_ = 0;
};

/// The capital of both gamblers against one mean, value by value; what HedgedBets tells of every mean.
class HedgedCapital {
 public:
  /// `m` in [0, 1] and a rule inside its domain: HedgedBets checks both.
  HedgedCapital(double m, const BettingRule& rule);
  /// The next value, in [0, 1]. `log_time` is log(2), log(3), ..
  void see(double x, double log_time) {
    t_ += 1;
    const double bet = bets_.next(log_time), away = x - m_;
    above_ *= 1 + std::min(scale_above_ * bet, most_above_) * away;
    below_ *= 1 - std::min(scale_below_ * bet, most_below_) * away;
    bets_.see(x, t_);
    if (!(above_ > kLow && above_ < kHigh) || !(below_ > kLow && below_ < kHigh)) fold();
  }
  /// `count` values equal to m at once: the capital stands, the bets learn (PlugInBets::see_equal).
  void stand(double count, double inverse_squares) {
    bets_.see_equal(m_, t_, count, inverse_squares);
    t_ += count;
  }
  /// log max(theta K+, (1 - theta) K-); a gambler who lost everything has -infinity.
  double log_capital() const;
  /// True when that maximum is at least `threshold` > 0.
  bool reaches(double threshold) const {
    return folded_above_ == 0 && folded_below_ == 0 ? std::max(above_, below_) >= threshold
                                                    : log_capital() >= std::log(threshold);
  }

 private:
  static constexpr double kLow = 1e-100, kHigh = 1e100;
  void fold();

  double m_, most_above_, most_below_, scale_above_, scale_below_, t_ = 0;
  PlugInBets bets_;
  double above_, below_;  ///< capital over exp(folded)
  double folded_above_ = 0, folded_below_ = 0;
};

/// Two gamblers on values in [0, 1], one betting that the mean is above m, one below, with predictable
/// plug-in bets. If m is the mean, neither gets richer than 1/alpha with probability above alpha in all.
class HedgedBets {
 public:
  /// `values` in [0, 1], in order. Throws std::domain_error for other values or rules outside the domain.
  HedgedBets(std::span<const double> values, const BettingRule& rule);

  std::size_t size() const { return values_.size(); }
  /// log max(theta K+, (1 - theta) K-) after the first `count` values, against the mean `m` in [0, 1].
  double log_capital(double m, std::size_t count) const;
  /// log_capital(m, 1), log_capital(m, 2), .. in one pass.
  std::vector<double> log_capital_path(double m) const;
  /// Every m whose capital is at most 1/alpha; [0, 1] if there is none.
  Interval interval(std::size_t count) const;

 private:
  double log_step(double m, std::size_t i, bool above) const;
  double log_gain(double m, std::size_t count, bool above) const;
  double end(std::size_t count, bool lower) const;

  BettingRule rule_;
  std::vector<double> values_;
  std::vector<double> bets_;  ///< PlugInBets before each value
  double scale_above_, scale_below_;
};

/// Predictable plug-in empirical Bernstein sequence for values in [0, 1] after the first `count` of them; the
/// bets are at most `truncation`.
Interval empirical_bernstein_sequence(std::span<const double> values, std::size_t count, double alpha,
                                      double truncation = 0.5);

/// Units of a two-arm experiment in order of arrival: value in [0, bound], whether treated, probability of
/// treatment.
struct BoundedUnits {
  std::span<const double> values;
  std::span<const std::uint8_t> treated;
  double bound = 1;
  double treatment_share = 0.5;
};
/// Difference of means, treatment - control: bets on Y (T/pi - (1 - T)/(1 - pi)), whose mean is the
/// difference, rescaled from
/// [-bound/(1 - pi), bound/pi]. p-value: one over the largest
/// capital so far against no difference.
Estimate two_arm_betting(const BoundedUnits& units, const BettingRule& rule);

}  // namespace liftmark::stats
