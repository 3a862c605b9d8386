#include "engine/aggregate/needs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "engine/aggregate/property_match.hpp"

namespace liftmark {
namespace {

constexpr double kMillion = 1e6;

bool is_money(const Source& source) {
  return source.aggregation == Aggregation::sum || source.aggregation == Aggregation::max;
}

struct Range {
  Micros from, to;
};

/// When a metric's events count, relative to the first exposure.
Range window_of(const Metric& metric) {
  if (metric.kind != MetricKind::retention) return {0, metric.window_days * kMicrosPerDay};
  const Micros day = metric.retention.day * kMicrosPerDay;
  switch (metric.retention.kind) {
    case Retention::Kind::on_day:
      return {day, day + kMicrosPerDay};
    case Retention::Kind::on_or_after:
      return {day, metric.retention.until_day * kMicrosPerDay};
    case Retention::Kind::within:
      return {1, day};  // the exposure's own moment is not a return
  }
  return {0, 0};
}

class Builder {
 public:
  Builder(const Catalog& catalog, Needs& needs) : catalog_(catalog), needs_(needs) {}

  /// The metric's place in Needs::metrics; it is built at most once.
  std::size_t metric(const Metric& metric, bool reported) {
    for (std::size_t i = 0; i < needs_.metrics.size(); ++i)
      if (needs_.metrics[i].metric == &metric) {
        needs_.metrics[i].reported = needs_.metrics[i].reported || reported;
        return i;
      }
    MetricNeeds built;
    built.metric = &metric;
    built.reported = reported;
    built.lookback = metric.lookback_days * kMicrosPerDay;
    built.window = end_of_window(metric);
    built.settle = metric.settle_days * kMicrosPerDay;
    if (metric.kind == MetricKind::blend)
      blend(built);
    else if (metric.kind == MetricKind::funnel)
      funnel(built);
    else
      sources(built);
    needs_.metrics.push_back(std::move(built));
    return needs_.metrics.size() - 1;
  }

 private:
  void sources(MetricNeeds& built) {
    const Metric& metric = *built.metric;
    const Range window = window_of(metric);
    const bool ratio = metric.kind == MetricKind::ratio;
    built.layout.ratio = ratio;
    // A measure of the whole arm, or a time that is not known before, has no value of the pre-period.
    const bool unadjusted = metric.kind == MetricKind::quantile || metric.kind == MetricKind::breadth ||
                            metric.kind == MetricKind::time_to_event;
    built.layout.covariates = metric.lookback_days == 0 || unadjusted ? 0 : ratio ? 2 : 1;
    built.layout.binary = metric.kind == MetricKind::proportion || metric.kind == MetricKind::retention ||
                          metric.kind == MetricKind::repeat_purchase;
    built.daily = metric.kind == MetricKind::proportion || metric.kind == MetricKind::count ||
                  metric.kind == MetricKind::mean || ratio;
    value(built, metric.numerator, window);
    if (ratio) value(built, metric.denominator, window);
    if (built.layout.covariates > 0) value(built, metric.numerator, {-built.lookback, 0});
    if (built.layout.covariates > 1) value(built, metric.denominator, {-built.lookback, 0});
    if (metric.cap && metric.cap->percentile)
      built.cap_history = feature(metric.numerator, {-built.window, 0},
                                  {.from_start = true, .predicate = predicate(metric.numerator.where)});
    if (metric.kind == MetricKind::repeat_purchase || metric.kind == MetricKind::time_to_event) {
      built.orders = static_cast<int>(needs_.orders.size());
      needs_.orders.push_back({built.features.front(), metric.refund_events, metric.minimum_orders});
      needs_.filter.keys = true;
    }
    if (unadjusted) kept(built);
    const bool additive = metric.kind == MetricKind::mean && metric.numerator.aggregation == Aggregation::sum;
    if (additive) factors(built, window);
    built.kept = built.kept || (additive && metric.numerator.events.size() > 1);  // when refunds came
    if (!metric.surface.empty() && (additive || metric.kind == MetricKind::count))
      built.surface = column(metric.surface);
  }

  void kept(MetricNeeds& built) {
    built.kept = true;
    const MetricKind kind = built.metric->kind;
    if (kind == MetricKind::breadth) built.item = column(built.metric->item);
    if (kind != MetricKind::breadth) built.per_one = {kMillion};  // money and days alike
  }

  void factors(MetricNeeds& built, Range window) {
    Source source = built.metric->numerator;
    const int where = predicate(built.metric->numerator.where);
    for (const Aggregation aggregation : {Aggregation::any, Aggregation::count, Aggregation::sum}) {
      source.aggregation = aggregation;
      built.factors.push_back(feature(source, window, {.positive = true, .predicate = where}));
    }
    built.factors.push_back(built.features.front());
  }

