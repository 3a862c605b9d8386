#pragma once
// Group-sequential designs: a few looks, boundaries that spend alpha, futility, power and sample size.
//
// Notation of Jennison and Turnbull 2000: Z_k at information I_k; B = Z sqrt(I_k / I_K) is Brownian with
// drift. Drift is E[Z] at information fraction 1.

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "stats/estimate.hpp"

namespace liftmark::stats {

/// How the error is divided over the looks. The first four spend an error rate as information arrives and so
/// allow any looks; the last four fix the boundary's shape and are solved for the looks they are given.
enum class BoundaryKind {
  lan_demets_obrien_fleming,  ///< Lan and DeMets 1983: 2 - 2 Phi(z_{1-a/2} / sqrt t)
  lan_demets_pocock,          ///< Lan and DeMets 1983: a log(1 + (e - 1) t)
  kim_demets,                 ///< Kim and DeMets 1987: a t^rho; parameter rho > 0
  hwang_shih_decani,  ///< Hwang, Shih and DeCani 1990: a (1 - e^{-gamma t}) / (1 - e^{-gamma}); parameter
                      ///< gamma
  obrien_fleming,     ///< O'Brien and Fleming 1979: z_k = C / sqrt t_k
  pocock,             ///< Pocock 1977: z_k = C
  wang_tsiatis,       ///< Wang and Tsiatis 1987: z_k = C t_k^(Delta - 1/2); parameter Delta
  haybittle_peto,     ///< Haybittle 1971, Peto 1976: z_k = parameter until the last look
};
std::string_view name(BoundaryKind kind) noexcept;
std::optional<BoundaryKind> boundary_kind_named(std::string_view name) noexcept;
/// Whether the kind spends by a function of time, so that looks need not be known beforehand.
bool spends_by_time(BoundaryKind kind) noexcept;

/// What the plan fixed. `alpha` is the total error over both sides when `sides` is 2.
struct GroupSequentialRule {
  BoundaryKind kind = BoundaryKind::lan_demets_obrien_fleming;
  double parameter = 0;  ///< rho, gamma, Delta or the interim z; see BoundaryKind
  double alpha = 0.05;
  int sides = 2;
};

/// Error spent by fraction `t` in [0, 1] of the spending time, of a one-sided `level`. Only for kinds that
/// spend by time.
double error_spent(BoundaryKind kind, double parameter, double level, double t);

/// Cumulative information at each look, increasing; any unit. `spending_time` is the share of error that may
/// be used by each look, non-decreasing to 1 at a final look; empty means information / last information.
struct Looks {
  std::vector<double> information;
  std::vector<double> spending_time;
};

/// Looks made so far against a plan for `planned_maximum`: spending time is min(1, information / planned). At
/// a look that is final whatever its information (`final_look`: the plan ended early) or that reached the
/// plan, all that is left is spent. This is how over- and under-running are handled.
Looks looks_against_plan(std::span<const double> information, double planned_maximum, bool final_look);

/// Stop for efficacy at z >= upper; at z <= lower the test stops on the other side (two-sided), or for
/// futility.
struct Boundaries {
  std::vector<double> fraction;     ///< information / last information
  std::vector<double> upper;        ///< z; at most 38.5, where the normal tail ends in a double
  std::vector<double> lower;        ///< z; empty: never stops below
  std::vector<double> error_spent;  ///< cumulative, over both sides
  /// Two-sided futility: |z| below it stops without an effect. Empty, or one value a look; equal to `upper`
  /// at the last.
  std::vector<double> inner = {};
};

/// Efficacy boundaries; lower = -upper when two-sided, else empty. Each look's upper bound solves
/// P(first crossing at k) = error spent at k less that before, by recursive integration.
/// Throws std::domain_error for looks or parameters outside the domain, or a Haybittle-Peto rule that has
/// already spent more than alpha.
Boundaries efficacy_boundaries(const GroupSequentialRule& rule, const Looks& looks);

/// Probability of first crossing at each look, for a drift at fraction 1 (the last information).
struct Crossing {
  std::vector<double> upper;
  std::vector<double> lower;
  std::vector<double> inner = {};  ///< of stopping in the middle, where there is one
};
Crossing crossing_probabilities(const Boundaries& boundaries, double drift);

/// Type II error spent on stopping for futility. A two-sided design stops in the middle, |z| <= inner.
struct FutilityRule {
  BoundaryKind kind = BoundaryKind::lan_demets_obrien_fleming;  ///< must spend by time
  double parameter = 0;
  double beta = 0.2;     ///< total type II error of the design
  bool binding = false;  ///< true: the efficacy bounds count on stopping below
};
/// Efficacy and futility bounds for a known drift at fraction 1. One-sided: the bounds meet, or nearly, at a
/// final look. Two-sided: the middle's bound solves P(drift)(first stop in the middle at k) = beta spent at k
/// less that before, and is the efficacy bound at a final look. Jennison and Turnbull 2000, sections 5.2
/// and 7.3.
Boundaries boundaries_with_futility(const GroupSequentialRule& rule, const Looks& looks,
                                    const FutilityRule& futility, double drift);

/// A design and what it costs.
struct GroupSequentialDesign {
  Boundaries boundaries;
  double drift = 0;      ///< E[Z] at the last look at which power is reached; its square is rpact's shift
  double inflation = 0;  ///< maximal information / that of a fixed design of the same alpha and power
  double expected_size_null = 0;  ///< expected information relative to the fixed design, no effect
  double expected_size_half = 0;  ///< at half the planned effect
  double expected_size_alternative = 0;
};
/// Solves for the drift that gives `power` (above alpha, below 1).
GroupSequentialDesign design_group_sequential(const GroupSequentialRule& rule, const Looks& looks,
                                              double power,
                                              const std::optional<FutilityRule>& futility = std::nullopt);

}  // namespace liftmark::stats
