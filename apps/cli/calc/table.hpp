#pragma once
// The methods `liftmark calc` knows: one row a method, one file a family.

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace liftmark::cli {

/// A method that cannot answer: `code` is a stats::Reason's name or "invalid_input".
struct CalcError : std::runtime_error {
  CalcError(std::string reason, const std::string& message)
      : std::runtime_error(message), code(std::move(reason)) {}
  std::string code;
};

/// One method of stats/ on JSON numbers. `run` returns the result object, or throws CalcError when the
/// method has nothing to say about these inputs. "Infinity" and "-Infinity" stand for unbounded ends.
struct CalcMethod {
  std::string_view name;  ///< "family/method", e.g. "prop_ci/wilson"
  nlohmann::json (*run)(const nlohmann::json& inputs);
  std::string_view summary;  ///< one line for `calc --list`
};

/// The method with that name; null if there is none.
const CalcMethod* find_calc_method(std::string_view name);

/// Every method, in the order printed.
std::vector<const CalcMethod*> calc_methods();

// Each family's rows, in the order printed. A family's file defines a constexpr array and returns it here.
std::span<const CalcMethod> proportion_methods();
std::span<const CalcMethod> mean_methods();
std::span<const CalcMethod> lift_methods();
std::span<const CalcMethod> adjustment_methods();
std::span<const CalcMethod> sequential_methods();
std::span<const CalcMethod> mixture_methods();
std::span<const CalcMethod> group_sequential_methods();
std::span<const CalcMethod> group_sequential_analysis_methods();
std::span<const CalcMethod> bayes_methods();
std::span<const CalcMethod> multiplicity_methods();
std::span<const CalcMethod> plan_methods();
std::span<const CalcMethod> power_methods();
std::span<const CalcMethod> resampling_methods();
std::span<const CalcMethod> survival_methods();
std::span<const CalcMethod> off_policy_methods();
std::span<const CalcMethod> sample_ratio_methods();
std::span<const CalcMethod> distribution_methods();

}  // namespace liftmark::cli
