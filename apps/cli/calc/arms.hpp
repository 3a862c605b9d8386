#pragma once
// Arms as sums, the way experiment platforms store them: {"type", "n", "sum", "sum_squares", ..}.

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "stats/co_moments.hpp"
#include "stats/delta_lift.hpp"

namespace liftmark::cli {

/// One arm's columns: (y), (numerator, denominator), (y, x) or (numerator, denominator, x numerator, x
/// denominator) for "mean" or "proportion", "ratio", "mean_cuped", "ratio_cuped".
struct ArmInput {
  std::string type;
  stats::CoMoments sums;     ///< sums of products about the mean
  std::vector<bool> binary;  ///< columns of 0/1 values

  bool ratio() const { return type == "ratio" || type == "ratio_cuped"; }
  bool adjusted() const { return type == "mean_cuped" || type == "ratio_cuped"; }
  /// Moments whose variance() divides by n where both columns are 0/1 (p(1 - p)), and by n - 1 elsewhere.
  stats::CoMoments moments() const;
};

/// Reads an arm; throws CalcError invalid_input when a field is missing or cannot be.
ArmInput arm_input(const nlohmann::json& arm);

/// An arm as a value with a unit variance. `slope` is used by the adjusted types.
stats::DeltaArm delta_arm(const ArmInput& arm, double slope);
/// Both arms, with the slope of covariate adjustment (0 without one) and the control's part of a relative
/// effect.
struct DeltaArms {
  stats::DeltaArm control, treatment;
};
DeltaArms delta_arms(const ArmInput& control, const ArmInput& treatment);

/// "alpha", "difference" ("absolute", "relative", or "scaled": absolute x total_users / (traffic x days)),
/// "sides" ("two", "one_greater", "one_less").
stats::DeltaQuestion delta_question(const nlohmann::json& inputs);
/// {"estimate", "se", "lower", "upper", "p", "df"}; throws CalcError with the reason when there is no
/// estimate.
nlohmann::json delta_answer(const stats::DeltaLift& lift);

}  // namespace liftmark::cli
