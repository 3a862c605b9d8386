// A pass after another one: of most units nothing is new. What the others gave is taken back, by adding up
// their earlier events once more, and what they give now is added. Sums are exact, so that this is the same
// as adding everything up anew.

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>

#include "engine/aggregate/pass.hpp"

namespace liftmark {
namespace {

/// A slice without the events that were not there at the earlier pass.
class EarlierRows {
 public:
  const EventSlice& of(const EventSlice& slice) {
    kept_.clear();
    offsets_.assign(1, 0);
    for (UnitIndex unit = slice.first_unit; unit < slice.last_unit; ++unit) {
      for (std::uint32_t i = slice.begin(unit); i < slice.end(unit); ++i)
        if ((slice.timing[i] & kNew) == 0) kept_.push_back(i);
      offsets_.push_back(static_cast<std::uint32_t>(kept_.size()));
    }
    view_ = {};
    view_.first_unit = slice.first_unit;
    view_.last_unit = slice.last_unit;
    view_.offsets = offsets_;
    view_.at = pick(slice.at, at_);
    view_.timing = pick(slice.timing, timing_);
    view_.type = pick(slice.type, type_);
    view_.value = pick(slice.value, value_);
    view_.key = pick(slice.key, key_);
    view_.reference = pick(slice.reference, reference_);
    properties_.resize(slice.properties.size());
    for (std::size_t p = 0; p < properties_.size(); ++p)
      view_.properties.push_back(pick(slice.properties[p], properties_[p]));
    return view_;
  }

 private:
  template <class T>
  std::span<const T> pick(std::span<const T> column, std::vector<T>& picked) const {
    picked.clear();
    if (column.empty()) return picked;
    for (const std::uint32_t i : kept_) picked.push_back(column[i]);
    return picked;
  }

  std::vector<std::uint32_t> kept_, offsets_, type_;
  std::vector<Micros> at_;
  std::vector<std::uint8_t> timing_;
  std::vector<Millionths> value_;
  std::vector<Key> key_, reference_;
  std::vector<std::vector<ValueCode>> properties_;
  EventSlice view_;
};

/// Ascending search for members by unit, each call with a larger unit than the one before.
class MemberSearch {
 public:
  explicit MemberSearch(const Population& population)
      : units_(population.unit), next_(population.unit.begin()) {}
  std::optional<std::uint32_t> find(UnitIndex unit) {
    // Units are ascending without repetition: it lies at most as many places ahead as its index is larger.
    if (next_ != units_.end() && *next_ < unit) {
      const auto ahead = std::min<std::ptrdiff_t>(units_.end() - next_, std::ptrdiff_t{unit} - *next_ + 1);
      next_ = std::lower_bound(next_, next_ + ahead, unit);
    }
    if (next_ == units_.end() || *next_ != unit) return std::nullopt;
    return static_cast<std::uint32_t>(next_ - units_.begin());
  }

 private:
  const std::vector<UnitIndex>& units_;
  std::vector<UnitIndex>::const_iterator next_;
};

/// Members whose window came to its end for some metric while time went from `before` to `until`.
void mark_matured(const Needs& needs, Micros before, Micros until, const Population& population,
                  std::vector<char>& marked) {
  std::vector<std::pair<Micros, Micros>> ranges;  // of first exposures, behind the first up to the second
  for (const MetricNeeds& metric : needs.metrics) {
    const std::pair range(metric.latest_mature(before), metric.latest_mature(until));
    if (range.first < range.second && std::find(ranges.begin(), ranges.end(), range) == ranges.end())
      ranges.push_back(range);
  }
  for (const auto& [from, to] : ranges)
    for (std::size_t member = 0; member < population.size(); ++member)
      if (population.first_at[member] > from && population.first_at[member] <= to) marked[member] = 1;
}

/// The units that are added up again, ascending, as members of both populations.
struct ChosenUnits {
  std::vector<MemberOf> before, now;
  std::shared_ptr<UnitSelection> selection;
  Micros needed_from = std::numeric_limits<Micros>::min();  ///< earlier events of theirs change nothing
};

class RepeatedPass {
 public:
  RepeatedPass(const Question& question, Measured& earlier, GrownPopulation grown, Measured& result)
      : question_(question), earlier_(earlier), change_(std::move(grown.change)), result_(result) {
    const bool same = !grown.population;
    result_.population = same ? std::move(earlier_.population) : std::move(*grown.population);
    population_before_ = same ? &result_.population : &earlier_.population;
    result_.bots = question_.bots;
    if (!same) mark_bots(question_.bots, result_.population);
    result_.needs = needs_for(question_, result_.population);
  }

