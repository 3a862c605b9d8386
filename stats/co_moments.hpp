#pragma once
// Sufficient statistics of unit values: the narrow waist that every method starts from.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace liftmark::stats {

/// Count, means, central co-moments and third central moments of `dimension` values per unit.
///
/// Mergeable in any order and stable when the mean is far larger than the spread: central moments are
/// updated, never reconstructed from sums of squares, and means are kept as an offset from an origin (the
/// first unit's value), since a mean near 1e9 rounds at 1e-7 and would carry that into every later update.
/// Sources: Chan, Golub, LeVeque 1983, eq. (2.1); Pebay 2008 (SAND2008-6212), eqs. (2.1) and (3.11).
class CoMoments {
 public:
  explicit CoMoments(std::size_t dimension = 1);

  /// From counts and exact sums, e.g. the aggregator's 128-bit integers turned to doubles once.
  /// `central_comoments` is the packed upper triangle, row by row: (0,0) (0,1) .. (1,1) ..; each is
  /// sum_i (x_i - mean_x)(y_i - mean_y). `third` is sum_i (x_i - mean_x)^3 per dimension.
  static CoMoments from_central(std::int64_t n, std::vector<double> means,
                                std::vector<double> central_comoments, std::vector<double> third);

  /// One 0/1 value: `successes` of `n` units.
  static CoMoments from_counts(std::int64_t n, std::int64_t successes);

  /// One value from what a summary table has: mean and unbiased variance (n - 1). No third moment: skewness
  /// is 0.
  static CoMoments from_mean_variance(std::int64_t n, double mean, double variance);

  void add(std::span<const double> values);
  void add(double value) { add(std::span<const double>(&value, 1)); }
  /// Pools two sets of units. Dimensions must be equal (checked in Release: throws std::logic_error).
  void merge(const CoMoments& other);

  std::size_t dimension() const { return origin_.size(); }
  std::int64_t n() const { return n_; }
  double mean(std::size_t i = 0) const { return origin_[i] + offset_[i]; }
  double sum(std::size_t i = 0) const { return mean(i) * static_cast<double>(n_); }
  /// mean(i) - other.mean(i), with the digits that subtracting the two rounded means would lose.
  double mean_minus(const CoMoments& other, std::size_t i = 0) const {
    return (origin_[i] - other.origin_[i]) + (offset_[i] - other.offset_[i]);
  }
  /// sum (x - mean_x)(y - mean_y).
  double comoment(std::size_t i, std::size_t j) const { return comoment_[index(i, j)]; }
  /// sum (x - mean)^3.
  double third(std::size_t i = 0) const { return third_[i]; }
  /// Unbiased covariance (n - 1); 0 for n < 2, which callers must treat as `too_few_units`.
  double covariance(std::size_t i, std::size_t j) const;
  double variance(std::size_t i = 0) const { return covariance(i, i); }
  /// Population skewness m3 / m2^1.5; 0 when the variance is 0.
  double skewness(std::size_t i = 0) const;

  /// The moments of some of the dimensions, in the order asked for.
  CoMoments select(std::span<const std::size_t> dimensions) const;
  /// The moments of the one value sum_i weights[i] * x_i (third moment unknown: 0).
  CoMoments combine(std::span<const double> weights) const;

  bool operator==(const CoMoments&) const = default;

 private:
  std::size_t index(std::size_t i, std::size_t j) const;

  std::int64_t n_ = 0;
  std::vector<double> origin_;
  std::vector<double> offset_;    // mean - origin
  std::vector<double> comoment_;  // packed upper triangle
  std::vector<double> third_;
};

}  // namespace liftmark::stats
