#pragma once
// Means of two independent samples from their summaries: t tests, equivalence, the ratio of two means.

#include <cstdint>

#include "stats/estimate.hpp"

namespace liftmark::stats {

/// A sample's size, mean and unbiased variance (n - 1).
struct SampleSummary {
  std::int64_t n = 0;
  double mean = 0.0;
  double variance = 0.0;
};

/// How the two variances are used.
enum class VarianceRule {
  welch,   ///< each its own; Welch 1947, Satterthwaite degrees of freedom
  pooled,  ///< one common variance; Student, n1 + n2 - 2
};

/// A t statistic with what it was made from.
struct TTest {
  double difference = 0.0;
  double standard_error = 0.0;
  double df = 0.0;
  double t = 0.0;
  Reason reason = Reason::none;  ///< too_few_units, zero_variance or invalid_input: only `difference` is set
};
/// treatment - control against `null_difference`.
TTest t_test(const SampleSummary& control, const SampleSummary& treatment, VarianceRule rule,
             double null_difference = 0.0);

/// The test as an estimate: interval of level 1 - alpha and two-sided p-value.
Estimate mean_difference(const SampleSummary& control, const SampleSummary& treatment, VarianceRule rule,
                         double alpha);

/// Two one-sided Welch tests (Schuirmann 1987) that low < treatment - control < high; p is the larger of the
/// two.
struct EquivalenceTest {
  double t_low = 0.0, p_low = 1.0;    ///< against difference <= low
  double t_high = 0.0, p_high = 1.0;  ///< against difference >= high
  double p = 1.0;
  Reason reason = Reason::none;
};
EquivalenceTest equivalence_test(const SampleSummary& control, const SampleSummary& treatment, double low,
                                 double high);

/// numerator mean / denominator mean of independent samples (Fieller 1954). With `welch`, degrees of freedom
/// at the estimated ratio (Tamhane and Logan 2004). `bounded` false: the set is not an interval, and has no
/// ends here.
struct RatioOfMeans {
  double ratio = 0.0;
  bool bounded = false;
  double lower = 0.0, upper = 0.0;
  double df_at_one = 0.0, t_at_one = 0.0, p_at_one = 1.0;  ///< test that the ratio is 1; t without its sign
  Reason reason = Reason::none;
};
RatioOfMeans ratio_of_means(const SampleSummary& numerator, const SampleSummary& denominator,
                            VarianceRule rule, double alpha);

}  // namespace liftmark::stats
