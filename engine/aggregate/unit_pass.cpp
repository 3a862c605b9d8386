#include "engine/aggregate/unit_pass.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace liftmark {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
constexpr Micros kActive = 30 * kMicrosPerDay;  // lifecycle: since the last purchase
constexpr Micros kLapsing = 90 * kMicrosPerDay;
constexpr Micros kLate = kMicrosPerDay;

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::int64_t add_product(std::int64_t total, std::int64_t value, Millionths weight) {
  const Int128 product = static_cast<Int128>(value) * weight;
  const Int128 rounded = (product + (product < 0 ? -500'000 : 500'000)) / 1'000'000;
  if (rounded > INT64_MAX || rounded < INT64_MIN) return add_exactly(INT64_MAX, 1);  // throws
  return add_exactly(total, static_cast<std::int64_t>(rounded));
}

}  // namespace

void PassCounts::merge(const PassCounts& other) noexcept {
  events_read += other.events_read;
  late_events += other.late_events;
  future_events += other.future_events;
  values_unread += other.values_unread;
}

UnitPass::UnitPass(const PassInput& input)
    : input_(input),
      scanner_(input.reader, input.needs.filter),
      daily_(input.needs.features.size()),
      order_feature_(input.needs.features.size(), 0),
      value_(input.needs.features.size(), 0),
      mark_(input.needs.features.size(), kNever),
      today_(input.needs.metrics.size()),
      orders_(input.needs.orders.size()),
      refunds_(input.needs.orders.size()) {
  const Needs& needs = input_.needs;
  for (const auto& predicate : needs.predicates)
    matches_.emplace_back(predicate, needs.filter.properties, input.reader);
  for (std::size_t column = 0; column < needs.filter.properties.size(); ++column)
    numbers_.emplace_back(column, input.reader);
  for (std::size_t m = 0; m < needs.metrics.size(); ++m) {
    const MetricNeeds& metric = needs.metrics[m];
    sums_.emplace_back(metric, input_.population);
    if (!metric.daily || !metric.reported) continue;
    for (std::size_t place = 0; place < (metric.layout.ratio ? 2u : 1u); ++place)
      daily_[static_cast<std::size_t>(metric.features[place])].push_back(
          {static_cast<std::uint16_t>(m), static_cast<std::uint8_t>(place)});
  }
  steps_of_.resize(needs.features.size());
  surfaces_of_.resize(needs.features.size());
  step_events_.resize(needs.metrics.size());
  surface_values_.resize(needs.metrics.size());
  for (std::size_t m = 0; m < needs.metrics.size(); ++m) {
    const MetricNeeds& metric = needs.metrics[m];
    for (std::size_t step = 0; step < metric.steps.size(); ++step)
      steps_of_[static_cast<std::size_t>(metric.steps[step])].push_back(
          {static_cast<std::uint16_t>(m), static_cast<std::uint8_t>(step)});
    if (metric.surface >= 0)
      surfaces_of_[static_cast<std::size_t>(metric.features.front())].push_back(
          static_cast<std::uint16_t>(m));
  }
  for (const OrderNeeds& orders : needs.orders) order_feature_[static_cast<std::size_t>(orders.feature)] = 1;
  prepare_types();
}

UnitPass::~UnitPass() = default;

void UnitPass::prepare_types() {
  const Needs& needs = input_.needs;
  for (const std::string& type : input_.reader.types()) {
    TypeNeeds wanted;
    for (std::size_t f = 0; f < needs.features.size(); ++f) {
      if (!contains(needs.features[f].types, type)) continue;
      (needs.features[f].from_start ? wanted.start_features : wanted.features)
          .push_back(static_cast<std::uint16_t>(f));
    }
    for (std::size_t o = 0; o < needs.orders.size(); ++o)
      if (contains(needs.orders[o].refund_types, type))
        wanted.refunds.push_back(static_cast<std::uint16_t>(o));
    types_.push_back(std::move(wanted));
    purchase_type_.push_back(type == "purchase");
  }
}

void UnitPass::read(std::size_t index) {
  const EventSlice& slice = scanner_.read(index);
  const auto& units = input_.population.unit;
  auto member = std::lower_bound(units.begin(), units.end(), slice.first_unit);
  const bool everybody =
      std::any_of(types_.begin(), types_.end(), [](const auto& t) { return !t.start_features.empty(); });
  for (UnitIndex unit = slice.first_unit; unit < slice.last_unit; ++unit) {
    const bool measured = member != units.end() && *member == unit;
    if (everybody) start_unit(slice, unit);
    if (measured) measured_unit(slice, static_cast<std::size_t>(member++ - units.begin()));
    if (measured || everybody) clear();
  }
}

