#include "stats/symmetric_solve.hpp"

#include <cmath>
#include <stdexcept>

namespace liftmark::stats {

std::vector<double> inverse_dropping_dependent(const std::vector<double>& matrix, std::size_t size) {
  if (matrix.size() != size * size) throw std::logic_error("inverse_dropping_dependent: sizes do not fit");
  // Gauss-Jordan in place: after pivot k the block of the columns done holds their inverse.
  constexpr double kDependent = 1e-10;
  std::vector<double> a = matrix;
  std::vector<bool> swept(size, false);
  for (std::size_t k = 0; k < size; ++k) {
    const double pivot = a[k * size + k];
    if (!(pivot > kDependent * matrix[k * size + k])) continue;
    swept[k] = true;
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t j = 0; j < size; ++j)
        if (i != k && j != k) a[i * size + j] -= a[i * size + k] * a[k * size + j] / pivot;
    for (std::size_t i = 0; i < size; ++i) {
      if (i == k) continue;
      a[i * size + k] /= -pivot;
      a[k * size + i] /= pivot;
    }
    a[k * size + k] = 1.0 / pivot;
  }
  std::vector<double> inverse(size * size, 0.0);
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t j = 0; j < size; ++j)
      if (swept[i] && swept[j]) inverse[i * size + j] = a[i * size + j];
  return inverse;
}

}  // namespace liftmark::stats
