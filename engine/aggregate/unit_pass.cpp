#include "engine/aggregate/unit_pass.hpp"

#include <algorithm>
#include <stdexcept>

#include "engine/aggregate/lifecycle.hpp"

namespace liftmark {
namespace {

std::int64_t add_product(std::int64_t total, std::int64_t value, Millionths weight) {
  const Int128 product = static_cast<Int128>(value) * weight;
  const Int128 rounded = (product + (product < 0 ? -500'000 : 500'000)) / 1'000'000;
  if (rounded > INT64_MAX || rounded < INT64_MIN) return add_exactly(INT64_MAX, 1);  // throws
  return add_exactly(total, static_cast<std::int64_t>(rounded));
}

std::int64_t add_multiple(std::int64_t total, std::int64_t value, std::int64_t times) {
  std::int64_t product = 0, sum = 0;
  if (__builtin_mul_overflow(value, times, &product) || __builtin_add_overflow(total, product, &sum))
    return add_exactly(INT64_MAX, 1);  // throws
  return sum;
}

/// Takes one event's number into a total. `mark` remembers what the aggregation needs: that there was one, or
/// the last day.
inline void take(const Action& action, std::int64_t value, std::int64_t calendar_day, std::int64_t& total,
                 std::int64_t& mark) {
  if (action.additive) {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(total, (value & action.mask) + action.one, &sum))
      add_exactly(INT64_MAX, 1);  // throws
    total = action.once ? 1 : sum;
  } else if (action.aggregation == Aggregation::max) {
    total = mark == std::numeric_limits<std::int64_t>::min() ? value : std::max(total, value);
    mark = 0;
  } else {  // distinct_days
    if (mark != calendar_day) ++total;
    mark = calendar_day;
  }
}

}  // namespace

void PassCounts::merge(const PassCounts& other) noexcept {
  events_read += other.events_read;
  late_events += other.late_events;
  future_events += other.future_events;
  values_unread += other.values_unread;
}

void PassCounts::subtract(const PassCounts& other) noexcept {
  events_read -= other.events_read;
  late_events -= other.late_events;
  future_events -= other.future_events;
  values_unread -= other.values_unread;
}

UnitPass::UnitPass(const PassInput& input)
    : input_(input),
      program_(input.needs, input.reader.types(), false),
      start_program_(input.needs, input.reader.types(), true),
      value_(input.needs.features.size(), 0),
      mark_(input.needs.features.size(), kNever),
      today_(input.needs.metrics.size()),
      days_(input.needs.metrics.size()),
      trend_(input.needs.metrics.size()),
      kept_events_(input.needs.metrics.size()),
      orders_(input.needs.orders.size()),
      refunds_(input.needs.orders.size()),
      step_events_(input.needs.metrics.size()),
      surface_values_(input.needs.metrics.size()) {
  const Needs& needs = input_.needs;
  for (const auto& predicate : needs.predicates)
    matches_.emplace_back(predicate, needs.filter.properties, input.reader);
  for (std::size_t column = 0; column < needs.filter.properties.size(); ++column)
    numbers_.emplace_back(column, input.reader);
  for (const std::string& type : input_.reader.types()) purchase_type_.push_back(type == "purchase");
  if (needs.counted)
    for (const std::string& type : input_.reader.types()) {
      const auto& types = needs.counted->types;
      counted_type_.push_back(types.empty() || std::find(types.begin(), types.end(), type) != types.end());
    }
  for (const MetricNeeds& metric : needs.metrics) {
    sums_.emplace_back(metric, input_.population);
    kept_.push_back(kept_sums(metric, input_.population));
    plans_.push_back({.reported = metric.reported,
                      .plain = metric.terms.empty() && metric.steps.empty() && metric.orders < 0,
                      .parts = !metric.steps.empty() || !metric.factors.empty() || metric.surface >= 0 ||
                               !metric.terms.empty(),
                      .trend = metric.daily ? metric.window / kMicrosPerDay : 0,
                      .latest_first = metric.latest_mature(input_.until),
                      .features = metric.features});
    plans_.back().touched = bits_of(plans_.size() - 1);
  }
  for (const Dimension& dimension : input_.population.dimensions)
    lifecycle_ = lifecycle_ || dimension.kind == Dimension::Kind::lifecycle;
}

