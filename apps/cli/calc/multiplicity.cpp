// calc rows: many comparisons at once.

#include "stats/multiplicity.hpp"

#include <array>
#include <cmath>

#include "apps/cli/calc/inputs.hpp"
#include "apps/cli/calc/table.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::json;

json adjusted(const json& inputs, stats::AdjustPValues adjust) {
  const auto p = numbers(inputs, "p");
  for (const double value : p) require(value >= 0.0 && value <= 1.0, "a p-value lies outside [0, 1]");
  const auto result = adjust(p);
  json answer{{"adjusted_p", result}};
  if (inputs.contains("alpha")) {
    const double alpha = number(inputs, "alpha");
    json reject = json::array();
    for (const double value : result) reject.push_back(value <= alpha);
    answer["reject"] = std::move(reject);
  }
  return answer;
}

stats::ManyToOne design_of(const json& inputs) {
  stats::ManyToOne design{
      .n_control = number(inputs, "n_control"), .n_treatments = numbers(inputs, "n_treatments"), .df = {}};
  require(design.n_control > 0 && !design.n_treatments.empty(), "sample sizes must be positive");
  for (const double n : design.n_treatments) require(n > 0, "sample sizes must be positive");
  if (inputs.contains("df") && !inputs["df"].is_null()) design.df = number(inputs, "df");
  require(!design.df || *design.df > 0, "df must be positive");
  return design;
}

json dunnett_critical(const json& inputs) {
  const auto design = design_of(inputs);
  const double confidence = number(inputs, "confidence", 0.95);
  require(confidence > 0 && confidence < 1, "confidence must lie inside (0, 1)");
  return {{"two_sided", stats::dunnett_critical(design, confidence, true)},
          {"one_sided", stats::dunnett_critical(design, confidence, false)}};
}

json dunnett_step_down(const json& inputs) {
  const auto design = design_of(inputs);
  const auto statistics = numbers(inputs, "t");
  require(statistics.size() == design.n_treatments.size(), "one t per treatment is needed");
  return {{"adjusted_p", stats::dunnett_step_down(design, statistics, flag(inputs, "two_sided", true))}};
}

json false_coverage(const json& inputs) {
  const double selected = number(inputs, "selected"), m = number(inputs, "m"), q = number(inputs, "q", 0.05);
  require(m >= 1 && selected >= 0 && selected <= m && q > 0 && q < 1,
          "needs 0 <= selected <= m and q inside (0, 1)");
  return {{"level",
           stats::false_coverage_level(static_cast<std::size_t>(selected), static_cast<std::size_t>(m), q)}};
}

json alpha_allocation(const json& inputs) {
  const auto count = [&](const char* key, double missing) {
    const double value = number(inputs, key, missing);
    require(value >= 0 && value <= 1e6 && value == std::floor(value),
            std::string("\"") + key + "\" is a whole number");
    return static_cast<std::size_t>(value);
  };
  stats::ErrorBudget budget{.alpha = number(inputs, "alpha", 0.05),
                            .guardrail_alpha = number(inputs, "guardrail_alpha", 0.05),
                            .harm_alpha = number(inputs, "harm_alpha", 0.01),
                            .primaries = count("primaries", 1),
                            .secondaries = count("secondaries", 0),
                            .guardrails = count("guardrails", 0),
                            .variants = count("variants", 1)};
  for (const double alpha : {budget.alpha, budget.guardrail_alpha, budget.harm_alpha})
    require(alpha > 0 && alpha < 1, "an alpha lies inside (0, 1)");
  const auto shares = stats::allocate_error(budget);
  return {{"primary", shares.primary},
          {"secondary", shares.secondary},
          {"guardrail", shares.guardrail},
          {"harm", shares.harm}};
}

constexpr std::array kMethods{
    CalcMethod{"multiple/bonferroni", [](const json& in) { return adjusted(in, stats::adjust_bonferroni); },
               "adjusted p-values, any dependence"},
    CalcMethod{"multiple/sidak", [](const json& in) { return adjusted(in, stats::adjust_sidak); },
               "adjusted p-values, independence"},
    CalcMethod{"multiple/holm", [](const json& in) { return adjusted(in, stats::adjust_holm); },
               "step-down adjusted p-values"},
    CalcMethod{"multiple/holm_sidak", [](const json& in) { return adjusted(in, stats::adjust_holm_sidak); },
               "step-down Sidak p-values"},
    CalcMethod{"multiple/hochberg", [](const json& in) { return adjusted(in, stats::adjust_hochberg); },
               "step-up adjusted p-values"},
    CalcMethod{"multiple/simes_hochberg", [](const json& in) { return adjusted(in, stats::adjust_hochberg); },
               "another name of hochberg"},
    CalcMethod{"multiple/hommel", [](const json& in) { return adjusted(in, stats::adjust_hommel); },
               "closed testing with Simes' tests"},
    CalcMethod{"multiple/bh", [](const json& in) { return adjusted(in, stats::adjust_benjamini_hochberg); },
               "false discovery rate"},
    CalcMethod{"multiple/by", [](const json& in) { return adjusted(in, stats::adjust_benjamini_yekutieli); },
               "false discovery rate, any dependence"},
    CalcMethod{"multiple/dunnett_critical", dunnett_critical,
               "critical values of several treatments against one control"},
    CalcMethod{"multiple/dunnett_step_down", dunnett_step_down,
               "closed testing of several treatments against one control"},
    CalcMethod{"multiple/alpha_allocation", alpha_allocation,
               "the error of each comparison of primaries, secondaries and guardrails"},
    CalcMethod{"multiple/false_coverage_level", false_coverage, "level of intervals for selected metrics"},
};

}  // namespace

std::span<const CalcMethod> multiplicity_methods() {
  return kMethods;
}

}  // namespace liftmark::cli
