#pragma once
// Confidence sequences for the mean of bounded values, by betting. They need the values in the order they
// came. Source: Waudby-Smith and Ramdas 2024, J. R. Statist. Soc. B 86(1), 1-27.

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
  std::vector<double> bet_above_, bet_below_;
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