/// The features that can make the metric's values or parts other than zero.
std::uint64_t UnitPass::bits_of(std::size_t index) const {
  const MetricNeeds& metric = input_.needs.metrics[index];
  std::uint64_t bits = 0;
  for (const auto* features : {&metric.features, &metric.steps, &metric.factors})
    for (const int feature : *features)
      if (feature >= 0) bits |= bit(static_cast<std::size_t>(feature));
  for (const MetricNeeds::Term& term : metric.terms) bits |= bits_of(term.metric);
  // A time until an order is the whole window where there is none.
  const bool needs_no_order =
      metric.orders >= 0 &&
      (metric.kept || input_.needs.orders[static_cast<std::size_t>(metric.orders)].minimum < 1);
  return needs_no_order ? kAlways : bits;
}

UnitPass::~UnitPass() = default;

void UnitPass::add(const EventSlice& slice) {
  const auto& units = input_.population.unit;
  auto member = std::lower_bound(units.begin(), units.end(), slice.first_unit);
  const bool everybody = !start_program_.empty();
  for (UnitIndex unit = slice.first_unit; unit < slice.last_unit; ++unit) {
    const bool measured = member != units.end() && *member == unit;
    if (everybody && slice.begin(unit) != slice.end(unit)) start_unit(slice, unit);
    if (!measured) continue;
    begin_member(static_cast<std::size_t>(member++ - units.begin()));
    count_timing(slice, slice.begin(unit), slice.end(unit));
    go_through(slice, slice.begin(unit), slice.end(unit));
    if (layer_ != nullptr) pack(slice);
    finish();
  }
}

void UnitPass::merge(UnitPass& other) {
  for (std::size_t m = 0; m < sums_.size(); ++m) {
    sums_[m].merge(std::move(other.sums_[m]));
    if (kept_[m]) kept_[m]->merge(*other.kept_[m]);
  }
  counts_.merge(other.counts_);
}

void UnitPass::begin_unit() {
  if (touched_features_ != 0) {
    std::fill(value_.begin(), value_.end(), 0);
    std::fill(mark_.begin(), mark_.end(), kNever);
    for (auto& values : trend_) values = {};
    for (auto& days : days_) days.clear();
    touched_features_ = 0;
  }
  if (left_behind_) {
    for (auto& orders : orders_) orders.clear();
    for (auto& refunds : refunds_) refunds.clear();
    for (auto& events : step_events_) events.clear();
    for (auto& values : surface_values_) values.clear();
    for (auto& events : kept_events_) events.clear();
    left_behind_ = false;
  }
  day_ = -1;
  last_before_ = kNever;
  last_purchase_ = kNever;
}

void UnitPass::start_unit(const EventSlice& slice, UnitIndex unit, bool earlier) {
  const std::span<const Micros> bounds = start_program_.bounds();
  const Micros start = input_.population.first;
  const Micros last = start + bounds.back();
  std::uint32_t i = slice.begin(unit);
  const std::uint32_t end = slice.end(unit);
  if (i == end || slice.at[i] >= last) return;
  begin_unit();
  std::size_t interval = 0;
  for (; i < end && slice.at[i] < last; ++i) {
    if (earlier && (slice.timing[i] & kNew) != 0) continue;
    while (slice.at[i] - start >= bounds[interval]) ++interval;
    act(slice, i, start_program_.actions(interval, slice.type[i]));
  }
  if (touched_features_ == 0) return;
  for (std::size_t m = 0; m < sums_.size(); ++m) {
    const int feature = input_.needs.metrics[m].cap_history;
    if (feature >= 0 && value_[static_cast<std::size_t>(feature)] != 0)
      sums_[m].add_cap_history(value_[static_cast<std::size_t>(feature)]);
  }
}

void UnitPass::begin_member(std::size_t member) {
  member_ = member;
  first_at_ = input_.population.first_at[member];
  begin_unit();
}

