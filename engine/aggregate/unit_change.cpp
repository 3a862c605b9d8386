// Units that are looked at again: what they gave before and what they give now, out of one look at their
// rows.

#include <algorithm>

#include "engine/aggregate/unit_pass.hpp"

namespace liftmark {

void UnitPass::pack(const EventSlice& slice) const {
  const UnitIndex unit = input_.population.unit[member_];
  const std::span<const Micros> bounds = program_.bounds();
  layer_->begin_unit(unit, first_at_, true);
  std::size_t interval = 0;
  for (std::uint32_t i = slice.begin(unit); i < slice.end(unit); ++i) {
    while (interval < bounds.size() && slice.at[i] - first_at_ >= bounds[interval]) ++interval;
    const bool latest_before = slice.at[i] == last_before_ || (lifecycle_ && slice.at[i] == last_purchase_);
    if (latest_before || !program_.actions(interval, slice.type[i]).empty()) layer_->add(slice, i);
  }
  layer_->end_unit();
}

bool UnitPass::before_start(const EventSlice& slice, UnitIndex unit) const {
  return !start_program_.empty() && slice.begin(unit) != slice.end(unit) &&
         slice.at[slice.begin(unit)] < input_.population.first + start_program_.bounds().back();
}

bool UnitPass::add_idle(const EventSlice& slice, const MemberOf& unit) {
  if (before_start(slice, unit.unit)) return false;
  if (!unit.member) return true;
  const Micros first_at = input_.population.first_at[*unit.member];
  const std::span<const Micros> bounds = program_.bounds();
  for (std::uint32_t i = slice.begin(unit.unit); i < slice.end(unit.unit); ++i) {
    if (slice.at[i] < first_at) return false;  // it is history
    const auto behind = std::upper_bound(bounds.begin(), bounds.end(), slice.at[i] - first_at);
    const auto interval = static_cast<std::size_t>(behind - bounds.begin());
    if (!program_.actions(interval, slice.type[i]).empty()) return false;
  }
  count_timing(slice, slice.begin(unit.unit), slice.end(unit.unit));
  return true;
}

void UnitPass::add_change(UnitPass& before, UnitPass& now, const EventSlice& slice,
                          std::span<const ChangedUnit> units) {
  for (const ChangedUnit& one : units) {
    if (!one.remembered && !now.start_program_.empty()) {
      before.start_unit(slice, one.unit, true);
      now.start_unit(slice, one.unit);
    }
    if (!one.now) continue;
    go_through_both(before, now, slice, one);
    if (now.layer_ != nullptr) now.pack(slice);
    if (one.before && !one.placed_anew) {
      finish_change(before, now);
      continue;
    }
    // First what was: where both populations are one, groups are left as they are now.
    if (one.before) before.finish();
    now.finish();
  }
}

/// Rows that are new are counted, those that both have are not.
void UnitPass::go_through_both(UnitPass& before, UnitPass& now, const EventSlice& slice,
                               const ChangedUnit& one) {
  const std::uint32_t begin = slice.begin(one.unit), end = slice.end(one.unit);
  const auto is_new = [&](std::uint32_t i) { return (slice.timing[i] & kNew) != 0; };
  std::uint32_t fresh = begin;  // the end of the rows that come before all new ones
  while (fresh < end && !is_new(fresh)) ++fresh;
  now.begin_member(*one.now);
  if (!one.before) {
    now.count_timing(slice, begin, end);
    return now.go_through(slice, begin, end);
  }
  before.begin_member(*one.before);
  bool mixed = one.placed_anew;
  for (std::uint32_t i = fresh, next = fresh; i < end; i = next) {
    while (next < end && is_new(next) == is_new(i)) ++next;
    if (is_new(i))
      now.count_timing(slice, i, next);
    else
      mixed = true;
  }
  if (!mixed) {
    const std::int64_t unread = now.counts_.values_unread;
    now.go_through(slice, begin, fresh);
    before.take_unit_of(now);
    before.counts_.values_unread += now.counts_.values_unread - unread;
    return now.go_through(slice, fresh, end);
  }
  now.go_through(slice, begin, end);
  for (std::uint32_t i = begin, next = begin; i < end; i = next) {
    while (next < end && is_new(next) == is_new(i)) ++next;
    if (!is_new(i)) before.go_through(slice, i, next);
  }
}

void UnitPass::take_unit_of(const UnitPass& other) {
  day_ = other.day_;
  last_before_ = other.last_before_;
  last_purchase_ = other.last_purchase_;
  if (other.touched_features_ != 0) {
    touched_features_ = other.touched_features_;
    value_ = other.value_;
    mark_ = other.mark_;
    today_ = other.today_;
    touched_ = other.touched_;
    days_ = other.days_;
    trend_ = other.trend_;
  }
  if (!other.left_behind_) return;
  left_behind_ = true;
  kept_events_ = other.kept_events_;
  orders_ = other.orders_;
  refunds_ = other.refunds_;
  step_events_ = other.step_events_;
  surface_values_ = other.surface_values_;
}

void UnitPass::finish_change(UnitPass& before, UnitPass& now) {
  if (before.last_before_ != now.last_before_ || before.last_purchase_ != now.last_purchase_) {
    before.finish();  // groups may be others
    return now.finish();
  }
  now.place_in_dimensions();
  before.end_day();
  now.end_day();
  for (std::size_t m = 0; m < now.sums_.size(); ++m) {
    if (!now.plans_[m].reported || now.gives_same(before, m)) continue;
    before.finish_metric(m);
    now.finish_metric(m);
  }
}

/// Whether the unit that both have gone through, whose groups are the same, gives the metric the same.
bool UnitPass::gives_same(const UnitPass& other, std::size_t m) const {
  const MetricPlan& plan = plans_[m];
  const bool mature = first_at_ <= plan.latest_first;
  if (kept_[m] || mature != (other.first_at_ <= other.plans_[m].latest_first)) return false;
  if (!mature) return true;
  if (((touched_features_ | other.touched_features_) & plan.touched) == 0) return true;
  return !plan.parts && values_of(m) == other.values_of(m) && trend_[m] == other.trend_[m] &&
         days_[m] == other.days_[m];
}

void UnitPass::follow(const std::vector<MetricSums>& earlier) {
  for (std::size_t m = 0; m < sums_.size(); ++m) sums_[m].follow(earlier[m]);
}

}  // namespace liftmark
