#pragma once
// The tables lm_value and lm_day, and a metric's values as SQL over a row of them. Internal to the ClickHouse
// engine.

#include <string>
#include <vector>

#include "engine/aggregate/clickhouse/event_sql.hpp"

namespace liftmark::clickhouse {

/// Throws Error{usage} naming the metric that SQL cannot work out as it is defined.
void check_metrics(const Run& run);

/// lm_value: a row a measured unit, with the columns of lm_unit; `bot`: the unit is in lm_bot. `before` says
/// when the last event before the first exposure was, relative to it (0: none), f<i> is feature i, o<i> how
/// many orders i stand and ot<i> when (since the first exposure) the one that is enough was made, s<m> how
/// many steps of funnel m were passed; words<i> and numbers<i> are the rows that lm_day is made of.
/// Fills in what Statistics counts beside the metrics.
void make_values(const Run& run, const EventSql& events, Statistics& statistics);

/// lm_day: a row a unit and day since its first exposure on which something counted, with d<i> for the
/// features of metrics kept by day, f<i> for their covariates, `unit` (a number of its own), and the unit's
/// t0, cell and before. False, and no table, when there is no such metric.
bool make_days(const Run& run, const EventSql& events);

/// The metric's values over a row of lm_value, as integers: numerator [, denominator] [, covariates].
std::vector<std::string> value_sql(const Run& run, std::size_t metric);
/// The values of a blend's terms in millionths.
std::vector<std::string> term_sql(const Run& run, std::size_t metric);
/// "t0 <= .." of units that are mature for the metric; "1" when all are.
std::string mature_sql(const Run& run, const MetricNeeds& metric);
/// 1 when something is known from the lookback before the first exposure.
std::string history_sql(const MetricNeeds& metric);

}  // namespace liftmark::clickhouse
