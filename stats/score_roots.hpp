#pragma once
// Inverting a score test: the ends of {effect : |Z(effect)| <= z}.

#include <functional>

namespace liftmark::stats {

/// The first root of `f` going up from 0, where f < 0 just above 0 and f > 0 far out: `start` is a first
/// guess of its size, `limit` the largest value to try. Returns `limit` if f is not positive before it.
/// Relative precision 1e-14.
double root_above_zero(const std::function<double(double)>& f, double start, double limit);

/// The root of `f`, which rises through zero somewhere: the bracket grows from `guess` in steps of `step`,
/// doubling. Returns the last point tried if no sign change is found within 60 doublings.
double root_of_increasing(const std::function<double(double)>& f, double guess, double step);

}  // namespace liftmark::stats
