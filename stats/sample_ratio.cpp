#include "stats/sample_ratio.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include <boost/math/special_functions/gamma.hpp>
#include <boost/math/special_functions/log1p.hpp>

#include "stats/stirling.hpp"

namespace liftmark::stats {
namespace {

struct Totals {
  double units = 0;
  double share = 0;
  int arms = 0;  // with a positive share
  bool unit_in_empty_arm = false;
  bool valid = true;
};

Totals totals_of(const ArmCounts& arms) {
  Totals totals;
  totals.valid = arms.counts.size() == arms.shares.size();
  for (std::size_t i = 0; totals.valid && i < arms.counts.size(); ++i) {
    const double count = arms.counts[i], share = arms.shares[i];
    totals.valid = count >= 0 && share >= 0 && std::isfinite(count) && std::isfinite(share);
    totals.share += share;
    if (share > 0) {
      ++totals.arms;
      totals.units += count;
    } else if (count > 0) {
      totals.unit_in_empty_arm = true;
    }
  }
  return totals;
}

SampleRatioTest failed_by_empty_arm(int degrees_of_freedom) {
  SampleRatioTest test;
  test.degrees_of_freedom = degrees_of_freedom;
  test.unit_in_empty_arm = true;
  test.p_value = 0.0;
  return test;
}

SampleRatioTest nothing_to_test(Reason reason) {
  SampleRatioTest test;
  test.reason = reason;
  return test;
}

/// (1 + e) log(1 + e) - e >= 0, for e >= -1; `one_plus` is 1 + e, known without rounding loss.
double divergence_term(double e, double one_plus) {
  if (std::abs(e) < 0.5) return boost::math::log1pmx(e) + e * std::log1p(e);
  return one_plus > 0 ? one_plus * std::log(one_plus) - e : -e;
}

}  // namespace

SampleRatioTest sample_ratio_chi_square(const ArmCounts& arms) {
  const Totals totals = totals_of(arms);
  if (!totals.valid) return nothing_to_test(Reason::invalid_input);
  if (totals.unit_in_empty_arm) return failed_by_empty_arm(std::max(0, totals.arms - 1));
  SampleRatioTest test;
  test.degrees_of_freedom = std::max(0, totals.arms - 1);
  if (totals.arms < 2 || totals.units == 0) {
    test.reason = Reason::too_few_units;
    return test;
  }
  double statistic = 0;
  for (std::size_t i = 0; i < arms.counts.size(); ++i) {
    if (arms.shares[i] == 0) continue;
    const double expected = totals.units * (arms.shares[i] / totals.share);
    statistic += (arms.counts[i] - expected) / expected * (arms.counts[i] - expected);
  }
  test.statistic = statistic;
  test.p_value = boost::math::gamma_q(0.5 * test.degrees_of_freedom, 0.5 * statistic);
  return test;
}

double log_bayes_factor(const ArmCounts& arms, double concentration) {
  const Totals totals = totals_of(arms);
  if (!totals.valid || !(totals.share > 0) || !(concentration > 0) || !std::isfinite(concentration))
    throw std::logic_error("log_bayes_factor: outside its domain");
  if (totals.unit_in_empty_arm) return std::numeric_limits<double>::infinity();
  // With a_i = A theta_i and posterior mean q_i = (a_i + S_i) / (A + N), Stirling's formula turns
  // log B(a + S) - log B(a) - sum S_i log theta_i into (A + N) KL(q | theta) + half logs + remainders.
  const double mass = concentration + totals.units;
  double divergence = 0;
  double rest = 0.5 * std::log1p(totals.units / concentration) - stirling_remainder(mass) +
                stirling_remainder(concentration);
  for (std::size_t i = 0; i < arms.counts.size(); ++i) {
    if (arms.shares[i] == 0) continue;
    const double theta = arms.shares[i] / totals.share, prior = concentration * theta, count = arms.counts[i];
    const double relative = (count - totals.units * theta) / (theta * mass);
    divergence += theta * divergence_term(relative, (prior + count) / (theta * mass));
    rest += -0.5 * std::log1p(count / prior) + stirling_remainder(prior + count) - stirling_remainder(prior);
  }
  return mass * divergence + rest;
}

SampleRatioTest sample_ratio_sequential(std::span<const ArmCounts> epochs, double concentration) {
  if (!(concentration > 0) || !std::isfinite(concentration)) return nothing_to_test(Reason::invalid_input);
  SampleRatioTest test;
  double log_bayes = 0, units = 0;
  for (const ArmCounts& epoch : epochs) {
    const Totals totals = totals_of(epoch);
    if (!totals.valid) return nothing_to_test(Reason::invalid_input);
    test.unit_in_empty_arm |= totals.unit_in_empty_arm;
    test.degrees_of_freedom = std::max(test.degrees_of_freedom, totals.arms - 1);
    if (totals.arms < 2 || totals.unit_in_empty_arm) continue;
    units += totals.units;
    log_bayes += log_bayes_factor(epoch, concentration);
  }
  if (test.unit_in_empty_arm) return failed_by_empty_arm(test.degrees_of_freedom);
  if (units == 0) return nothing_to_test(Reason::too_few_units);
  test.statistic = log_bayes;
  test.p_value = std::exp(std::min(0.0, -log_bayes));
  return test;
}

double RunningPValue::look(double log_e) {
  smallest_log_p_ = std::min(smallest_log_p_, -log_e);
  return value();
}

double RunningPValue::value() const {
  return std::exp(smallest_log_p_);
}

}  // namespace liftmark::stats
