#include "engine/aggregate/metric_sums.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "engine/aggregate/distribution.hpp"

namespace liftmark {
namespace {

std::int64_t clamp_both(std::int64_t value, std::int64_t threshold) {
  return std::clamp(value, -threshold, threshold);
}

std::int64_t magnitude(std::int64_t value) {
  return value == INT64_MIN ? INT64_MAX : std::abs(value);
}

template <typename T>
void append_all(std::vector<T>& target, std::vector<T>&& added) {
  if (target.size() < added.size()) target.swap(added);  // their order means nothing
  target.insert(target.end(), added.begin(), added.end());
}

/// Takes each of `taken` out once. All of them are there.
void take_out(std::vector<std::int64_t>& values, const std::vector<std::int64_t>& taken) {
  std::unordered_map<std::int64_t, std::size_t> times;
  for (const std::int64_t value : taken) ++times[value];
  if (times.empty()) return;
  std::erase_if(values, [&](std::int64_t value) {
    const auto found = times.find(value);
    if (found == times.end() || found->second == 0) return false;
    --found->second;
    return true;
  });
}

void take_out(std::vector<WaitingUnit>& units, const std::vector<WaitingUnit>& taken) {
  std::vector<std::uint32_t> members;
  for (const WaitingUnit& unit : taken) members.push_back(unit.member);
  std::sort(members.begin(), members.end());
  std::erase_if(units, [&](const WaitingUnit& unit) {
    return std::binary_search(members.begin(), members.end(), unit.member);
  });
}

/// earlier - left, with room for more cells, goes into `sums`.
void take_over_sums(ExactSums& sums, ExactSums&& earlier, const ExactSums& left) {
  earlier.subtract(left);
  earlier.extend(sums.cells());
  sums.merge(earlier);
}

}  // namespace

void ValueTally::subtract(const ValueTally& other) {
  for (std::size_t value = 0; value < small_.size(); ++value) small_[value] -= other.small_[value];
  take_out(large_, other.large_);
}

void ValueTally::merge(const ValueTally& other) {
  for (std::size_t value = 0; value < small_.size(); ++value) small_[value] += other.small_[value];
  large_.insert(large_.end(), other.large_.begin(), other.large_.end());
}

std::vector<ValueTally::Counted> ValueTally::counted() const {
  std::vector<std::int64_t> values = large_;
  if (!std::is_sorted(values.begin(), values.end())) std::sort(values.begin(), values.end());
  std::vector<Counted> all;
  const auto add = [&](std::int64_t value, std::int64_t units) {
    if (all.empty() || all.back().value != value) all.push_back({value, 0});
    all.back().units += units;
  };
  auto next = values.begin();
  for (; next != values.end() && *next <= 0; ++next) add(*next, 1);
  for (std::size_t value = 0; value < small_.size(); ++value)
    if (small_[value] > 0) add(static_cast<std::int64_t>(value), small_[value]);
  for (; next != values.end(); ++next) add(*next, 1);
  return all;
}

MetricSums::MetricSums(const MetricNeeds& needs, const Population& population)
    : needs_(&needs),
      population_(&population),
      cells_(population.cells()),
      has_cap_(needs.metric->cap.has_value()),
      by_day_(needs.layout.dimension(), population.days * population.cells() * 2),
      crossed_(needs.layout.dimension(), population.cells() * 2),
      bots_(needs.layout.dimension(), population.bot.empty() ? 0 : population.cells() * 2),
      uncapped_(needs.layout.dimension(), has_cap_ ? population.cells() * 2 : 0),
      since_(
          needs.layout.dimension(),
          needs.daily ? static_cast<std::size_t>(needs.window / kMicrosPerDay) * population.cells() * 2 : 0),
      factors_(4, needs.factors.empty() ? 0 : population.cells()),
      steps_(1, needs.steps.size() * population.cells()),
      trend_(needs.layout.ratio ? 4 : 2, needs.daily ? population.cells() : 0),
      terms_(std::max<std::size_t>(1, needs.terms.size()), needs.terms.empty() ? 0 : population.cells()),
      values_(population.arms.size()),
      immature_(population.arms.size(), 0) {
  for (const Dimension& dimension : population.dimensions)
    groups_.emplace_back(needs.layout.dimension(), dimension.groups.size() * population.cells() * 2);
}

void MetricSums::add(std::size_t member, bool history, const UnitValues& values) {
  if (!needs_->layout.binary && values[0] != 0)
    values_[population_->arm_of(population_->cell[member])].add(values[0]);
  if (!needs_->layout.binary) top_.add(place(0, member, history), values);
  if (!has_cap_) return count(member, history, values);
  uncapped_.add(place(0, member, history), values.data());
  const std::size_t covariate = needs_->layout.ratio ? 2 : 1;
  if (values[0] == 0 && values[covariate] == 0)
    return count(member, history, values);  // whatever the cap will be
  waiting_.push_back({static_cast<std::uint32_t>(member), history, values});
}

void MetricSums::add_zero(std::size_t member, bool history) {
  if (keep_units_) kept_.push_back({static_cast<std::uint32_t>(member), history, {}});
  by_day_.add_units(place(population_->day[member], member, history), 1);
  if (has_cap_) uncapped_.add_units(place(0, member, history), 1);
  if (population_->crossed[member]) crossed_.add_units(place(0, member, history), 1);
  if (is_bot(member)) bots_.add_units(place(0, member, history), 1);
  for (std::size_t d = 0; d < groups_.size(); ++d)
    groups_[d].add_units(place(population_->dimensions[d].group[member], member, history), 1);
  if (factors_.cells() > 0) factors_.add_units(population_->cell[member], 1);
  if (terms_.cells() > 0) terms_.add_units(population_->cell[member], 1);
  for (std::size_t step = 0; step < needs_->steps.size(); ++step)
    steps_.add_units(step * cells_ + population_->cell[member], 1);
}

void MetricSums::count(std::size_t member, bool history, const UnitValues& values) {
  if (keep_units_) kept_.push_back({static_cast<std::uint32_t>(member), history, values});
  by_day_.add(place(population_->day[member], member, history), values.data());
  if (population_->crossed[member]) crossed_.add(place(0, member, history), values.data());
  if (is_bot(member)) bots_.add(place(0, member, history), values.data());
  for (std::size_t d = 0; d < groups_.size(); ++d)
    groups_[d].add(place(population_->dimensions[d].group[member], member, history), values.data());
}

void MetricSums::add_day(std::size_t member, bool history, std::size_t day, const UnitValues& values) {
  since_.add_leading(place(day, member, history), values.data(), needs_->layout.ratio ? 2 : 1);
}

void MetricSums::add_steps(std::size_t member, std::size_t passed) {
  for (std::size_t step = 0; step < needs_->steps.size(); ++step) {
    const std::int64_t reached = step < passed ? 1 : 0;
    steps_.add(step * population_->cells() + population_->cell[member], &reached);
  }
}

void MetricSums::add_surface(std::size_t member, ValueCode surface, std::int64_t value) {
  auto found = surfaces_.find(surface);
  if (found == surfaces_.end())
    found = surfaces_.emplace(surface, Surface{.sums = ExactSums(1, population_->cells())}).first;
  found->second.sums.add_leading(population_->cell[member], &value, 1);
  ++found->second.units;
}

void MetricSums::add_immature(std::size_t member) {
  ++immature_[population_->arm_of(population_->cell[member])];
}

void MetricSums::merge_surfaces(const std::map<ValueCode, Surface>& others) {
  for (const auto& [code, surface] : others) {
    const auto [found, added] = surfaces_.emplace(code, surface);
    if (added) continue;
    found->second.sums.merge(surface.sums);
    found->second.units += surface.units;
  }
}

void MetricSums::merge(MetricSums&& other) {
  by_day_.merge(other.by_day_);
  crossed_.merge(other.crossed_);
  bots_.merge(other.bots_);
  uncapped_.merge(other.uncapped_);
  since_.merge(other.since_);
  factors_.merge(other.factors_);
  steps_.merge(other.steps_);
  trend_.merge(other.trend_);
  terms_.merge(other.terms_);
  top_.merge(other.top_);
  merge_surfaces(other.surfaces_);
  for (std::size_t d = 0; d < groups_.size(); ++d) groups_[d].merge(other.groups_[d]);
  append_all(waiting_, std::move(other.waiting_));
  append_all(kept_, std::move(other.kept_));
  append_all(cap_history_, std::move(other.cap_history_));
  for (std::size_t arm = 0; arm < values_.size(); ++arm) {
    values_[arm].merge(other.values_[arm]);
    immature_[arm] += other.immature_[arm];
  }
}

std::size_t MetricSums::bytes() const noexcept {
  std::size_t bytes = waiting_.size() * sizeof(WaitingUnit) + cap_history_.size() * sizeof(std::int64_t);
  for (const ValueTally& values : values_) bytes += values.bytes();
  return bytes;
}

bool MetricSums::lasting() const {
  return surfaces_.empty() || surfaces_.rbegin()->first < kFirstInlineCode;
}

bool MetricSums::take_over(MetricSums&& earlier, const MetricSums& left,
                           const std::vector<std::uint32_t>& place) {
  using Table = ExactSums MetricSums::*;
  for (const Table table : {&MetricSums::by_day_, &MetricSums::crossed_, &MetricSums::bots_,
                            &MetricSums::uncapped_, &MetricSums::since_, &MetricSums::factors_,
                            &MetricSums::steps_, &MetricSums::trend_, &MetricSums::terms_})
    take_over_sums(this->*table, std::move(earlier.*table), left.*table);
  for (std::size_t d = 0; d < groups_.size(); ++d)
    take_over_sums(groups_[d], std::move(earlier.groups_[d]), left.groups_[d]);
  for (const auto& [code, taken] : left.surfaces_) {
    Surface& surface = earlier.surfaces_.at(code);
    surface.sums.subtract(taken.sums);
    surface.units -= taken.units;
    if (surface.units == 0) earlier.surfaces_.erase(code);
  }
  merge_surfaces(earlier.surfaces_);
  if (!earlier.top_.replace(left.top_, top_)) return false;
  top_ = std::move(earlier.top_);
  take_out(earlier.waiting_, left.waiting_);
  if (!place.empty())
    for (WaitingUnit& unit : earlier.waiting_) unit.member = place[unit.member];
  append_all(waiting_, std::move(earlier.waiting_));
  take_out(earlier.cap_history_, left.cap_history_);
  append_all(cap_history_, std::move(earlier.cap_history_));
  for (std::size_t arm = 0; arm < values_.size(); ++arm) {
    earlier.values_[arm].subtract(left.values_[arm]);
    values_[arm].merge(earlier.values_[arm]);
    immature_[arm] += earlier.immature_[arm] - left.immature_[arm];
  }
  return true;
}

void MetricSums::load(const Place& where, const LoadedSums& sums) {
  const std::size_t plain = where.index * cells_ + where.cell;
  const std::size_t stratum = plain * 2 + (where.history ? 0 : 1);
  switch (where.part) {
    case Part::by_day:
      return by_day_.load(stratum, sums);
    case Part::crossed:
      return crossed_.load(stratum, sums);
    case Part::bots:
      return bots_.load(stratum, sums);
    case Part::uncapped:
      return uncapped_.load(stratum, sums);
    case Part::since:
      return since_.load(stratum, sums);
    case Part::groups:
      return groups_[where.dimension].load(stratum, sums);
    case Part::factors:
      return factors_.load(plain, sums);
    case Part::steps:
      return steps_.load(plain, sums);
    case Part::trend:
      return trend_.load(plain, sums);
    case Part::terms:
      return terms_.load(plain, sums);
    case Part::surface:
      surfaces_.try_emplace(static_cast<ValueCode>(where.index), Surface{.sums = ExactSums(1, cells_)})
          .first->second.sums.load(where.cell, sums);
      return;
  }
}

std::optional<std::int64_t> MetricSums::threshold() {
  if (threshold_ || !has_cap_) return threshold_;
  const Cap& cap = *needs_->metric->cap;
  if (cap.absolute) threshold_ = std::llround(*cap.absolute * needs_->per_one[0]);
  if (cap.percentile && !cap_history_.empty()) {
    // Nearest rank: the smallest value that at least this share of the non-zero values do not exceed.
    for (std::int64_t& value : cap_history_) value = magnitude(value);
    const double share = std::ceil(*cap.percentile * static_cast<double>(cap_history_.size()));
    const std::size_t rank = std::clamp<std::size_t>(static_cast<std::size_t>(share), 1, cap_history_.size());
    const auto found = cap_history_.begin() + static_cast<std::ptrdiff_t>(rank - 1);
    std::nth_element(cap_history_.begin(), found, cap_history_.end());
    threshold_ = *found;
  }
  return threshold_;
}

void MetricSums::settle_cap() {
  if (!has_cap_) return;
  threshold();
  const std::size_t covariate = needs_->layout.ratio ? 2 : 1;
  for (WaitingUnit& unit : waiting_) {
    if (threshold_) {
      unit.values[0] = clamp_both(unit.values[0], *threshold_);
      if (needs_->layout.covariates > 0)
        unit.values[covariate] = clamp_both(unit.values[covariate], *threshold_);
    }
    count(unit.member, unit.history, unit.values);
  }
  waiting_.clear();
}

std::vector<Cell> MetricSums::cells(const ExactSums& sums, std::size_t index) const {
  std::vector<Cell> cells;
  const std::size_t arms = population_->arms.size();
  for (std::size_t i = 0; i < population_->cells(); ++i) {
    const std::size_t at = (index * population_->cells() + i) * 2;
    cells.push_back({.epoch = population_->epochs[i / arms],
                     .arm = i % arms,
                     .history = sums.moments(at, needs_->per_one),
                     .no_history = sums.moments(at + 1, needs_->per_one)});
  }
  if (needs_->layout.covariates == 0) {  // no strata: everybody is in `history`
    for (std::size_t i = 0; i < cells.size(); ++i) {
      ExactSums both(sums.dimension(), 1);
      const std::size_t at = (index * population_->cells() + i) * 2;
      both.merge(0, sums, at);
      both.merge(0, sums, at + 1);
      cells[i].history = both.moments(0, needs_->per_one);
      cells[i].no_history = stats::CoMoments(sums.dimension());
    }
  }
  return cells;
}

ExactSums MetricSums::total() const {
  const std::size_t width = population_->cells() * 2;
  ExactSums total(by_day_.dimension(), width);
  for (std::size_t day = 0; day < population_->days; ++day)
    for (std::size_t i = 0; i < width; ++i) total.merge(i, by_day_, day * width + i);
  return total;
}

std::vector<Cell> MetricSums::plain_cells(const ExactSums& sums, std::size_t index,
                                          const std::vector<double>& per_one) const {
  std::vector<Cell> cells;
  const std::size_t arms = population_->arms.size();
  for (std::size_t i = 0; i < population_->cells(); ++i)
    cells.push_back({.epoch = population_->epochs[i / arms],
                     .arm = i % arms,
                     .history = sums.moments(index * population_->cells() + i, per_one),
                     .no_history = stats::CoMoments(sums.dimension())});
  return cells;
}

/// Codes depend on the order of arrival, names do not.
std::map<std::string, ExactSums> MetricSums::surfaces_by_name(const Texts& texts) const {
  std::map<std::string, ExactSums> by_name;
  for (const auto& [code, surface] : surfaces_) {
    const std::string name(code == 0 ? kNoValue : texts.text(code));
    const auto [found, added] = by_name.emplace(name, surface.sums);
    if (!added) found->second.merge(surface.sums);
  }
  return by_name;
}

void MetricSums::add_parts(const Texts& texts, const ExactSums& base, MetricStatistics& result) const {
  for (std::size_t step = 0; step < needs_->steps.size(); ++step)
    result.steps.push_back({needs_->metric->step_names[step], plain_cells(steps_, step, {1.0})});
  if (!needs_->factors.empty()) {
    const double money = needs_->per_one[0];
    result.factors = plain_cells(factors_, 0, {1.0, 1.0, money, money});
  }
  if (!needs_->terms.empty())
    result.terms = plain_cells(terms_, 0, std::vector<double>(terms_.dimension(), 1e6));
  if (needs_->daily) {
    ExactSums trend = trend_;
    for (std::size_t i = 0; i < population_->cells(); ++i)
      trend.add_units(i, base.units(2 * i) + base.units(2 * i + 1));
    std::vector<double> per_one(2, 2 * needs_->per_one[0]);
    if (needs_->layout.ratio) per_one.insert(per_one.end(), 2, 2 * needs_->per_one[1]);
    result.trend = plain_cells(trend, 0, per_one);
  }
  for (auto& [name, sums] : surfaces_by_name(texts)) {
    for (std::size_t i = 0; i < population_->cells(); ++i)
      sums.add_units(i, base.units(2 * i) + base.units(2 * i + 1));
    result.surfaces.push_back({name, plain_cells(sums, 0, {needs_->per_one[0]})});
  }
}

std::vector<Cell> MetricSums::cells_without(const ExactSums& all, const ExactSums& some) const {
  ExactSums rest = all;
  std::int64_t units = 0;
  for (std::size_t i = 0; i < some.cells(); ++i) {
    rest.subtract(i, some, i);
    units += some.units(i);
  }
  return units > 0 ? cells(rest, 0) : std::vector<Cell>{};
}

MetricStatistics MetricSums::statistics(const Texts& texts) const {
  const std::size_t width = population_->cells() * 2;
  MetricStatistics result;
  result.metric = needs_->metric->key;
  result.layout = needs_->layout;
  const ExactSums all = total();
  result.cells = cells(all, 0);
  if (threshold_) {
    result.uncapped = cells(uncapped_, 0);
    result.cap = static_cast<double>(*threshold_) / needs_->per_one[0];
  }
  result.without_crossovers = cells_without(all, crossed_);
  result.without_bots = cells_without(all, bots_);
  for (std::size_t d = 0; d < groups_.size(); ++d) {
    const Dimension& dimension = population_->dimensions[d];
    for (std::size_t g = 0; g < dimension.groups.size(); ++g)
      result.groups.push_back(
          {.dimension = dimension.name, .group = dimension.groups[g], .cells = cells(groups_[d], g)});
  }
  for (std::size_t day = 0; day < population_->days; ++day)
    result.by_day.push_back({.day = static_cast<int>(day) + 1, .cells = cells(by_day_, day)});
  const ExactSums& base = has_cap_ ? uncapped_ : all;  // daily values are raw
  ExactSums since = since_;
  for (std::size_t day = 0; day * width < since.cells(); ++day) {
    for (std::size_t i = 0; i < width; ++i)
      since.merge_trailing(day * width + i, base, i, needs_->layout.ratio ? 2 : 1);
    result.since_exposure.push_back({.day = static_cast<int>(day) + 1, .cells = cells(since, day)});
  }
  add_parts(texts, base, result);
  if (!needs_->kept || !needs_->factors.empty()) add_trimmed(base, result);
  if (!needs_->layout.binary) result.distribution = distribution();
  result.immature_units = immature_;
  return result;
}

void MetricSums::add_trimmed(const ExactSums& base, MetricStatistics& result) const {
  std::int64_t units = 0;
  for (std::size_t i = 0; i < base.cells(); ++i) units += base.units(i);
  for (const std::size_t size : top_.sizes(units)) {
    ExactSums removed(base.dimension(), base.cells()), rest = base;
    for (const auto& row : top_.largest(size)) removed.add(row.place, row.values.data());
    for (std::size_t i = 0; i < base.cells(); ++i) rest.subtract(i, removed, i);
    result.without_top.push_back({static_cast<std::int64_t>(size), cells(rest, 0)});
  }
}

std::vector<DistributionCell> MetricSums::distribution() const {
  std::vector<DistributionCell> result;
  const ExactSums capped = total();
  for (std::size_t arm = 0; arm < population_->arms.size(); ++arm)
    result.push_back(distribution_of(arm, capped));
  return result;
}

DistributionCell MetricSums::distribution_of(std::size_t arm, const ExactSums& capped) const {
  std::int64_t units = 0;
  Int128 capped_total = 0;
  for (std::size_t i = arm; i < population_->cells(); i += population_->arms.size())
    for (std::size_t stratum = 0; stratum < 2; ++stratum) {
      units += capped.units(2 * i + stratum);
      capped_total += capped.sum(2 * i + stratum, 0);
    }
  std::vector<ValueCount> values;
  Int128 total = 0;
  for (const auto& [value, count] : values_[arm].counted()) {
    total += static_cast<Int128>(value) * count;
    values.push_back({static_cast<double>(value) / needs_->per_one[0], count});
  }
  DistributionCell cell = describe_distribution(arm, values, static_cast<std::size_t>(units));
  if (threshold_ && total > 0)
    cell.share_capped = static_cast<double>(total - capped_total) / static_cast<double>(total);
  return cell;
}

void MetricSums::append(const Texts& texts, std::string& bytes) const {
  bytes += needs_->metric->key;
  bytes += '\0';
  for (const ExactSums* sums :
       {&by_day_, &crossed_, &uncapped_, &since_, &factors_, &steps_, &trend_, &terms_})
    for (std::size_t cell = 0; cell < sums->cells(); ++cell) sums->append(cell, bytes);
  for (const auto& [name, sums] : surfaces_by_name(texts)) {
    bytes += name;
    bytes += '\0';
    for (std::size_t cell = 0; cell < sums.cells(); ++cell) sums.append(cell, bytes);
  }
  for (const std::int64_t units : immature_)
    bytes.append(reinterpret_cast<const char*>(&units), sizeof units);
}

}  // namespace liftmark