  bool run(double most_changed) {
    // Events that were there already, but behind the time that the earlier pass read, would be missed.
    const Micros earlier_to = earlier_.needs.filter.to;
    if (earlier_to <= earlier_.position.until && result_.needs.filter.to > earlier_to) return false;
    UnitPass idle(input_now());
    choose(idle);
    if (static_cast<double>(chosen_.now.size()) >
        most_changed * static_cast<double>(result_.population.size()))
      return false;
    return combine(add_up(), idle);
  }

 private:
  /// One thread's: what the chosen units gave before, and what they give now.
  struct Share {
    explicit Share(RepeatedPass& pass)
        : scanner(pass.question_.reader, pass.chosen_filter()),
          before(pass.input_before()),
          now(pass.input_now()) {}
    EventScanner scanner;
    UnitPass before, now;
    EarlierRows rows;
  };

  PassInput input_before() {
    return {question_.reader, result_.needs, *population_before_, question_.catalog.day_offset_minutes,
            earlier_.position.until};
  }
  PassInput input_now() {
    return {question_.reader, result_.needs, result_.population, question_.catalog.day_offset_minutes,
            question_.reader.until()};
  }
  EventFilter chosen_filter() const {
    EventFilter filter = result_.needs.filter;
    filter.since = earlier_.position;
    filter.units = chosen_.selection;
    filter.from = std::max(filter.from, chosen_.needed_from);
    return filter;
  }

  /// What chosen members did so long ago that no metric asks for it was added before and is added now, and so
  /// need not be read. Segments by history ask for all of it, and so do caps for news from before the start.
  void bound_chosen_time(Micros earliest_news) {
    if (earliest_news < result_.population.first || result_.needs.counted) return;
    const Micros lookback = result_.needs.filter.from - result_.population.first;  // not above 0
    chosen_.needed_from = earliest_news;
    const auto include = [&](const std::vector<MemberOf>& units, const Population& population) {
      for (const MemberOf& one : units)
        if (one.member)
          chosen_.needed_from = std::min(chosen_.needed_from, population.first_at[*one.member] + lookback);
    };
    include(chosen_.before, *population_before_);
    include(chosen_.now, result_.population);
  }

  /// Members whose exposures or maturity changed, and units with new events that may change a number. Other
  /// new events are counted by `idle`.
  void choose(UnitPass& idle) {
    std::vector<char> marked(result_.population.size(), 0);
    for (std::size_t member = 0; member < change_.changed.size(); ++member)
      if (change_.changed[member]) marked[change_.place.empty() ? member : change_.place[member]] = 1;
    for (const std::uint32_t member : change_.added) marked[member] = 1;
    mark_matured(result_.needs, earlier_.position.until, question_.reader.until(), result_.population,
                 marked);
    for (std::size_t member = 0; member < marked.size(); ++member)
      if (marked[member])
        chosen_.now.push_back({result_.population.unit[member], static_cast<std::uint32_t>(member)});
    const auto forced = static_cast<std::ptrdiff_t>(chosen_.now.size());
    const Micros earliest_news = add_units_with_news(idle, marked);
    std::inplace_merge(chosen_.now.begin(), chosen_.now.begin() + forced, chosen_.now.end(),
                       [](const MemberOf& a, const MemberOf& b) { return a.unit < b.unit; });
    chosen_.selection = std::make_shared<UnitSelection>(question_.reader.unit_count(), false);
    MemberSearch search(*population_before_);
    for (const MemberOf& one : chosen_.now) {
      (*chosen_.selection)[one.unit] = true;
      chosen_.before.push_back({one.unit, search.find(one.unit)});
      if (chosen_.before.back().member) change_.changed[*chosen_.before.back().member] = 1;
    }
    bound_chosen_time(earliest_news);
  }

