#include "stats/post_stratification.hpp"

#include <algorithm>
#include <cmath>

#include "stats/symmetric_solve.hpp"

namespace liftmark::stats {
namespace {

/// Within-arm sums of products of two sets of columns, both arms added.
std::vector<double> within(const CoMoments& control, const CoMoments& treatment, std::size_t from_i,
                           std::size_t from_j, std::size_t size) {
  std::vector<double> sums(size * size);
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t j = 0; j < size; ++j)
      sums[i * size + j] =
          control.comoment(from_i + i, from_j + j) + treatment.comoment(from_i + i, from_j + j);
  return sums;
}

std::vector<double> product(const std::vector<double>& a, const std::vector<double>& b, std::size_t size) {
  std::vector<double> result(size * size, 0.0);
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t k = 0; k < size; ++k)
      for (std::size_t j = 0; j < size; ++j) result[i * size + j] += a[i * size + k] * b[k * size + j];
  return result;
}

double form(const std::vector<double>& left, const std::vector<double>& matrix,
            const std::vector<double>& right) {
  double sum = 0.0;
  for (std::size_t i = 0; i < left.size(); ++i)
    for (std::size_t j = 0; j < right.size(); ++j) sum += left[i] * matrix[i * right.size() + j] * right[j];
  return sum;
}

/// Value of an arm from its parts (a mean, or numerator over denominator), and its gradient.
double arm_value(const StratumMeans& means, std::size_t first, std::size_t parts,
                 std::vector<double>& gradient) {
  if (parts == 1) {
    gradient[first] = 1.0;
    return means.value[first];
  }
  const double denominator = means.value[first + 1];
  const double ratio = means.value[first] / denominator;
  gradient[first] = 1.0 / denominator;
  gradient[first + 1] = -ratio / denominator;
  return ratio;
}

}  // namespace

StratumMeans stratum_means(const CoMoments& control, const CoMoments& treatment) {
  const std::size_t parts = control.dimension();
  const std::size_t size = 2 * parts;
  StratumMeans means{control.n() + treatment.n(), std::vector<double>(size),
                     std::vector<double>(size * size, 0.0)};
  for (std::size_t i = 0; i < parts; ++i) {
    means.value[i] = control.mean(i);
    means.value[parts + i] = treatment.mean(i);
    for (std::size_t j = 0; j < parts; ++j) {
      means.covariance[i * size + j] = control.covariance(i, j) / static_cast<double>(control.n());
      means.covariance[(parts + i) * size + parts + j] =
          treatment.covariance(i, j) / static_cast<double>(treatment.n());
    }
  }
  return means;
}

StratumMeans regressed_stratum_means(const CoMoments& control, const CoMoments& treatment) {
  const std::size_t parts = control.dimension() / 2;
  const std::size_t size = 2 * parts;
  CoMoments pooled = control;
  pooled.merge(treatment);
  const double n = static_cast<double>(pooled.n());
  // The slopes are those within arms (Frisch, Waugh, Lovell); residual covariance by what is left of the
  // products.
  const std::vector<double> inverse =
      inverse_dropping_dependent(within(control, treatment, parts, parts, parts), parts);
  const std::vector<double> xy = within(control, treatment, parts, 0, parts);
  const std::vector<double> slopes = product(inverse, xy, parts);  // [covariate][part]
  std::vector<double> residual = within(control, treatment, 0, 0, parts);
  for (std::size_t a = 0; a < parts; ++a)
    for (std::size_t b = 0; b < parts; ++b) {
      for (std::size_t k = 0; k < parts; ++k)
        residual[a * parts + b] -= slopes[k * parts + a] * xy[k * parts + b];
      residual[a * parts + b] /= n - 3.0 * static_cast<double>(parts);
    }
  // Each arm's mean at the pooled covariate mean: mean(y) - slope (mean(x in arm) - mean(x)).
  StratumMeans means{pooled.n(), std::vector<double>(size), std::vector<double>(size * size, 0.0)};
  std::vector<double> shift[2] = {std::vector<double>(parts), std::vector<double>(parts)};
  const CoMoments* arms[2] = {&control, &treatment};
  for (std::size_t arm = 0; arm < 2; ++arm) {
    for (std::size_t k = 0; k < parts; ++k) shift[arm][k] = arms[arm]->mean_minus(pooled, parts + k);
    for (std::size_t a = 0; a < parts; ++a) {
      double value = arms[arm]->mean(a);
      for (std::size_t k = 0; k < parts; ++k) value -= slopes[k * parts + a] * shift[arm][k];
      means.value[arm * parts + a] = value;
    }
  }
  // The pooled covariate mean is itself random: its variance reaches both arms alike.
  std::vector<double> covariate(parts * parts);
  double trace = 0.0;
  for (std::size_t i = 0; i < parts; ++i)
    for (std::size_t j = 0; j < parts; ++j) {
      covariate[i * parts + j] = pooled.covariance(parts + i, parts + j) / n;
      trace += inverse[i * parts + j] * covariate[i * parts + j];
    }
  for (std::size_t r = 0; r < size; ++r)
    for (std::size_t c = 0; c < size; ++c) {
      const std::size_t a = r % parts;
      const std::size_t b = c % parts;
      double scale = form(shift[r / parts], inverse, shift[c / parts]) + trace;
      if (r / parts == c / parts) scale += 1.0 / static_cast<double>(arms[r / parts]->n());
      double common = 0.0;
      for (std::size_t i = 0; i < parts; ++i)
        for (std::size_t j = 0; j < parts; ++j)
          common += slopes[i * parts + a] * covariate[i * parts + j] * slopes[j * parts + b];
      means.covariance[r * size + c] = residual[a * parts + b] * scale + common;
    }
  return means;
}

StratumMeans combine_strata(std::span<const StratumMeans> strata) {
  const std::size_t size = strata.front().value.size();
  StratumMeans combined{0, std::vector<double>(size, 0.0), std::vector<double>(size * size, 0.0)};
  for (const StratumMeans& stratum : strata) combined.n += stratum.n;
  const double n = static_cast<double>(combined.n);
  for (const StratumMeans& stratum : strata)
    for (std::size_t i = 0; i < size; ++i)
      combined.value[i] += static_cast<double>(stratum.n) / n * stratum.value[i];
  for (const StratumMeans& stratum : strata) {
    const double share = static_cast<double>(stratum.n) / n;
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t j = 0; j < size; ++j)
        combined.covariance[i * size + j] +=
            share * share * stratum.covariance[i * size + j] +
            share * (stratum.value[i] - combined.value[i]) * (stratum.value[j] - combined.value[j]) / n;
  }
  return combined;
}

StratifiedEffect stratified_effect(const StratumMeans& means, bool relative) {
  const std::size_t size = means.value.size();
  const std::size_t parts = size / 2;
  std::vector<double> of_control(size, 0.0);
  std::vector<double> gradient(size, 0.0);
  const double control = arm_value(means, 0, parts, of_control);
  const double treatment = arm_value(means, parts, parts, gradient);
  StratifiedEffect result{treatment - control, 0.0, control};
  double on_control = -1.0;
  double on_treatment = 1.0;
  if (relative) {
    on_treatment = 1.0 / std::abs(control);
    on_control = -treatment / (control * std::abs(control));
    result.effect /= std::abs(control);
  }
  for (std::size_t i = 0; i < size; ++i)
    gradient[i] = on_treatment * gradient[i] + on_control * of_control[i];
  result.standard_error = std::sqrt(std::max(0.0, form(gradient, means.covariance, gradient)));
  return result;
}

}  // namespace liftmark::stats
