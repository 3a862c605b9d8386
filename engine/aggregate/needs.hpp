#pragma once
// What the metrics of a plan need from the events, merged: which types, filters and time ranges to read, and
// which numbers to keep per unit. Equal needs are one feature, so ten metrics over purchases read purchases
// once.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/aggregate/statistics.hpp"
#include "engine/definition/catalog.hpp"
#include "engine/record/reader.hpp"

namespace liftmark {

/// One number per unit: an aggregation of the events that pass, within [from, to) of the unit's first
/// exposure.
struct Feature {
  Aggregation aggregation = Aggregation::count;
  std::vector<std::string> types;
  int predicate = -1;  ///< into Needs::predicates; -1: every event
  int property = -1;   ///< into EventFilter::properties: whose number counts; -1: the event's value
  Micros from = 0;
  Micros to = 0;
  bool positive = false;  ///< only events with a value above 0
  bool from_start =
      false;  ///< relative to the experiment's start instead, for every unit of the store (caps)
  bool operator==(const Feature&) const = default;
};

/// An order's events with their references, for metrics about orders that are not fully refunded.
struct OrderNeeds {
  int feature = -1;  ///< counts the orders; its events are kept with their keys
  std::vector<std::string> refund_types;
  int minimum = 2;
};

struct MetricNeeds {
  const Metric* metric = nullptr;
  bool reported = true;  ///< false: only a term of a blend
  ValueLayout layout;
  std::vector<int>
      features;  ///< numerator [, denominator] [, covariate [, its denominator]]; -1: not a feature
  std::vector<double> per_one;  ///< 1 for counts, 10^6 for millionths, by value
  int cap_history = -1;         ///< feature whose non-zero values give the percentile
  int orders = -1;              ///< into Needs::orders: the value is "at least k orders stand"
  std::vector<int> steps;       ///< funnel: a feature for each step, in order
  std::vector<int> factors;     ///< sums of money: bought, orders, gross, net
  int surface = -1;             ///< into EventFilter::properties: the numerator is also kept by its value
  bool kept = false;            ///< the numerator's events are kept whole for KeptSums
  int item = -1;                ///< into EventFilter::properties: the item of a kept event
  struct Term {
    std::size_t metric;  ///< into Needs::metrics
    Millionths weight = 0;
  };
  std::vector<Term> terms;
  Micros window = 0, settle = 0, lookback = 0;
  bool daily = false;  ///< also by days since the first exposure
  /// Units first exposed at or before this moment are mature at `as_of`: window and settling are over.
  Micros latest_mature(Micros as_of) const noexcept;
};

struct Needs {
  std::vector<MetricNeeds> metrics;  ///< terms of blends before the blend
  std::vector<Feature> features;
  std::vector<OrderNeeds> orders;
  std::vector<assign::Predicate> predicates;
  EventFilter filter;
  /// What the metrics themselves read, when segments widen `filter`: late events and clocks are counted over
  /// it.
  std::optional<EventFilter> counted;
};

/// How long after a unit's first exposure its events count for the metric.
Micros end_of_window(const Metric& metric);

/// The needs of the metrics with these keys, in this order.
Needs needs_of(const Catalog& catalog, const std::vector<std::string>& metrics);

/// Narrows the filter's time range to what any unit first exposed within [first, last] needs.
void bound_time(Needs& needs, Micros first, Micros last);

}  // namespace liftmark