  /// The unit's value is 1 when it passed every step in order within the window.
  void funnel(MetricNeeds& built) {
    built.layout.binary = true;
    built.per_one = {1.0};
    built.features = {-1};
    for (Source step : built.metric->steps) {
      const int where = predicate(built.metric->steps[built.steps.size()].where);
      step.aggregation = Aggregation::any;
      built.steps.push_back(feature(step, window_of(*built.metric), {.predicate = where}));
    }
  }

  void blend(MetricNeeds& built) {
    built.per_one = {kMillion};
    for (const Metric::Term& term : built.metric->terms) {
      const Metric* part = catalog_.find_metric(term.metric);
      built.terms.push_back(
          {metric(*part, false), static_cast<Millionths>(std::llround(term.weight * kMillion))});
      built.lookback = std::max(built.lookback, part->lookback_days * kMicrosPerDay);
    }
    if (built.metric->lookback_days > 0) {
      built.layout.covariates = 1;
      built.per_one.push_back(kMillion);
    }
    built.features.assign(built.per_one.size(), -1);
  }

  void value(MetricNeeds& built, const Source& source, Range range) {
    built.features.push_back(feature(source, range, {.predicate = predicate(source.where)}));
    built.per_one.push_back(is_money(source) ? kMillion : 1.0);
  }

  struct Restriction {
    bool positive = false;
    bool from_start = false;
    int predicate = -1;
  };

  int feature(const Source& source, Range range, const Restriction& restriction) {
    Feature wanted{.aggregation = source.aggregation,
                   .types = source.events,
                   .predicate = restriction.predicate,
                   .property = source.value.empty() ? -1 : column(source.value),
                   .from = range.from,
                   .to = range.to,
                   .positive = restriction.positive,
                   .from_start = restriction.from_start};
    const auto found = std::find(needs_.features.begin(), needs_.features.end(), wanted);
    if (found != needs_.features.end()) return static_cast<int>(found - needs_.features.begin());
    needs_.features.push_back(std::move(wanted));
    return static_cast<int>(needs_.features.size()) - 1;
  }

  int column(const std::string& name) {
    auto& columns = needs_.filter.properties;
    const auto found = std::find(columns.begin(), columns.end(), name);
    if (found != columns.end()) return static_cast<int>(found - columns.begin());
    columns.push_back(name);
    return static_cast<int>(columns.size()) - 1;
  }

  int predicate(const assign::Predicate& where) {
    if (where.op == assign::Predicate::Op::all && where.children.empty()) return -1;
    const auto known = predicates_.find(&where);
    if (known != predicates_.end()) return known->second;
    collect_properties(where, needs_.filter.properties);
    needs_.predicates.push_back(where);
    return predicates_[&where] = static_cast<int>(needs_.predicates.size()) - 1;
  }

  const Catalog& catalog_;
  Needs& needs_;
  std::map<const assign::Predicate*, int> predicates_;
};

}  // namespace

Micros end_of_window(const Metric& metric) {
  return window_of(metric).to;
}

Micros MetricNeeds::latest_mature(Micros as_of) const noexcept {
  const bool always_complete = metric->kind == MetricKind::retention ||
                               metric->kind == MetricKind::repeat_purchase ||
                               metric->kind == MetricKind::time_to_event;
  if (metric->maturity == Maturity::any && !always_complete) return std::numeric_limits<Micros>::max();
  return as_of - window - settle;
}

Needs needs_of(const Catalog& catalog, const std::vector<std::string>& metrics) {
  Needs needs;
  needs.filter.recorded_at = false;
  Builder builder(catalog, needs);
  for (const std::string& key : metrics) {
    const Metric* metric = catalog.find_metric(key);
    if (metric) builder.metric(*metric, true);
  }
  // Missing history means no event of any type before the first exposure, so with covariates every type is
  // read.
  const bool all_types = std::any_of(needs.metrics.begin(), needs.metrics.end(),
                                     [](const MetricNeeds& metric) { return metric.layout.covariates > 0; });
  if (all_types) return needs;
  std::vector<std::string>& types = needs.filter.types;
  for (const Feature& feature : needs.features)
    types.insert(types.end(), feature.types.begin(), feature.types.end());
  for (const OrderNeeds& orders : needs.orders)
    types.insert(types.end(), orders.refund_types.begin(), orders.refund_types.end());
  std::sort(types.begin(), types.end());
  types.erase(std::unique(types.begin(), types.end()), types.end());
  return needs;
}

void bound_time(Needs& needs, Micros first, Micros last) {
  Micros earliest = 0;
  Micros latest = 0;
  for (const MetricNeeds& metric : needs.metrics)
    if (metric.layout.covariates > 0) earliest = std::min(earliest, -metric.lookback);
  for (const Feature& feature : needs.features) {
    earliest = std::min(earliest, feature.from);
    latest = std::max(latest, feature.to);
  }
  needs.filter.from = first + earliest;
  // Refunds count whenever they are known, so orders are read to the end.
  needs.filter.to = needs.orders.empty() ? last + latest : std::numeric_limits<Micros>::max();
}

}  // namespace liftmark