void UnitPass::start_unit(const EventSlice& slice, UnitIndex unit) {
  bool any = false;
  for (std::uint32_t i = slice.begin(unit); i < slice.end(unit); ++i) {
    const Micros since = slice.at[i] - input_.population.first;
    for (const std::uint16_t f : types_[slice.type[i]].start_features) {
      const Feature& feature = input_.needs.features[f];
      std::int64_t value = 0;
      if (since < feature.from || since >= feature.to || !number(slice, i, feature, value)) continue;
      aggregate(feature, value, day_of(slice.at[i], input_.day_offset_minutes), value_[f], mark_[f]);
      any = true;
    }
  }
  if (!any) return;
  for (std::size_t m = 0; m < sums_.size(); ++m) {
    const int feature = input_.needs.metrics[m].cap_history;
    if (feature >= 0 && value_[static_cast<std::size_t>(feature)] != 0)
      sums_[m].add_cap_history(value_[static_cast<std::size_t>(feature)]);
  }
}

void UnitPass::measured_unit(const EventSlice& slice, std::size_t member) {
  const UnitIndex unit = input_.population.unit[member];
  for (std::uint32_t i = slice.begin(unit); i < slice.end(unit); ++i) event(slice, i, member);
  finish(member);
}

void UnitPass::event(const EventSlice& slice, std::uint32_t index, std::size_t member) {
  const Micros at = slice.at[index];
  const Micros since = at - input_.population.first_at[member];
  const TypeNeeds& wanted = types_[slice.type[index]];
  ++counts_.events_read;
  if (slice.recorded_at[index] - at > kLate) ++counts_.late_events;
  if (slice.recorded_at[index] < at) ++counts_.future_events;
  if (since < 0) {
    last_before_ = std::max(last_before_, at);
    if (purchase_type_[slice.type[index]]) last_purchase_ = std::max(last_purchase_, at);
  }
  for (const std::uint16_t o : wanted.refunds)
    if (slice.reference[index] != Key{}) refunds_[o].push_back({slice.reference[index], slice.value[index]});
  for (const std::uint16_t f : wanted.features) {
    const Feature& feature = input_.needs.features[f];
    std::int64_t value = 0;
    if (since < feature.from || since >= feature.to || !number(slice, index, feature, value)) continue;
    const std::int64_t calendar_day =
        feature.aggregation == Aggregation::distinct_days ? day_of(at, input_.day_offset_minutes) : 0;
    aggregate(feature, value, calendar_day, value_[f], mark_[f]);
    if (order_feature_[f]) order_event(slice, index, f);
    if (!steps_of_[f].empty()) step_event(index, at, f);
    if (!surfaces_of_[f].empty()) surface_event(slice, index, f, value);
    if (!daily_[f].empty()) today(f, member, since, value, calendar_day);
  }
}

void UnitPass::order_event(const EventSlice& slice, std::uint32_t index, std::size_t feature) {
  for (std::size_t o = 0; o < orders_.size(); ++o)
    if (static_cast<std::size_t>(input_.needs.orders[o].feature) == feature)
      orders_[o].push_back({slice.key[index], slice.value[index]});
}

void UnitPass::step_event(std::uint32_t index, Micros at, std::size_t feature) {
  for (const auto& [metric, step] : steps_of_[feature]) step_events_[metric].push_back({step, index, at});
}