  /// The earliest of these news.
  Micros add_units_with_news(UnitPass& idle, const std::vector<char>& marked) {
    Micros earliest = std::numeric_limits<Micros>::max();
    EventFilter filter = result_.needs.filter;
    filter.since = earlier_.position;
    filter.only_new = true;
    EventScanner scanner(question_.reader, filter);
    MemberSearch search(result_.population);
    for (std::size_t index = 0; index < scanner.slices(); ++index) {
      const EventSlice& slice = scanner.read(index);
      for (UnitIndex unit = slice.first_unit; unit < slice.last_unit; ++unit) {
        if (slice.begin(unit) == slice.end(unit)) continue;
        const MemberOf one{unit, search.find(unit)};
        const bool forced = one.member && marked[*one.member];
        if (!forced && idle.add_idle(slice, one)) continue;
        earliest = std::min(earliest, slice.at[slice.begin(unit)]);
        if (!forced) chosen_.now.push_back(one);
      }
    }
    return earliest;
  }

  static std::span<const MemberOf> within(const std::vector<MemberOf>& units, const EventSlice& slice) {
    const auto before = [](const MemberOf& one, UnitIndex unit) { return one.unit < unit; };
    const auto begin = std::lower_bound(units.begin(), units.end(), slice.first_unit, before);
    return {begin, std::lower_bound(begin, units.end(), slice.last_unit, before)};
  }

  std::vector<std::unique_ptr<Share>> add_up() {
    std::vector<std::unique_ptr<Share>> shares;
    for (int i = 0; i < question_.threads; ++i) shares.push_back(std::make_unique<Share>(*this));
    std::atomic<std::size_t> next{0};
    const std::size_t slices = chosen_.now.empty() ? 0 : shares[0]->scanner.slices();
    on_threads(
        question_.threads,
        [&](int i) {
          Share& share = *shares[static_cast<std::size_t>(i)];
          for (std::size_t index = next++; index < slices; index = next++) {
            const EventSlice& slice = share.scanner.read(index);
            // First what was: where both populations are one, groups are left as they are now.
            share.before.add(share.rows.of(slice), within(chosen_.before, slice));
            share.now.add(slice, within(chosen_.now, slice));
          }
        },
        [&] { next = slices; });
    return shares;
  }

  bool combine(const std::vector<std::unique_ptr<Share>>& shares, UnitPass& idle) {
    UnitPass& before = shares[0]->before;
    UnitPass& now = shares[0]->now;
    for (std::size_t i = 1; i < shares.size(); ++i) {
      before.merge(shares[i]->before);
      now.merge(shares[i]->now);
    }
    now.merge(idle);
    for (std::size_t m = 0; m < earlier_.sums.size(); ++m) {
      if (!now.metrics()[m].take_over(std::move(earlier_.sums[m]), before.metrics()[m], change_))
        return false;
      if (!now.kept()[m]) continue;
      earlier_.kept[m]->subtract(*before.kept()[m]);
      now.kept()[m]->merge(*earlier_.kept[m]);
    }
    result_.sums = std::move(now.metrics());
    result_.kept = std::move(now.kept());
    result_.counts = now.counts();
    result_.counts.merge(earlier_.counts);
    result_.counts.subtract(before.counts());
    return true;
  }

  const Question& question_;
  Measured& earlier_;
  PopulationChange change_;
  Measured& result_;
  Population* population_before_ = nullptr;
  ChosenUnits chosen_;
};

}  // namespace

std::unique_ptr<Measured> measure_again(const Question& question, Measured& earlier, double most_changed) {
  const StorePosition position = question.reader.position();
  if (!position.continues(earlier.position) || question.bots != earlier.bots) return nullptr;
  auto grown = grown_population(earlier.population, question.reader, question.experiment.assignment,
                                question.catalog.day_offset_minutes, earlier.position);
  if (!grown) return nullptr;
  auto result = std::make_unique<Measured>();
  result->position = position;
  result->derived = std::move(earlier.derived);
  if (!RepeatedPass(question, earlier, std::move(*grown), *result).run(most_changed)) return nullptr;
  return result;
}

}  // namespace liftmark
