#pragma once
// The tables lm_value, lm_day and lm_trend, and a metric's values as SQL over their rows. Internal to the
// ClickHouse engine.

#include <string>
#include <vector>

#include "engine/aggregate/clickhouse/event_sql.hpp"

namespace liftmark::clickhouse {

/// Throws Error{usage} naming the metric that SQL cannot work out as it is defined.
void check_metrics(const Run& run);

/// lm_value: a row a measured unit, with the columns of lm_unit but its number and 128 bits, which are there
/// when a metric's events come to the client; `bot`: the unit is in lm_bot. h<i> says whether anything is
/// known of lookback i, f<i> is feature i, o<i> how many orders i stand and ot<i> when (since the first
/// exposure) the one that is enough was made, s<m> how many steps of funnel m were passed. Fills in what
/// Statistics counts beside the metrics. Makes lm_day and lm_trend too (day_values.hpp).
void make_values(const Run& run, const EventSql& events, Statistics& statistics);

/// The metric's values over a row of lm_value, as integers: numerator [, denominator] [, covariates].
std::vector<std::string> value_sql(const Run& run, std::size_t metric);
/// The values of a blend's terms in millionths.
std::vector<std::string> term_sql(const Run& run, std::size_t metric);
/// "t0 <= .." of units that are mature for the metric; "1" when all are.
std::string mature_sql(const Run& run, const MetricNeeds& metric);
/// The lookbacks of metrics that have one, ascending.
std::vector<Micros> lookbacks_of(const Needs& needs);
/// 1 when something is known from the lookback before the first exposure: a column h<i>.
std::string history_sql(const Run& run, const MetricNeeds& metric);

}  // namespace liftmark::clickhouse
