#include "engine/aggregate/placebo.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "engine/aggregate/unit_pass.hpp"
#include "engine/definition/error.hpp"

namespace liftmark {
namespace {

struct Span {
  Micros first = std::numeric_limits<Micros>::max();
  Micros last = std::numeric_limits<Micros>::min();
};

Span span_of_events(const Reader& reader) {
  Span span;
  EventScanner scanner(reader, {.recorded_at = false});
  for (std::size_t index = 0; index < scanner.slices(); ++index) {
    const EventSlice& slice = scanner.read(index);
    for (const Micros at : slice.at) {
      span.first = std::min(span.first, at);
      span.last = std::max(span.last, at);
    }
  }
  if (span.last < span.first)
    throw Error(ErrorCode::data, "", "the store has no events", "import the shop's history first");
  return span;
}

/// Everybody with an event in [from, to), exposed by the first of them, all in one arm.
Population visitors(const Reader& reader, const PlaceboHistory& history, int day_offset_minutes) {
  Population population;
  population.arms = {"everybody"};
  population.epochs = {1};
  EventScanner scanner(reader, {.from = history.from, .to = history.to, .recorded_at = false});
  for (std::size_t index = 0; index < scanner.slices(); ++index) {
    const EventSlice& slice = scanner.read(index);
    for (UnitIndex unit = slice.first_unit; unit < slice.last_unit; ++unit) {
      if (slice.begin(unit) == slice.end(unit)) continue;
      population.unit.push_back(unit);
      population.first_at.push_back(slice.at[slice.begin(unit)]);
    }
  }
  const std::size_t size = population.unit.size();
  if (size == 0) return population;
  population.cell.assign(size, 0);
  population.crossed.assign(size, 0);
  population.fallback.assign(size, 0);
  const auto [first, last] = std::minmax_element(population.first_at.begin(), population.first_at.end());
  population.first = *first;
  population.last = *last;
  const std::int64_t first_day = day_of(population.first, day_offset_minutes);
  population.days = static_cast<std::size_t>(day_of(population.last, day_offset_minutes) - first_day) + 1;
  for (const Micros at : population.first_at)
    population.day.push_back(static_cast<std::uint16_t>(day_of(at, day_offset_minutes) - first_day));
  return population;
}

std::vector<std::string> metrics_of(const Plan& plan) {
  std::vector<std::string> keys = plan.primary;
  for (const Guardrail& guardrail : plan.guardrails) keys.push_back(guardrail.metric);
  keys.insert(keys.end(), plan.secondary.begin(), plan.secondary.end());
  return keys;
}

}  // namespace

PlaceboHistory placebo_history(const Reader& reader, const Catalog& catalog, const Plan& plan, int days) {
  Needs needs = needs_of(catalog, metrics_of(plan));
  if (needs.metrics.empty())
    throw Error(ErrorCode::data, "plan", "none of the plan's metrics has a value per unit", "");
  Micros longest = 0;
  for (const MetricNeeds& metric : needs.metrics) longest = std::max(longest, metric.window + metric.settle);
  const Span span = span_of_events(reader);
  PlaceboHistory history;
  history.end = span.last;
  history.to = span.last - longest;
  history.from = history.to - days * kMicrosPerDay;
  if (history.from < span.first)
    throw Error(
        ErrorCode::data, "",
        fmt::format("the history spans {} days; {} days of visitors and their {}-day windows do not fit",
                    (span.last - span.first) / kMicrosPerDay, days, longest / kMicrosPerDay),
        "give fewer --days, or import more history");
  Population population = visitors(reader, history, catalog.day_offset_minutes);
  if (population.size() == 0)
    throw Error(ErrorCode::data, "", "nobody was seen in the days to be calibrated on", "see --days");
  bound_time(needs, population.first, population.last);
  UnitPass pass({reader, needs, population, catalog.day_offset_minutes, reader.until()});
  for (MetricSums& metric : pass.metrics()) metric.keep_units();
  EventScanner scanner(reader, needs.filter);
  for (std::size_t slice = 0; slice < scanner.slices(); ++slice) pass.add(scanner.read(slice));
  history.days = population.days;
  history.day = std::move(population.day);
  for (std::size_t m = 0; m < needs.metrics.size(); ++m) {
    const MetricNeeds& metric = needs.metrics[m];
    const MetricKind kind = metric.metric->kind;
    const bool of_the_arm = kind == MetricKind::quantile || kind == MetricKind::breadth;  // no value per unit
    if (!metric.reported || of_the_arm) continue;
    MetricSums& sums = pass.metrics()[m];
    sums.settle_cap();
    history.metrics.push_back({metric.metric->key, metric.layout, metric.per_one, sums.take_units()});
  }
  return history;
}

}  // namespace liftmark
