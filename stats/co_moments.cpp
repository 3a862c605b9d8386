#include "stats/co_moments.hpp"

#include <cmath>
#include <stdexcept>
#include <utility>

namespace liftmark::stats {

CoMoments::CoMoments(std::size_t dimension)
    : origin_(dimension, 0.0),
      offset_(dimension, 0.0),
      comoment_(dimension * (dimension + 1) / 2, 0.0),
      third_(dimension, 0.0) {}

CoMoments CoMoments::from_central(std::int64_t n, std::vector<double> means,
                                  std::vector<double> central_comoments, std::vector<double> third) {
  const std::size_t dimension = means.size();
  if (central_comoments.size() != dimension * (dimension + 1) / 2 || third.size() != dimension)
    throw std::logic_error("CoMoments::from_central: sizes do not fit");
  CoMoments moments(0);
  moments.n_ = n;
  moments.origin_ = std::move(means);
  moments.offset_.assign(dimension, 0.0);
  moments.comoment_ = std::move(central_comoments);
  moments.third_ = std::move(third);
  return moments;
}

CoMoments CoMoments::from_counts(std::int64_t n, std::int64_t successes) {
  CoMoments moments(1);
  moments.n_ = n;
  if (n == 0) return moments;
  const double count = static_cast<double>(n);
  const double p = static_cast<double>(successes) / count;
  const double q = static_cast<double>(n - successes) / count;
  moments.origin_[0] = p;
  moments.comoment_[0] = count * p * q;
  moments.third_[0] = count * p * q * (q - p);
  return moments;
}

CoMoments CoMoments::from_mean_variance(std::int64_t n, double mean, double variance) {
  CoMoments moments(1);
  moments.n_ = n;
  moments.origin_[0] = mean;
  moments.comoment_[0] = n > 1 ? variance * static_cast<double>(n - 1) : 0.0;
  return moments;
}

std::size_t CoMoments::index(std::size_t i, std::size_t j) const {
  if (i > j) std::swap(i, j);
  return i * dimension() - i * (i + 1) / 2 + j;
}

void CoMoments::add(std::span<const double> values) {
  if (values.size() != dimension()) throw std::logic_error("CoMoments::add: wrong number of values");
  if (n_ == 0) origin_.assign(values.begin(), values.end());
  const double before = static_cast<double>(n_);
  ++n_;
  const double after = static_cast<double>(n_);
  // Pebay eq. (2.1): each term uses the differences from the mean before this unit.
  const auto delta = [&](std::size_t i) { return (values[i] - origin_[i]) - offset_[i]; };
  for (std::size_t i = 0; i < dimension(); ++i) {
    const double d = delta(i);
    third_[i] +=
        d * d * d * before * (before - 1.0) / (after * after) - 3.0 * comoment_[index(i, i)] * d / after;
  }
  for (std::size_t i = 0; i < dimension(); ++i)
    for (std::size_t j = i; j < dimension(); ++j)
      comoment_[index(i, j)] += delta(i) * delta(j) * before / after;
  for (std::size_t i = 0; i < dimension(); ++i) offset_[i] += delta(i) / after;
}

void CoMoments::merge(const CoMoments& other) {
  if (other.dimension() != dimension()) throw std::logic_error("CoMoments::merge: dimensions differ");
  if (other.n_ == 0) return;
  if (n_ == 0) {
    *this = other;
    return;
  }
  const double a = static_cast<double>(n_);
  const double b = static_cast<double>(other.n_);
  const double n = a + b;
  for (std::size_t i = 0; i < dimension(); ++i) {
    const double delta = other.mean_minus(*this, i);
    third_[i] += other.third_[i] + delta * delta * delta * a * b * (a - b) / (n * n) +
                 3.0 * delta * (a * other.comoment_[index(i, i)] - b * comoment_[index(i, i)]) / n;
  }
  for (std::size_t i = 0; i < dimension(); ++i)
    for (std::size_t j = i; j < dimension(); ++j)
      comoment_[index(i, j)] += other.comoment_[index(i, j)] +
                                other.mean_minus(*this, i) * other.mean_minus(*this, j) * (a * b / n);
  for (std::size_t i = 0; i < dimension(); ++i) offset_[i] += other.mean_minus(*this, i) * (b / n);
  n_ += other.n_;
}

double CoMoments::covariance(std::size_t i, std::size_t j) const {
  return n_ > 1 ? comoment(i, j) / static_cast<double>(n_ - 1) : 0.0;
}

double CoMoments::skewness(std::size_t i) const {
  const double m2 = comoment(i, i);
  if (n_ == 0 || !(m2 > 0.0)) return 0.0;
  const double n = static_cast<double>(n_);
  const double spread = std::sqrt(m2 / n);
  return third_[i] / n / (spread * spread * spread);
}

CoMoments CoMoments::select(std::span<const std::size_t> dimensions) const {
  CoMoments chosen(dimensions.size());
  chosen.n_ = n_;
  for (std::size_t i = 0; i < dimensions.size(); ++i) {
    chosen.origin_[i] = origin_[dimensions[i]];
    chosen.offset_[i] = offset_[dimensions[i]];
    chosen.third_[i] = third_[dimensions[i]];
    for (std::size_t j = i; j < dimensions.size(); ++j)
      chosen.comoment_[chosen.index(i, j)] = comoment(dimensions[i], dimensions[j]);
  }
  return chosen;
}

CoMoments CoMoments::combine(std::span<const double> weights) const {
  if (weights.size() != dimension()) throw std::logic_error("CoMoments::combine: wrong number of weights");
  CoMoments combined(1);
  combined.n_ = n_;
  for (std::size_t i = 0; i < dimension(); ++i) {
    combined.origin_[0] += weights[i] * origin_[i];
    combined.offset_[0] += weights[i] * offset_[i];
    for (std::size_t j = 0; j < dimension(); ++j)
      combined.comoment_[0] += weights[i] * weights[j] * comoment(i, j);
  }
  return combined;
}

}  // namespace liftmark::stats