void UnitPass::go_through(const EventSlice& slice, std::uint32_t i, std::uint32_t end) {
  std::uint32_t first_after = i;
  while (first_after < end && slice.at[first_after] < first_at_) ++first_after;
  if (first_after > i) last_before_ = slice.at[first_after - 1];
  for (std::uint32_t k = i; lifecycle_ && k < first_after; ++k)
    if (purchase_type_[slice.type[k]]) last_purchase_ = slice.at[k];
  // Interval by interval: most events of a unit lie where nothing is asked of them.
  const std::span<const Micros> bounds = program_.bounds();
  for (std::size_t interval = 0; i < end; ++interval) {
    const Micros until =
        interval == bounds.size() ? std::numeric_limits<Micros>::max() : first_at_ + bounds[interval];
    if (program_.idle(interval)) {
      while (i < end && slice.at[i] < until) ++i;
      if (interval == bounds.size()) break;
      continue;
    }
    for (; i < end && slice.at[i] < until; ++i) act(slice, i, program_.actions(interval, slice.type[i]));
    if (interval == bounds.size()) break;
  }
}

void UnitPass::count_timing(const EventSlice& slice, std::uint32_t begin, std::uint32_t end) {
  if (!counted_type_.empty()) return count_some_timing(slice, begin, end);
  counts_.events_read += end - begin;
  if (slice.prompt) return;
  for (std::uint32_t i = begin; i < end; ++i) {
    counts_.late_events += (slice.timing[i] & kLate) != 0;
    counts_.future_events += (slice.timing[i] & kFuture) != 0;
  }
}

/// The same for the events that the metrics read, where segments have more read.
void UnitPass::count_some_timing(const EventSlice& slice, std::uint32_t begin, std::uint32_t end) {
  for (std::uint32_t i = begin; i < end; ++i) {
    if (slice.at[i] < input_.needs.counted->from || !counted_type_[slice.type[i]]) continue;
    ++counts_.events_read;
    if (slice.prompt) continue;
    counts_.late_events += (slice.timing[i] & kLate) != 0;
    counts_.future_events += (slice.timing[i] & kFuture) != 0;
  }
}

inline void UnitPass::add_today(const Action& action, std::int64_t value, std::int64_t calendar_day) {
  for (const auto& [metric, place] : program_.daily(action.feature)) {
    Today& today = today_[metric];
    if (!today.touched) {
      today = {.touched = true, .value = {0, 0}, .mark = {kNever, kNever}};
      touched_.push_back(metric);
    }
    take(action, value, calendar_day, today.value[place], today.mark[place]);
  }
}

inline void UnitPass::act(const EventSlice& slice, std::uint32_t index, std::span<const Action> actions) {
  for (const Action& action : actions) {
    std::int64_t value = slice.value[index];
    if (action.checked && !number(slice, index, input_.needs.features[action.feature], value)) continue;
    if ((action.extra & ~Action::kDaily) != 0) {
      left_behind_ = true;
      keep(slice, index, action, value);
      if ((action.extra & Action::kRefund) != 0) continue;
    }
    touched_features_ |= bit(action.feature);
    const std::int64_t calendar_day = action.aggregation == Aggregation::distinct_days
                                          ? day_of(slice.at[index], input_.day_offset_minutes)
                                          : 0;
    take(action, value, calendar_day, value_[action.feature], mark_[action.feature]);
    if ((action.extra & Action::kDaily) == 0) continue;
    const std::int64_t day = (slice.at[index] - first_at_) / kMicrosPerDay;
    if (day != day_) end_day();
    day_ = day;
    add_today(action, value, calendar_day);
  }
}

void UnitPass::keep(const EventSlice& slice, std::uint32_t index, const Action& action, std::int64_t value) {
  if ((action.extra & Action::kRefund) != 0 && slice.reference[index] != Key{})
    refunds_[action.feature].push_back({slice.reference[index], slice.value[index]});
  if ((action.extra & Action::kOrder) != 0)
    for (const std::uint16_t o : program_.orders(action.feature))
      orders_[o].push_back({slice.key[index], slice.value[index], slice.at[index]});
  if ((action.extra & Action::kStep) != 0)
    for (const auto& [metric, step] : program_.steps(action.feature))
      step_events_[metric].push_back({step, index, slice.at[index]});
  if ((action.extra & Action::kKept) != 0)
    for (const std::uint16_t metric : program_.kept(action.feature)) {
      const int item = input_.needs.metrics[metric].item;
      kept_events_[metric].push_back(
          {.since = slice.at[index] - first_at_,
           .value = value,
           .item = item < 0 ? 0 : slice.properties[static_cast<std::size_t>(item)][index]});
    }
  if ((action.extra & Action::kSurface) != 0) surface_event(slice, index, action.feature, value);
}

