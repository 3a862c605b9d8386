// srm/*: sample-ratio tests.

#include "stats/sample_ratio.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "apps/cli/calc/inputs.hpp"
#include "apps/cli/calc/table.hpp"

namespace liftmark::cli {
namespace {

using nlohmann::json;

constexpr double kReferenceConcentration = 10000;

json chi_square(const json& inputs) {
  const auto observed = numbers(inputs, "observed");
  const auto weights = numbers(inputs, "weights");
  require(observed.size() == weights.size() && !observed.empty(),
          "\"observed\" and \"weights\" must have one entry an arm");
  const auto test = stats::sample_ratio_chi_square({.counts = observed, .shares = weights});
  if (test.reason == stats::Reason::invalid_input)
    refuse(test.reason, "counts and weights must be finite and at least 0");
  // Nobody came: nothing speaks against the shares.
  if (test.reason != stats::Reason::none) return {{"chi2", 0.0}, {"df", test.degrees_of_freedom}, {"p", 1.0}};
  if (test.unit_in_empty_arm) return {{"chi2", "Infinity"}, {"df", test.degrees_of_freedom}, {"p", 0.0}};
  return {{"chi2", written(*test.statistic)}, {"df", test.degrees_of_freedom}, {"p", *test.p_value}};
}

json sequential_multinomial(const json& inputs) {
  const auto batches = number_rows(inputs, "batches");
  const auto shares = numbers(inputs, "null_probabilities");
  const double concentration = number(inputs, "dirichlet_concentration", kReferenceConcentration);
  require(concentration > 0 && std::isfinite(concentration), "\"dirichlet_concentration\" must be above 0");
  require(std::all_of(shares.begin(), shares.end(),
                      [](double share) { return share >= 0 && std::isfinite(share); }) &&
              std::any_of(shares.begin(), shares.end(), [](double share) { return share > 0; }),
          "\"null_probabilities\" must be at least 0 and not all 0");
  std::vector<double> counts(shares.size(), 0.0), log_bayes, p_values, posteriors;
  stats::RunningPValue p_value;
  for (const auto& batch : batches) {
    require(batch.size() == shares.size(), "every batch must have one count an arm");
    for (std::size_t i = 0; i < batch.size(); ++i) {
      require(batch[i] >= 0 && std::isfinite(batch[i]), "counts must be finite and at least 0");
      counts[i] += batch[i];
    }
    const double log_factor = stats::log_bayes_factor({.counts = counts, .shares = shares}, concentration);
    log_bayes.push_back(log_factor);
    p_values.push_back(p_value.look(log_factor));
    posteriors.push_back(1 / (1 + std::exp(-log_factor)));
  }
  return {{"log_bayes_factor", written(log_bayes)},
          {"p_value", written(p_values)},
          {"posterior_probability", written(posteriors)}};
}

constexpr std::array kMethods{
    CalcMethod{"srm/chi2", chi_square, "Sample ratio, one look: Pearson's chi-square"},
    CalcMethod{"srm/sequential_multinomial", sequential_multinomial,
               "Sample ratio at every look: Dirichlet-multinomial"},
};

}  // namespace

std::span<const CalcMethod> sample_ratio_methods() {
  return kMethods;
}

}  // namespace liftmark::cli
