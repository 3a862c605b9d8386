// A metric's values as SQL over a row of lm_value.

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "engine/aggregate/clickhouse/unit_values.hpp"

namespace liftmark::clickhouse {
namespace {

/// round(value x weight / 10^6), half away from zero, for a weight in millionths, without leaving 64 bits.
std::string weighted(const std::string& value, bool millionths, Millionths weight) {
  if (!millionths) return fmt::format("({}) * toInt64({})", value, weight);  // counts become millionths
  const std::string rest = fmt::format("(({}) % 1000000) * toInt64({})", value, weight);
  return fmt::format(
      "intDiv({0}, 1000000) * toInt64({1}) + intDiv({2} + if({2} < 0, -500000, 500000), 1000000)",
      "(" + value + ")", weight, rest);
}

}  // namespace

std::vector<std::string> value_sql(const Run& run, std::size_t index) {
  const MetricNeeds& metric = run.needs.metrics[index];
  std::vector<std::string> values;
  if (!metric.terms.empty()) {
    for (std::size_t i = 0; i < metric.layout.dimension(); ++i) {
      std::string sum;
      for (const MetricNeeds::Term& term : metric.terms) {
        const MetricNeeds& part = run.needs.metrics[term.metric];
        if (i >= part.layout.dimension()) continue;
        const std::string value =
            weighted(value_sql(run, term.metric)[i], part.per_one[i] > 1.0, term.weight);
        sum += (sum.empty() ? "(" : " + (") + value + ")";
      }
      values.push_back(sum.empty() ? "toInt64(0)" : sum);
    }
    return values;
  }
  if (!metric.steps.empty()) return {fmt::format("toInt64(s{} = {})", index, metric.steps.size())};
  for (const int feature : metric.features) values.push_back(fmt::format("f{}", feature));
  if (metric.orders < 0) return values;
  const int minimum = run.needs.orders[static_cast<std::size_t>(metric.orders)].minimum;
  values[0] = fmt::format("toInt64(o{} >= {})", metric.orders, minimum);
  if (metric.kept)  // the time until then, in millionths of a day
    values[0] = fmt::format("intDiv(if(o{0} >= {1}, ot{0}, toInt64({2})), {3})", metric.orders, minimum,
                            metric.window, kMicrosPerDay / 1'000'000);
  if (metric.layout.covariates > 0) values[1] = fmt::format("toInt64({} >= {})", values[1], minimum);
  return values;
}

std::vector<std::string> term_sql(const Run& run, std::size_t index) {
  std::vector<std::string> values;
  for (const MetricNeeds::Term& term : run.needs.metrics[index].terms) {
    const std::string value = value_sql(run, term.metric)[0];
    const bool millionths = run.needs.metrics[term.metric].per_one[0] > 1.0;
    values.push_back(millionths ? value : fmt::format("({}) * 1000000", value));
  }
  return values;
}

std::string mature_sql(const Run& run, const MetricNeeds& metric) {
  const Micros latest = metric.latest_mature(run.until);
  return latest == std::numeric_limits<Micros>::max() ? "1" : fmt::format("t0 <= {}", latest);
}

std::vector<Micros> lookbacks_of(const Needs& needs) {
  std::set<Micros> lookbacks;
  for (const MetricNeeds& metric : needs.metrics)
    if (metric.lookback > 0) lookbacks.insert(metric.lookback);
  return {lookbacks.begin(), lookbacks.end()};
}

std::string history_sql(const Run& run, const MetricNeeds& metric) {
  if (metric.lookback <= 0) return "toUInt8(0)";
  const std::vector<Micros> lookbacks = lookbacks_of(run.needs);
  return fmt::format(
      "h{}", std::lower_bound(lookbacks.begin(), lookbacks.end(), metric.lookback) - lookbacks.begin());
}

}  // namespace liftmark::clickhouse