void UnitPass::surface_event(const EventSlice& slice, std::uint32_t index, std::size_t feature,
                             std::int64_t value) {
  for (const std::uint16_t metric : program_.surfaces(feature)) {
    const ValueCode code =
        slice.properties[static_cast<std::size_t>(input_.needs.metrics[metric].surface)][index];
    auto& values = surface_values_[metric];
    auto found =
        std::find_if(values.begin(), values.end(), [&](const auto& entry) { return entry.first == code; });
    if (found == values.end()) found = values.insert(values.end(), {code, 0});
    const bool sum = input_.needs.features[feature].aggregation == Aggregation::sum;
    found->second = add_exactly(found->second, sum ? value : 1);
  }
}

/// Each step takes the earliest event that is not before the step before and not the same event. Events of
/// one moment may stand in either order, so that the order of arrival decides nothing.
std::size_t UnitPass::steps_passed(std::size_t metric) const {
  const auto& events = step_events_[metric];
  const StepEvent* before = nullptr;
  std::size_t passed = 0;
  for (; passed < input_.needs.metrics[metric].steps.size(); ++passed) {
    const StepEvent* next = nullptr;
    for (const StepEvent& event : events)
      if (event.step == passed && (!before || (event.at >= before->at && event.event != before->event)) &&
          (!next || event.at < next->at))
        next = &event;
    if (!next) break;
    before = next;
  }
  return passed;
}

void UnitPass::add_parts(std::size_t metric, std::size_t member) {
  const MetricNeeds& needs = input_.needs.metrics[metric];
  if (!needs.steps.empty()) sums_[metric].add_steps(member, steps_passed(metric));
  for (const auto& [surface, value] : surface_values_[metric])
    sums_[metric].add_surface(member, surface, value);
  if (!needs.terms.empty()) add_terms(metric, member);
  if (needs.factors.empty()) return;
  UnitValues factors{};
  for (std::size_t i = 0; i < factors.size(); ++i)
    factors[i] = value_[static_cast<std::size_t>(needs.factors[i])];
  sums_[metric].add_factors(member, factors);
}

/// A blend's terms, each in millionths.
void UnitPass::add_terms(std::size_t metric, std::size_t member) {
  std::vector<std::int64_t> values;
  for (const MetricNeeds::Term& term : input_.needs.metrics[metric].terms) {
    const bool millionths = input_.needs.metrics[term.metric].per_one[0] > 1.0;
    values.push_back(add_product(0, values_of(term.metric)[0], millionths ? 1'000'000 : 1'000'000'000'000));
  }
  sums_[metric].add_terms(member, values.data());
}

void UnitPass::keep_unit(std::size_t metric, bool mature) {
  const MetricNeeds& needs = input_.needs.metrics[metric];
  std::vector<KeptEvent>& events = kept_events_[metric];
  if (needs.orders >= 0)
    for (const Micros at : orders_standing(static_cast<std::size_t>(needs.orders)))
      events.push_back({.since = at - first_at_});
  kept_[metric]->add({.member = member_,
                      .mature = mature,
                      .followed = std::min(needs.window, input_.until - first_at_),
                      .events = events});
}

bool UnitPass::number(const EventSlice& slice, std::uint32_t index, const Feature& feature,
                      std::int64_t& value) {
  if (feature.predicate >= 0 && !matches_[static_cast<std::size_t>(feature.predicate)].holds(slice, index))
    return false;
  value = slice.value[index];
  if (feature.property < 0) return !feature.positive || value > 0;
  const auto read = numbers_[static_cast<std::size_t>(feature.property)].value(slice, index);
  if (!read) ++counts_.values_unread;
  value = read.value_or(0);
  return read.has_value() && (!feature.positive || value > 0);
}

/// Puts aside what the metrics had on the day that is over.
void UnitPass::end_day() {
  for (const std::uint16_t metric : touched_) {
    Today& today = today_[metric];
    today.touched = false;
    if (first_at_ > plans_[metric].latest_first) continue;
    days_[metric].push_back({day_, today.value});
    const Micros early = 2 * (plans_[metric].trend - day_) - 1, late = 2 * day_ + 1;
    for (std::size_t place = 0; place < 2; ++place) {
      std::int64_t* trend = trend_[metric].data() + 2 * place;
      trend[0] = add_multiple(trend[0], today.value[place], early);
      trend[1] = add_multiple(trend[1], today.value[place], late);
    }
  }
  touched_.clear();
}

