#include "apps/cli/plan/baseline.hpp"

#include <stdexcept>
#include <string>

#include "engine/definition/error.hpp"

namespace liftmark::cli {
namespace {

[[noreturn]] void misused(const std::string& option, const std::string& message, const std::string& remedy) {
  throw Error(ErrorCode::usage, option, message, remedy);
}

stats::Baseline quantile_of(const StatedBaseline& stated) {
  if (!stated.value || !stated.density)
    misused("--quantile", "needs --value, the quantile, and --density, the share of values per unit of value",
            "liftmark plan --quantile 0.5 --value 42 --density 0.012 --mde 3%");
  return stats::quantile_baseline({.probability = *stated.quantile,
                                   .quantile = *stated.value,
                                   .density = *stated.density,
                                   .values_per_unit = stated.values_per_unit,
                                   .design_effect = stated.design_effect});
}

stats::Baseline mean_of(const StatedBaseline& stated) {
  if (!stated.mean || !stated.deviation)
    misused("--mean", "and --sd, the standard deviation of one unit's value, need each other",
            "liftmark plan --mean 11.8 --sd 45 --mde 3%");
  stats::Baseline baseline{.mean = *stated.mean, .variance = *stated.deviation * *stated.deviation};
  if (!stated.window) return baseline;
  if (!(*stated.window > *stated.mean && *stated.mean > 0))
    misused("--window", "must be longer than the mean time within it", "give both in days");
  baseline.window = *stated.window;
  return baseline;
}

}  // namespace

stats::Baseline baseline_of(const StatedBaseline& stated) {
  const int kinds = stated.proportion.has_value() + (stated.mean || stated.deviation) +
                    stated.quantile.has_value() + stated.event_share.has_value();
  if (kinds != 1)
    misused("",
            kinds == 0 ? "a baseline is needed: --proportion, --mean, --quantile, --event-share, or --store"
                       : "one baseline only: --proportion, --mean, --quantile or --event-share",
            "liftmark plan --proportion 0.04 --mde 5%");
  if (!stated.quantile && (stated.value || stated.density))
    misused("--value", "and --density belong to --quantile", "liftmark plan --help");
  if (stated.window && (stated.proportion || stated.quantile))
    misused("--window", "belongs to --event-share, or to --mean of a time to an event",
            "liftmark plan --help");
  try {
    if (stated.quantile) return quantile_of(stated);
    if (stated.event_share) {
      if (!stated.window)
        misused("--event-share", "needs --window, in days", "--event-share 30% --window 28");
      return stats::restricted_mean_baseline(*stated.event_share, *stated.window);
    }
    if (stated.proportion)
      return {.mean = *stated.proportion,
              .variance = *stated.proportion * (1 - *stated.proportion),
              .proportion = true};
    return mean_of(stated);
  } catch (const std::domain_error& error) {
    misused("plan", error.what(), "see liftmark plan --help");
  }
}

}  // namespace liftmark::cli
