#pragma once
// Plans that read at frozen dates read the same units whatever the date of the report.

#include <optional>

#include "engine/analyse/analyse.hpp"

namespace liftmark {

inline constexpr std::int64_t kDayMicros = 86'400'000'000;

/// Whole days from the first exposure to the as-of moment; 0 without exposures.
int days_run(const Statistics& statistics);

/// Units of all arms, mature or not.
std::int64_t total_units(const Statistics& statistics);

/// The last frozen date that has passed `days` days after the first exposure: a fixed plan's horizon, a
/// group-sequential plan's last look made. Empty for other methods and before the first date.
std::optional<int> frozen_day(const Plan& plan, int days);
/// The same for these statistics; empty for tables.
std::optional<int> frozen_day(const Statistics& statistics, const Analysis& analysis);

/// The statistics with each metric's cells as they were on the frozen day: the units mature by then, from the
/// days of their first exposure (a day that had begun only in part stays out). Rows that are not kept by day
/// (uncapped, without crossovers, without the largest, surfaces, terms) are dropped; segments, funnels,
/// factors, trends, breadth tables and follow-ups are not cut. Empty when there is nothing to leave out, as
/// in statistics made as of the frozen moment itself.
std::optional<Statistics> frozen_cut(const Statistics& statistics, const Analysis& analysis);

}  // namespace liftmark
