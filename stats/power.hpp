#pragma once
// How many units, how large an effect, how likely a finding: planning with the variances of the analysis.
//
// First the product's planning (`plan`), on the scale of the metric's lift; then the textbook formulas of
// other packages, which `calc` offers for comparison.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "stats/baseline.hpp"
#include "stats/lift.hpp"

namespace liftmark::stats {

/// Which inference the plan will use; decides the sample size beside a fixed test's.
enum class PlanDesign {
  fixed,           ///< one look at the end
  obrien_fleming,  ///< Lan-DeMets O'Brien-Fleming-type spending, equally spaced looks
  always_valid,    ///< confidence sequence tuned to the planned size, looked at `looks` times
};
std::string_view name(PlanDesign design) noexcept;

struct PlanQuestion {
  Baseline baseline;
  double treatment_share = 0.5;  ///< of the units of the two compared arms, in (0, 1)
  double alpha = 0.05;           ///< of this comparison, after allocation; two-sided unless `margin`
  double power = 0.8;
  PlanDesign design = PlanDesign::fixed;
  int looks = 14;  ///< interim looks and the last; ignored for fixed
  std::optional<double> margin =
      {};  ///< non-inferiority: relative margin m > 0, one-sided alpha, against a true lift of `lift`
  /// log: lifts multiply, the baseline is positive. fieller: (treatment - control) / |control|, whose test of
  /// no effect is that of the absolute difference; of any baseline but 0, values shift and keep their
  /// variance.
  Scale scale = Scale::log;  ///< absolute is not planned for: it is fieller times the baseline
};

/// n Var(estimate on the scale) per unit of both arms together, when the true relative lift is `lift`. On the
/// fieller scale that of treatment - (1 - margin) control over |control|, whose sign the test reads.
double lift_unit_variance(const PlanQuestion& question, double lift);

/// Probability of finding a true relative lift with `units` units in the two arms together: of an interval
/// above 0 for a lift > 0, below for < 0; with a margin, of a lower bound above -margin.
double lift_power(const PlanQuestion& question, double lift, double units);

/// Units in both arms together that give `question.power` at a true lift. Throws std::domain_error for no
/// effect to find (lift 0 without a margin, or a true lift at or below -margin) and for values outside the
/// domain.
double lift_sample_size(const PlanQuestion& question, double lift);

enum class Change { rise, fall };
/// Smallest relative lift found with `question.power` at `units`, above 0 for a rise, below for a fall. Empty
/// if even a 100-fold lift, or a fall to nothing, is not.
std::optional<double> minimal_detectable_lift(const PlanQuestion& question, double units,
                                              Change change = Change::rise);

/// E[Z at the last look] that gives the power, whatever the metric: z_a + z_b for a fixed test.
double planned_drift(const PlanQuestion& question);

/// Largest information over a fixed design's at equal alpha and power: 1 for fixed, about 1.03 and 1.66.
double plan_inflation(const PlanQuestion& question);

// ---- Textbook formulas. `ratio` is n2 / n1; sides 1 or 2. All throw std::domain_error outside their domain.
// ----

/// power.prop.test: pooled null variance with equal groups, one tail counted.
double pooled_proportions_power(double p1, double p2, double n_per_group, double alpha, int sides);
double pooled_proportions_size(double p1, double p2, double power, double alpha, int sides);
/// Cohen's h = 2 asin sqrt p1 - 2 asin sqrt p2.
double arcsine_effect(double p1, double p2);
/// Normal test of a standardised effect with groups n1, n2; both tails when two-sided. Also for h.
double normal_power(double effect, double n1, double n2, double alpha, int sides);
/// n1 with n2 = ratio n1.
double normal_size(double effect, double power, double ratio, double alpha, int sides);
/// Null variance from the groups' weighted mean; both tails. `standard deviations` per sqrt(n1).
struct WeightedProportions {
  double pooled = 0, null_deviation = 0, alternative_deviation = 0;
};
WeightedProportions weighted_proportions(double p1, double p2, double ratio);
double weighted_proportions_power(double p1, double p2, double n1, double ratio, double alpha);
/// n1 by the same deviations, one tail at `tail_alpha`.
double weighted_proportions_size(double p1, double p2, double power, double ratio, double tail_alpha);
/// Student's t, noncentral: `tails` counted 1 or 2 (2 only when two-sided).
double student_power(double effect, double n1, double n2, double alpha, int sides, int tails);
double student_size(double effect, double power, double ratio, double alpha, int sides, int tails);
/// Difference or ratio of two rates against a margin, variance under the null by restricted maximum
/// likelihood. Farrington and Manning 1990. `allocation` is n1 / n2; returns n1 + n2.
double rate_difference_margin_size(double p1, double p2, double margin, double allocation, double alpha,
                                   double beta, int sides);
double rate_ratio_margin_size(double p1, double p2, double margin, double allocation, double alpha,
                              double beta, int sides);
/// Means against a margin on the difference; returns n1 + n2.
double mean_difference_margin_size(double effect, double margin, double deviation, double allocation,
                                   double alpha, double beta, int sides);
/// Ratio of means, common coefficient of variation `cv`: variance of mT - theta0 mC. Returns n1 + n2.
double mean_ratio_margin_size(double ratio, double margin, double cv, double allocation, double alpha,
                              double beta, int sides);

}  // namespace liftmark::stats
