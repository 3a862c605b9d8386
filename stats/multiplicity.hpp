#pragma once
// Many comparisons at once: adjusted p-values, Dunnett's many-to-one comparisons, intervals after selection.

#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace liftmark::stats {

/// p-values in [0, 1] in, adjusted p-values in the same order out, each in [0, 1] and never below its own p.
/// An empty span gives an empty vector. Throws std::invalid_argument for a p outside [0, 1].
using AdjustPValues = std::vector<double> (*)(std::span<const double> p);

/// min(1, m p). Controls the family-wise error under any dependence.
std::vector<double> adjust_bonferroni(std::span<const double> p);
/// 1 - (1 - p)^m. Family-wise error under independence. Sidak 1967.
std::vector<double> adjust_sidak(std::span<const double> p);
/// Step-down Bonferroni, any dependence. Holm 1979.
std::vector<double> adjust_holm(std::span<const double> p);
/// Step-down Sidak.
std::vector<double> adjust_holm_sidak(std::span<const double> p);
/// Step-up; needs independence or positive dependence. Hochberg 1988.
std::vector<double> adjust_hochberg(std::span<const double> p);
/// Closed testing with Simes' tests; at least as sharp as Hochberg. Hommel 1988, adjusted p of Wright 1992.
std::vector<double> adjust_hommel(std::span<const double> p);
/// False discovery rate under independence or positive regression dependence. Benjamini and Hochberg 1995.
std::vector<double> adjust_benjamini_hochberg(std::span<const double> p);
/// False discovery rate under any dependence. Benjamini and Yekutieli 2001, theorem 1.3.
std::vector<double> adjust_benjamini_yekutieli(std::span<const double> p);

struct MultiplicityRule {
  std::string_view name;  ///< what a plan and `calc` say
  AdjustPValues adjust;
};
inline constexpr std::array<MultiplicityRule, 8> kMultiplicityRules{{
    {"bonferroni", adjust_bonferroni},
    {"sidak", adjust_sidak},
    {"holm", adjust_holm},
    {"holm_sidak", adjust_holm_sidak},
    {"hochberg", adjust_hochberg},
    {"hommel", adjust_hommel},
    {"bh", adjust_benjamini_hochberg},
    {"by", adjust_benjamini_yekutieli},
}};

/// Several treatments against one control with a common variance (or large samples: no `df`).
struct ManyToOne {
  double n_control = 0;
  std::vector<double> n_treatments;  ///< one or more, > 0
  std::optional<double> df;          ///< of the variance; empty: known
};

/// P(max_i T_i > t) under no effect, T multivariate t with correlation l_i l_j, l_i = sqrt(n_i / (n_i +
/// n_0)). `two_sided`: of |T_i|. Dunnett 1955, as an integral over the control's mean and the variance.
double dunnett_p_value(const ManyToOne& design, double t, bool two_sided);
/// The t with dunnett_p_value(t) = 1 - confidence.
double dunnett_critical(const ManyToOne& design, double confidence, bool two_sided);
/// Closed testing: step-down Dunnett p-values for the treatments' statistics (same order as n_treatments).
/// Marcus, Peritz and Gabriel 1976; Dunnett and Tamhane 1991.
std::vector<double> dunnett_step_down(const ManyToOne& design, std::span<const double> statistics,
                                      bool two_sided);

/// Level for the intervals of `selected` parameters chosen out of `m` by a false-discovery rule at rate `q`,
/// such that the expected share of intervals that miss is at most q: 1 - selected q / m. Benjamini and
/// Yekutieli 2005.
double false_coverage_level(std::size_t selected, std::size_t m, double q);

/// What a plan decides with, and the error it may make in all.
struct ErrorBudget {
  double alpha = 0.05;            ///< two-sided: of the primaries together, and once more of the secondaries
  double guardrail_alpha = 0.05;  ///< one-sided: of "within margin"
  double harm_alpha = 0.01;       ///< one-sided: of all "breached" together
  std::size_t primaries = 1, secondaries = 0, guardrails = 0;
  std::size_t variants = 1;  ///< compared with one control
};
/// The error of one comparison, by which both its interval and its test are made: they cannot disagree.
struct ErrorShares {
  double primary = 0.05, secondary = 0.05, guardrail = 0.05, harm = 0.01;
};
/// MEASUREMENT "Readings, alpha and the verdict": Bonferroni over metrics x variants within primaries,
/// secondaries and harm tests; guardrails whole, because all of them must hold (intersection-union). A role
/// without metrics keeps its error whole.
ErrorShares allocate_error(const ErrorBudget& budget);

}  // namespace liftmark::stats
