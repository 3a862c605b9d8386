#pragma once
// The result vocabulary of stats/: what every method returns, and how it says "the data cannot say".

#include <optional>
#include <string_view>

namespace liftmark::stats {

/// Why a number is missing. A method never returns NaN, infinity or a silent zero: it leaves the
/// optional empty and names the reason. `name(Reason)` is the word used in JSON and reports.
enum class Reason {
  none,                 ///< nothing is missing
  too_few_units,        ///< a variance or degrees of freedom need more units
  zero_variance,        ///< every unit has the same value
  zero_baseline,        ///< a relative effect against a control mean of zero
  negative_baseline,    ///< a log ratio needs positive means
  zero_denominator,     ///< a ratio metric whose denominator sums to zero
  unbounded,            ///< the confidence set is not an interval (Fieller) or has no finite end
  window_not_complete,  ///< no unit's window is over at the as-of time
  burn_in,              ///< an always-valid method before its burn-in
  before_horizon,       ///< a fixed-horizon plan read before its date
  no_convergence,       ///< a numerical search failed; a bug or an absurd input
  invalid_input,        ///< the caller's numbers are outside the method's domain
  needs_unit_values,    ///< the method needs values per unit, only moments are there
  not_applicable,       ///< the method does not exist for this kind of metric
};

/// The reason's name as printed and stored, e.g. "too_few_units".
std::string_view name(Reason reason) noexcept;
/// The reason with that name; `not_applicable` if there is none.
Reason reason_named(std::string_view name) noexcept;

enum class IntervalKind { confidence, confidence_sequence, group_sequential, credible };
std::string_view name(IntervalKind kind) noexcept;

/// A set of plausible values. An empty bound means that the set has no end on that side.
/// `level` is the coverage, e.g. 0.95.
struct Interval {
  std::optional<double> lower;
  std::optional<double> upper;
  double level = 0.95;
  IntervalKind kind = IntervalKind::confidence;
};

/// A point with its uncertainty. Fields that the data cannot give are empty and `reason` says why;
/// a point may be present with no interval (for instance during burn-in).
struct Estimate {
  std::optional<double> point;
  std::optional<double> standard_error;
  std::optional<Interval> interval;
  std::optional<double> p_value;
  Reason reason = Reason::none;
  std::string_view method;  ///< the method table's name; static storage
};

/// An Estimate that says nothing but why.
Estimate cannot_say(Reason reason, std::string_view method) noexcept;

}  // namespace liftmark::stats
