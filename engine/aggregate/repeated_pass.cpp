// A pass after another one: of most units nothing is new. What the others gave is taken out of the sums, what
// they give now is added. Sums are exact, so that this is the same as adding everything up anew.

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>

#include "engine/aggregate/pass.hpp"

namespace liftmark {
namespace {

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
    for (std::size_t member = 0; member < population.size(); ++member) {
      const Micros at = population.first_at[member];
      marked[member] = static_cast<char>(marked[member] | (at > from && at <= to ? 1 : 0));
    }
}

/// The events that were not there at the earlier pass, of units that are added up again.
struct News {
  struct Unit {
    UnitIndex unit = 0;
    std::uint32_t begin = 0, end = 0;  ///< rows of `events`
    bool before_start = false;         ///< one of them lies where only what is asked from the start on looks
  };
  std::vector<Unit> units;  ///< ascending
  EventColumns events{EventFilter{}};
};

/// The units that are added up again, ascending.
struct ChosenUnits {
  std::vector<ChangedUnit> remembered;                    ///< their earlier events are known
  std::vector<const News::Unit*> news;                    ///< of these; nullptr: none
  std::vector<ChangedUnit> read;                          ///< their earlier events are read once more
  Micros read_from = std::numeric_limits<Micros>::min();  ///< earlier ones of those change nothing
};

/// Remembered units that are put into one slice.
constexpr std::size_t kUnitsInSlice = 2'048;

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
    news_.events = EventColumns(result_.needs.filter);
  }

  bool run(double most_changed) {
    // Events that were there already, but behind the time that the earlier pass read, would be missed.
    const Micros earlier_to = earlier_.needs.filter.to;
    if (earlier_to <= earlier_.position.until && result_.needs.filter.to > earlier_to) return false;
    UnitPass idle(input_now());
    choose(idle);
    if (static_cast<double>(chosen_.remembered.size() + chosen_.read.size()) >
        most_changed * static_cast<double>(result_.population.size()))
      return false;
    const auto shares = add_up();
    remember();
    return combine(shares, idle);
  }

 private:
  /// One thread's: what the chosen units gave before, and what they give now.
  struct Share {
    explicit Share(RepeatedPass& pass)
        : before(pass.input_before()),
          now(pass.input_now()),
          search(pass.earlier_.acted),
          events(pass.result_.needs.filter) {
      before.follow(pass.earlier_.sums);
      now.follow(pass.earlier_.sums);
      if (!pass.chosen_.read.empty()) scanner.emplace(pass.question_.reader, pass.read_filter());
    }
    UnitPass before, now;
    std::optional<EventScanner> scanner;
    ActedEvents::Search search;
    EventColumns events;
    std::vector<std::uint32_t> offsets;
  };

  PassInput input_before() {
    return {question_.reader, result_.needs, *population_before_, question_.catalog.day_offset_minutes,
            earlier_.position.until};
  }
  PassInput input_now() {
    return {question_.reader, result_.needs, result_.population, question_.catalog.day_offset_minutes,
            question_.reader.until()};
  }
  EventFilter read_filter() const {
    EventFilter filter = result_.needs.filter;
    filter.since = earlier_.position;
    filter.units = read_selection_;
    filter.from = std::max(filter.from, chosen_.read_from);
    return filter;
  }

  /// Members whose exposures or maturity changed, and units with new events that may change a number. Other
  /// new events are counted by `idle`.
  void choose(UnitPass& idle) {
    std::vector<char> placed_anew(result_.population.size(), 0);
    for (const std::uint32_t member : change_.changed)
      placed_anew[change_.place.empty() ? member : change_.place[member]] = 1;
    for (const std::uint32_t member : change_.added) placed_anew[member] = 1;
    std::vector<char> marked = placed_anew;
    mark_matured(result_.needs, earlier_.position.until, question_.reader.until(), result_.population,
                 marked);
    read_news(idle, marked);
    Sorter sorter(*this, placed_anew);
    auto news = news_.units.begin();
    for (std::size_t member = 0; member < marked.size(); ++member) {
      if (!marked[member]) continue;
      const UnitIndex unit = result_.population.unit[member];
      for (; news != news_.units.end() && news->unit < unit; ++news) sorter.put(news->unit, &*news);
      const bool has_news = news != news_.units.end() && news->unit == unit;
      sorter.put(unit, has_news ? &*news++ : nullptr);
    }
    for (; news != news_.units.end(); ++news) sorter.put(news->unit, &*news);
    bound_read_time();
  }

  /// New events, but those that `idle` has counted.
  void read_news(UnitPass& idle, const std::vector<char>& marked) {
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
        if (!(one.member && marked[*one.member]) && idle.add_idle(slice, one)) continue;
        News::Unit& news = news_.units.emplace_back(
            News::Unit{.unit = unit, .begin = static_cast<std::uint32_t>(news_.events.size())});
        for (std::uint32_t i = slice.begin(unit); i < slice.end(unit); ++i) news_.events.append(slice, i);
        news.end = static_cast<std::uint32_t>(news_.events.size());
        news.before_start = idle.before_start(slice, unit);
      }
    }
  }

  /// Chosen units, ascending, come among those that are remembered or those that are read.
  class Sorter {
   public:
    Sorter(RepeatedPass& pass, const std::vector<char>& placed_anew)
        : pass_(pass),
          placed_anew_(placed_anew),
          before_(*pass.population_before_),
          now_(pass.result_.population),
          acted_(pass.earlier_.acted) {}
    void put(UnitIndex unit, const News::Unit* news) {
      ChangedUnit one{.unit = unit, .before = before_.find(unit), .now = now_.find(unit)};
      one.placed_anew = one.now && placed_anew_[*one.now] != 0;
      // All that a unit did is new when the unit is.
      const bool is_new = unit >= pass_.earlier_.units;
      one.remembered =
          !(news && news->before_start) && one.before && one.now &&
          pass_.population_before_->first_at[*one.before] == pass_.result_.population.first_at[*one.now] &&
          acted_.find(unit);
      if (!one.remembered && !is_new) return pass_.add_read(one);
      pass_.chosen_.remembered.push_back(one);
      pass_.chosen_.news.push_back(news);
    }

   private:
    RepeatedPass& pass_;
    const std::vector<char>& placed_anew_;
    MemberSearch before_, now_;
    ActedEvents::Search acted_;
  };

  void add_read(const ChangedUnit& one) {
    if (!read_selection_)
      read_selection_ = std::make_shared<UnitSelection>(question_.reader.unit_count(), false);
    (*read_selection_)[one.unit] = true;
    chosen_.read.push_back(one);
  }

  /// What units did so long ago that no metric asks for it was added before and is added now, and so need not
  /// be read. Segments by history ask for all of it, and so do caps for news from before the start.
  void bound_read_time() {
    Micros from = std::numeric_limits<Micros>::max();
    for (const News::Unit& news : news_.units) from = std::min(from, news_.events.at[news.begin]);
    if (from < result_.population.first || result_.needs.counted) return;
    const Micros lookback = result_.needs.filter.from - result_.population.first;  // not above 0
    for (const ChangedUnit& one : chosen_.read) {
      if (one.before) from = std::min(from, population_before_->first_at[*one.before] + lookback);
      if (one.now) from = std::min(from, result_.population.first_at[*one.now] + lookback);
    }
    chosen_.read_from = from;
  }

  static std::span<const ChangedUnit> within(const std::vector<ChangedUnit>& units, const EventSlice& slice) {
    const auto before = [](const ChangedUnit& one, UnitIndex unit) { return one.unit < unit; };
    const auto begin = std::lower_bound(units.begin(), units.end(), slice.first_unit, before);
    return {begin, std::lower_bound(begin, units.end(), slice.last_unit, before)};
  }

  std::vector<std::unique_ptr<Share>> add_up() {
    std::vector<std::unique_ptr<Share>> shares;
    for (int i = 0; i < question_.threads; ++i) shares.push_back(std::make_unique<Share>(*this));
    const std::size_t slices = shares[0]->scanner ? shares[0]->scanner->slices() : 0;
    const std::size_t parts = (chosen_.remembered.size() + kUnitsInSlice - 1) / kUnitsInSlice;
    read_layers_.resize(slices);
    remembered_layers_.resize(parts);
    std::atomic<std::size_t> next{0};
    on_threads(
        question_.threads,
        [&](int i) {
          Share& share = *shares[static_cast<std::size_t>(i)];
          for (std::size_t index = next++; index < slices + parts; index = next++)
            index < slices ? add_read_slice(share, index) : add_remembered(share, index - slices);
        },
        [&] { next = slices + parts; });
    return shares;
  }

  void add_read_slice(Share& share, std::size_t index) {
    const EventSlice& slice = share.scanner->read(index);
    if (!earlier_.acted.empty()) share.now.keep_events(&read_layers_[index]);
    UnitPass::add_change(share.before, share.now, slice, within(chosen_.read, slice));
    share.now.keep_events(nullptr);
  }

  void add_remembered(Share& share, std::size_t part) {
    const std::size_t begin = part * kUnitsInSlice;
    const std::size_t end = std::min(chosen_.remembered.size(), begin + kUnitsInSlice);
    const UnitIndex first = chosen_.remembered[begin].unit;
    const EventSlice new_rows = news_.events.slice(0, 0, {});
    share.events.clear();
    share.offsets.clear();
    for (std::size_t i = begin; i < end; ++i) {
      const ChangedUnit& one = chosen_.remembered[i];
      const auto row = static_cast<std::uint32_t>(share.events.size());
      share.offsets.resize(one.unit - first + 1, row);  // the units between have no rows
      if (one.remembered && share.search.find(one.unit))
        share.search.unpack(result_.population.first_at[*one.now], share.events);
      if (const News::Unit* news = chosen_.news[i])
        for (std::uint32_t k = news->begin; k < news->end; ++k) share.events.append(new_rows, k);
      share.events.sort_from(row);
    }
    share.offsets.push_back(static_cast<std::uint32_t>(share.events.size()));
    const EventSlice slice = share.events.slice(first, chosen_.remembered[end - 1].unit + 1, share.offsets);
    const std::span units(chosen_.remembered.data() + begin, end - begin);
    UnitPass::add_change(share.before, share.now, slice, units);
    if (!earlier_.acted.empty()) pack_news(begin, end, remembered_layers_[part]);
  }

  void pack_news(std::size_t begin, std::size_t end, EventLayer& layer) const {
    const EventSlice rows = news_.events.slice(0, 0, {});
    for (std::size_t i = begin; i < end; ++i) {
      const ChangedUnit& one = chosen_.remembered[i];
      const News::Unit* news = chosen_.news[i];
      if (!one.now || (one.remembered && !news)) continue;
      layer.begin_unit(one.unit, result_.population.first_at[*one.now], !one.remembered);
      for (std::uint32_t k = news ? news->begin : 0; news && k < news->end; ++k) layer.add(rows, k);
      layer.end_unit();
    }
  }

  void remember() {
    result_.acted = std::move(earlier_.acted);
    if (result_.acted.empty()) return;
    result_.acted.add(read_layers_);
    result_.acted.add(remembered_layers_);
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
      if (!now.metrics()[m].take_over(std::move(earlier_.sums[m]), before.metrics()[m], change_.place))
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
  News news_;
  ChosenUnits chosen_;
  std::shared_ptr<UnitSelection> read_selection_;
  std::vector<EventLayer> read_layers_, remembered_layers_;
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
  result->units = question.reader.unit_count();
  result->derived = std::move(earlier.derived);
  if (!RepeatedPass(question, earlier, std::move(*grown), *result).run(most_changed)) return nullptr;
  return result;
}

}  // namespace liftmark
