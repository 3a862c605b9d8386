#pragma once
// What Stirling's formula leaves out, and Loader's deviance: with them, differences of log-gammas at large
// arguments keep their digits.

namespace liftmark::stats {

/// log Gamma(x) - [(x - 1/2) log x - x + log(2 pi) / 2], x > 0: between 0 and 1/(12 x).
/// Abramowitz and Stegun 1964, 6.1.41, from x = 12 on; directly below.
double stirling_remainder(double x);

/// x log(x / m) + m - x for x, m > 0, without cancellation where x is near m. Loader 2000, section 4.
double deviance(double x, double m);

}  // namespace liftmark::stats
