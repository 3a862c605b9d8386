#pragma once
// Small symmetric systems, as covariate adjustment and regression from sums need them.

#include <cstddef>
#include <vector>

namespace liftmark::stats {

/// The inverse of a positive semi-definite matrix given row by row (`size` x `size`). A column that depends
/// on the ones before it (pivot below 1e-10 of its own variance) gets zeros: its coefficient is 0, as if it
/// were not there.
std::vector<double> inverse_dropping_dependent(const std::vector<double>& matrix, std::size_t size);

}  // namespace liftmark::stats
