#pragma once
// The regularised incomplete beta function where one parameter is large and the other is not: a rare event
// among very many units. Boost 1.81 loses digits there (4e-8 at a = 6, b = 1e9), since its front factor is a
// difference of logarithms of gamma functions of size b log b.

namespace liftmark::stats {

/// Whether `rare_beta_cdf` is the sharper way: one parameter from 1e4 on, the other at most 1e4.
bool rare_beta(double a, double b);

/// I_x(a, b) for parameters > 0 and x in [0, 1]: continued fraction on the side of the mean on which it
/// converges (DiDonato and Morris 1992), front factor by Loader's (2000) deviances. Relative error about
/// 1e-14. `upper`: 1 - I_x(a, b), without cancellation.
double rare_beta_cdf(double x, double a, double b, bool upper);

/// x^a (1 - x)^b / B(a, b), by deviances.
double beta_front(double x, double a, double b);

}  // namespace liftmark::stats
