#pragma once
// Can the means be trusted at this size?

#include "engine/analyse/checks.hpp"

namespace liftmark {

/// Asked of every metric and every comparison. Watched when
///
/// - `skewed_for_this_size`: the smaller arm has fewer than 3 skewness^2 units (MEASUREMENT's burn-in, found
///   by simulation), or the first term of the Edgeworth expansion puts the tail probability beyond a 95%
///   interval of the difference off by more than a tenth of its 2.5%: |g| (2 z^2 + 1) phi(z) / 6 > 0.0025,
///   g the skewness of the difference. Source: Boos and Hughes-Oliver 2000, Amer. Statist. 54(2), 121-128;
///   for two arms g = (k3_t / n_t^2 - k3_c / n_c^2) / se^3, so that equal arms of one shape cancel.
/// - `few_conversions`: a 0/1 metric has fewer than 20 successes or failures in an arm.
/// - `tail_changed`: a variant's squared coefficient of variation is more than twice, or less than half, the
///   control's.
///
/// Numbers: of the worst metric its skewness (of a ratio: the larger of its two parts), `units_needed` for a
/// single arm's mean to stand by itself (355 skewness^2, Kohavi, Deng, Longbotham and Xu 2014, rule 7) and
/// the share of the top 0.1%; and each metric's own.
Check check_distribution(const CheckInput& input);

}  // namespace liftmark