void UnitPass::surface_event(const EventSlice& slice, std::uint32_t index, std::size_t feature,
                             std::int64_t value) {
  for (const std::uint16_t metric : surfaces_of_[feature]) {
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
  if (needs.factors.empty()) return;
  UnitValues factors{};
  for (std::size_t i = 0; i < factors.size(); ++i)
    factors[i] = value_[static_cast<std::size_t>(needs.factors[i])];
  sums_[metric].add_factors(member, factors);
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

void UnitPass::aggregate(const Feature& feature, std::int64_t value, std::int64_t calendar_day,
                         std::int64_t& total, std::int64_t& mark) const {
  switch (feature.aggregation) {
    case Aggregation::any:
      total = 1;
      break;
    case Aggregation::count:
      ++total;
      break;
    case Aggregation::sum:
      total = add_exactly(total, value);
      break;
    case Aggregation::max:
      total = mark == kNever ? value : std::max(total, value);
      mark = 0;
      break;
    case Aggregation::distinct_days:
      if (mark != calendar_day) ++total;
      mark = calendar_day;
      break;
  }
}

void UnitPass::today(std::size_t feature, std::size_t member, Micros since, std::int64_t value,
                     std::int64_t calendar_day) {
  for (const auto& [metric, place] : daily_[feature]) {
    Today& today = today_[metric];
    const std::int64_t day = since / kMicrosPerDay;
    if (today.day != day) {
      flush_today(metric, member);
      today = {.day = day, .value = {0, 0}, .mark = {kNever, kNever}};
    }
    aggregate(input_.needs.features[feature], value, calendar_day, today.value[place], today.mark[place]);
  }
}

void UnitPass::flush_today(std::size_t metric, std::size_t member) {
  const Today& today = today_[metric];
  const MetricNeeds& needs = input_.needs.metrics[metric];
  if (today.day < 0 || !needs.mature(input_.population.first_at[member], input_.reader.as_of())) return;
  UnitValues values = values_of(metric);
  values[0] = today.value[0];
  if (needs.layout.ratio) values[1] = today.value[1];
  sums_[metric].add_day(member, history(needs, member), static_cast<std::size_t>(today.day), values);
}

bool UnitPass::history(const MetricNeeds& metric, std::size_t member) const {
  return last_before_ != kNever && last_before_ >= input_.population.first_at[member] - metric.lookback;
}

std::int64_t UnitPass::orders_standing(const OrderNeeds& needs, std::size_t place) const {
  std::int64_t standing = 0;
  for (const Order& order : orders_[place]) {
    std::int64_t total = order.value;
    bool refunded = false;
    for (const Refund& refund : refunds_[place])
      if (refund.order == order.key) {
        total = add_exactly(total, refund.value);
        refunded = true;
      }
    if (!refunded || total > 0) ++standing;
  }
  return standing >= needs.minimum ? 1 : 0;
}

UnitValues UnitPass::values_of(std::size_t index) const {
  const MetricNeeds& metric = input_.needs.metrics[index];
  UnitValues values{};
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
    values[0] = orders_standing(orders, static_cast<std::size_t>(metric.orders));
    // Before the exposure: as many orders, refunded or not.
    if (metric.layout.covariates > 0) values[1] = values[1] >= orders.minimum ? 1 : 0;
  }
  return values;
}

void UnitPass::place_in_dimensions(std::size_t member) {
  for (Dimension& dimension : input_.population.dimensions) {
    if (dimension.kind == Dimension::Kind::cold_start)
      dimension.group[member] = last_before_ == kNever ? 1 : 0;
    if (dimension.kind != Dimension::Kind::lifecycle) continue;
    const Micros since = last_purchase_ == kNever ? 0 : input_.population.first_at[member] - last_purchase_;
    dimension.group[member] = static_cast<std::uint16_t>(last_purchase_ == kNever ? 3
                                                         : since <= kActive       ? 0
                                                         : since <= kLapsing      ? 2
                                                                                  : 1);
  }
}

void UnitPass::finish(std::size_t member) {
  place_in_dimensions(member);
  const Micros first_at = input_.population.first_at[member];
  for (std::size_t m = 0; m < sums_.size(); ++m) {
    const MetricNeeds& metric = input_.needs.metrics[m];
    if (!metric.reported) continue;
    if (!metric.mature(first_at, input_.reader.as_of())) {
      sums_[m].add_immature(member);
      continue;
    }
    flush_today(m, member);
    sums_[m].add(member, history(metric, member), values_of(m));
    add_parts(m, member);
  }
}

void UnitPass::clear() {
  std::fill(value_.begin(), value_.end(), 0);
  std::fill(mark_.begin(), mark_.end(), kNever);
  for (Today& today : today_) today.day = -1;
  for (auto& orders : orders_) orders.clear();
  for (auto& refunds : refunds_) refunds.clear();
  for (auto& events : step_events_) events.clear();
  for (auto& values : surface_values_) values.clear();
  last_before_ = kNever;
  last_purchase_ = kNever;
}

}  // namespace liftmark