std::vector<Micros> UnitPass::orders_standing(std::size_t place) const {
  std::vector<Micros> standing;
  for (const Order& order : orders_[place]) {
    std::int64_t total = order.value;
    bool refunded = false;
    for (const Refund& refund : refunds_[place])
      if (refund.order == order.key) {
        total = add_exactly(total, refund.value);
        refunded = true;
      }
    if (!refunded || total > 0) standing.push_back(order.at);
  }
  return standing;
}

UnitValues UnitPass::values_of(std::size_t index) const {
  const MetricNeeds& metric = input_.needs.metrics[index];
  UnitValues values{};
  if (plans_[index].plain) {
    const std::vector<int>& features = plans_[index].features;
    for (std::size_t i = 0; i < features.size(); ++i)
      values[i] = value_[static_cast<std::size_t>(features[i])];
    return values;
  }
  if (!metric.terms.empty()) {
    for (const MetricNeeds::Term& term : metric.terms) {
      const UnitValues part = values_of(term.metric);
      const MetricNeeds& needs = input_.needs.metrics[term.metric];
      for (std::size_t i = 0; i < metric.layout.dimension() && i < needs.layout.dimension(); ++i)
        // Counts become millionths, so that every term has the same unit.
        values[i] =
            add_product(values[i], part[i], needs.per_one[i] > 1.0 ? term.weight : term.weight * 1'000'000);
    }
    return values;
  }
  if (!metric.steps.empty()) {
    values[0] = steps_passed(index) == metric.steps.size() ? 1 : 0;
    return values;
  }
  for (std::size_t i = 0; i < metric.features.size(); ++i)
    values[i] = value_[static_cast<std::size_t>(metric.features[i])];
  if (metric.orders >= 0) {
    const OrderNeeds& orders = input_.needs.orders[static_cast<std::size_t>(metric.orders)];
    const std::vector<Micros> standing = orders_standing(static_cast<std::size_t>(metric.orders));
    const bool enough = standing.size() >= static_cast<std::size_t>(orders.minimum);
    values[0] = enough ? 1 : 0;
    if (metric.kept) {  // the time until then, in millionths of a day
      const Micros time =
          enough ? standing[static_cast<std::size_t>(orders.minimum) - 1] - first_at_ : metric.window;
      values[0] = time / (kMicrosPerDay / 1'000'000);
    }
    // Before the exposure: as many orders, refunded or not.
    if (metric.layout.covariates > 0) values[1] = values[1] >= orders.minimum ? 1 : 0;
  }
  return values;
}

void UnitPass::place_in_dimensions() {
  for (Dimension& dimension : input_.population.dimensions) {
    if (dimension.kind == Dimension::Kind::cold_start)
      dimension.group[member_] = last_before_ == kNever ? 1 : 0;
    if (dimension.kind != Dimension::Kind::lifecycle) continue;
    const auto since = last_purchase_ == kNever ? std::optional<Micros>() : first_at_ - last_purchase_;
    dimension.group[member_] = static_cast<std::uint16_t>(lifecycle_after(since));
  }
}

void UnitPass::finish() {
  place_in_dimensions();
  end_day();
  for (std::size_t m = 0; m < sums_.size(); ++m)
    if (plans_[m].reported) finish_metric(m);
}

void UnitPass::finish_metric(std::size_t m) {
  const MetricPlan& plan = plans_[m];
  const bool mature = first_at_ <= plan.latest_first;
  if (kept_[m]) keep_unit(m, mature);
  if (!mature) return sums_[m].add_immature(member_);
  const bool history_known = history(m);
  if (plan.touched != kAlways && (touched_features_ & plan.touched) == 0)
    return sums_[m].add_zero(member_, history_known);
  const UnitValues values = values_of(m);
  sums_[m].add(member_, history_known, values);
  if (plan.parts) add_parts(m, member_);
  if (plan.trend == 0) return;
  for (const auto& [day, value] : days_[m]) {
    UnitValues of_day = values;
    of_day[0] = value[0];
    if (input_.needs.metrics[m].layout.ratio) of_day[1] = value[1];
    sums_[m].add_day(member_, history_known, static_cast<std::size_t>(day), of_day);
  }
  sums_[m].add_trend(member_, trend_[m]);
}

}  // namespace liftmark
