#include "engine/aggregate/clickhouse/unit_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "engine/aggregate/clickhouse/day_values.hpp"
#include "engine/aggregate/clickhouse/packed_counts.hpp"
#include "engine/aggregate/exact_sums.hpp"
#include "engine/aggregate/lifecycle.hpp"
#include "engine/definition/error.hpp"

namespace liftmark::clickhouse {
namespace {

/// Later than any moment, earlier than any; both far from where sums overflow.
constexpr Micros kLater = 4'000'000'000'000'000'000, kNever = -4'000'000'000'000'000'000;
/// Sums of values above this are not formed: some below where they leave 64 bits.
constexpr double kMostSum = 9e18;

/// The slice's units as they come out of the grouping (lm_part), and lm_value made of that.
class UnitTables {
 public:
  UnitTables(const Run& run, const EventSql& events, unsigned bits)
      : run_(run), events_(events), bits_(bits), counts_("w", bits) {
    add_unit();
    add_history();
    for (const int f : daily_covariates(run.needs)) add_feature(f);
    shared_words_ = counts_.words();
    add_groups();
    for (std::size_t f = 0; f < run.needs.features.size(); ++f)
      if (!run.needs.features[f].from_start) add_feature(static_cast<int>(f));
    for (std::size_t o = 0; o < run.needs.orders.size(); ++o) add_orders(o);
    for (std::size_t m = 0; m < run.needs.metrics.size(); ++m)
      if (!run.needs.metrics[m].steps.empty()) add_funnel(m);
    add_tallies();
  }

  /// The columns of lm_value that lm_day has too, and what they are made of.
  DayTables days() const {
    std::vector<UnitColumn> unit{*find("cell")};
    std::vector<std::string> carried{"t0", "own0"};
    for (std::size_t i = 0; i < lookbacks_of(run_.needs).size(); ++i)
      unit.push_back(*find(fmt::format("h{}", i)));
    for (std::size_t w = 0; w < shared_words_; ++w) carried.push_back(counts_.name(w));
    for (const int f : daily_covariates(run_.needs)) {
      unit.push_back(*find(fmt::format("f{}", f)));
      if (unit.back().value == unit.back().name) carried.push_back(unit.back().name);
    }
    return DayTables(run_, events_, bits_, std::move(unit), std::move(carried));
  }

  void create() const {
    cluster().query("DROP TABLE IF EXISTS lm_value");
    cluster().query(fmt::format("CREATE TEMPORARY TABLE lm_value (t0 Int64{})", columns_of(values_)));
  }

  /// Fills lm_part with the slice: units with events, then the others.
  void make_part(const Slice& slice, const std::vector<UnitColumn>& arrays) const {
    std::string columns = "unit UInt32, t0 Int64", own = "unit, t0", named = "unit, t0", sums, names;
    for (const auto& [name, value] : own_) {
      columns += fmt::format(", {} UInt64", name);
      own += fmt::format(", toUInt64({}) AS {}", value, name);
      named += ", " + name;
    }
    const auto add = [&](const std::string& name, const std::string& type, const std::string& sum) {
      columns += fmt::format(", {} {}", name, type);
      sums += fmt::format(", {} AS {}", sum, name);
      names += ", " + name;
    };
    for (std::size_t w = 0; w < counts_.words(); ++w)
      add(counts_.name(w), "UInt64", fmt::format("sum({})", counts_.term(w)));
    for (const UnitColumn& column : part_) add(column.name, column.type, column.value);
    for (const UnitColumn& column : arrays) add(column.name, column.type, column.value);
    cluster().query("DROP TABLE IF EXISTS lm_part");
    cluster().query(fmt::format("CREATE TEMPORARY TABLE lm_part ({})", columns));
    cluster().query(fmt::format(
        "INSERT INTO lm_part ({0}{1}) SELECT {0}{1} FROM (SELECT unit{2} FROM ({3}) AS j GROUP "
        "BY unit) AS u ANY "
        "LEFT JOIN (SELECT {4} FROM lm_unit WHERE {5}) AS m USING unit",
        named, names, sums, events_.rows_of_units("lm_unit", "t0", slice.units), own, slice.units));
    cluster().query(fmt::format(
        "INSERT INTO lm_part ({}) SELECT {} FROM lm_unit WHERE {} AND unit NOT IN (SELECT unit FROM lm_part)",
        named, own, slice.units));
  }

  void add_part() const {
    cluster().query(fmt::format("INSERT INTO lm_value SELECT t0{} FROM lm_part", values_of(values_)));
  }

  /// What is counted over all units; over lm_part.
  struct Tallies {
    std::int64_t read = 0, late = 0, future = 0, unread = 0;
    std::int64_t large = 0;       ///< rows whose number is above largest()
    std::uint64_t most_rows = 0;  ///< of a unit
  };
  void count(Tallies& tallies) const {
    for_each_row(cluster(), fmt::format("SELECT {} FROM lm_part", tallies_), [&](const Rows& rows) {
      tallies.read += rows.integer(0);
      tallies.late += rows.integer(1);
      tallies.future += rows.integer(2);
      tallies.unread += rows.integer(3);
      tallies.large += rows.integer(4);
      tallies.most_rows = std::max(tallies.most_rows, rows.natural(5));
    });
  }

 private:
  Cluster& cluster() const { return run_.store.cluster(); }

  const UnitColumn* find(const std::string& name) const {
    const auto found = std::find_if(values_.begin(), values_.end(),
                                    [&](const UnitColumn& column) { return column.name == name; });
    return found == values_.end() ? nullptr : &*found;
  }
  /// A column of lm_part that lm_value has as it is.
  void add_plain(const std::string& name, const char* type, const std::string& aggregate) {
    part_.push_back({name, type, aggregate});
    values_.push_back({name, type, name});
  }

  /// What lm_unit says, 16 bits each.
  void add_unit() {
    PackedCounts own("own", 16);
    const auto add = [&](const std::string& name, const char* type, const std::string& expression) {
      values_.push_back({name, type, own.add(expression)});
    };
    add("cell", "UInt16", "cell");
    add("day", "UInt16", "day");
    add("crossed", "UInt8", "crossed");
    add("bot", "UInt8",
        run_.population.bot.empty() ? "toUInt8(0)" : "(low, high) IN (SELECT low, high FROM lm_bot)");
    for (std::size_t d = 0; d < run_.population.dimensions.size(); ++d)
      if (!run_.population.dimensions[d].filled_by_pass())
        add(fmt::format("g{}", d), "UInt16", fmt::format("g{}", d));
    for (std::size_t w = 0; w < own.words(); ++w) own_.emplace_back(own.name(w), own.term(w));
    const bool known =
        std::any_of(run_.needs.metrics.begin(), run_.needs.metrics.end(),
                    [](const MetricNeeds& metric) { return metric.kept && metric.orders < 0; });
    if (!known) return;
    values_.push_back({"unit", "UInt32", "unit"});
    for (const char* half : {"low", "high"}) {
      own_.emplace_back(half, half);
      values_.push_back({half, "UInt64", half});
    }
  }

  void add_history() {
    const std::vector<Micros> lookbacks = lookbacks_of(run_.needs);
    for (std::size_t i = 0; i < lookbacks.size(); ++i)
      values_.push_back({fmt::format("h{}", i), "UInt8",
                         fmt::format("toUInt8({} > 0)", counts_.add(within("since", -lookbacks[i], 0)))});
  }

  void add_feature(int index) {
    const Feature& feature = run_.needs.features[static_cast<std::size_t>(index)];
    const std::string name = fmt::format("f{}", index), condition = events_.counts(feature);
    if (find(name) != nullptr) return;
    if (feature.aggregation == Aggregation::count)
      values_.push_back({name, fmt::format("UInt{}", bits_), counts_.add(condition)});
    else if (feature.aggregation == Aggregation::any)
      values_.push_back({name, "UInt8", fmt::format("toUInt8({} > 0)", counts_.add(condition))});
    else
      add_plain(name, "Int64", EventSql::total(feature, events_.totalled(feature), condition));
  }

  /// Groups that the events decide.
  void add_groups() {
    for (std::size_t d = 0; d < run_.population.dimensions.size(); ++d) {
      const std::string group = fmt::format("g{}", d), last = fmt::format("l{}", d);
      const auto stage = [](Lifecycle one) { return static_cast<int>(one); };
      switch (run_.population.dimensions[d].kind) {
        case Dimension::Kind::cold_start:
          values_.push_back({group, "UInt16", fmt::format("toUInt16({} = 0)", counts_.add("since < 0"))});
          break;
        case Dimension::Kind::lifecycle:
          part_.push_back(
              {last, "Int64",
               fmt::format("maxIf(since, {})", both("since < 0", events_.is_of({std::string(kPurchase)})))});
          values_.push_back(
              {group, "UInt16",
               fmt::format("toUInt16(multiIf({0} = 0, {1}, -{0} <= {2}, {3}, -{0} <= {4}, {5}, {6}))", last,
                           stage(Lifecycle::fresh), kActiveFor, stage(Lifecycle::active), kLapsingFor,
                           stage(Lifecycle::lapsing), stage(Lifecycle::lapsed))});
          break;
        default:
          break;
      }
    }
  }

  void add_orders(std::size_t o) {
    const OrderNeeds& orders = run_.needs.orders[o];
    const Feature& feature = run_.needs.features[static_cast<std::size_t>(orders.feature)];
    const std::string order = events_.counts(feature);
    const std::string refund = both(events_.is_of(orders.refund_types), "reference != ''");
    const auto add = [&](const char* name, const char* type, const std::string& value,
                         const std::string& when) {
      part_.push_back({fmt::format("{}{}", name, o), type, fmt::format("groupArrayIf({}, {})", value, when)});
    };
    add("oa", "Array(Int64)", "since", order);
    add("ok", "Array(String)", "id", order);
    add("ov", "Array(Int64)", events_.number(feature), order);
    add("rk", "Array(String)", "reference", refund);
    add("rv", "Array(Int64)", "value", refund);
    const std::string standing = fmt::format(
        "arraySort(arrayFilter((a, k, v) -> (NOT has(rk{0}, k)) OR v + arraySum(arrayMap((r, x) -> if(r = k, "
        "x, toInt64(0)), rk{0}, rv{0})) > 0, oa{0}, ok{0}, ov{0}))",
        o);
    values_.push_back(
        {fmt::format("o{}", o), "Int64",
         fmt::format("toInt64(length({0}) + 0 * (length(rk{1}) + length(rv{1})))", standing, o)});
    values_.push_back({fmt::format("ot{}", o), "Int64",
                       fmt::format("if(length({0}) >= {1}, arrayElement({0}, {1}), toInt64(0))", standing,
                                   std::max(orders.minimum, 1))});
  }

  /// Each step takes the earliest event that is not before the step before; no event is of two steps here.
  void add_funnel(std::size_t m) {
    const MetricNeeds& metric = run_.needs.metrics[m];
    std::string reached = fmt::format("{}", kNever), passed, lengths;  // lengths: see add_orders()
    for (std::size_t step = 0; step < metric.steps.size(); ++step) {
      const Feature& feature = run_.needs.features[static_cast<std::size_t>(metric.steps[step])];
      const std::string name = fmt::format("st{}_{}", m, step);
      part_.push_back(
          {name, "Array(Int64)", fmt::format("groupArrayIf(since, {})", events_.counts(feature))});
      reached =
          fmt::format("arrayReduce('min', arrayConcat([toInt64({})], arrayFilter(x{} -> x{} >= {}, {})))",
                      kLater, step, step, reached, name);
      passed += fmt::format("({} < {}) + ", reached, kLater);
      lengths += fmt::format("{}length({})", step == 0 ? "" : " + ", name);
    }
    values_.push_back({fmt::format("s{}", m), "UInt8", fmt::format("toUInt8({}0 * ({}))", passed, lengths)});
  }

  /// Events read, late, dated after they were recorded, values that are no number, and large ones.
  void add_tallies() {
    std::string counted = "1";
    if (const auto& narrow = run_.needs.counted) {
      counted = events_.is_of(narrow->types);
      if (narrow->from != std::numeric_limits<Micros>::min())
        counted = both(counted, fmt::format("at >= {}", narrow->from));
    }
    const auto add = [&](const std::string& condition) {
      tallies_ += fmt::format("{}sum({})", tallies_.empty() ? "" : ", ", counts_.add(condition));
    };
    add(counted);
    add(both(fmt::format("recorded_at - at > {}", kLateAfter), counted));
    add(both("recorded_at < at", counted));
    std::string unread, large = fmt::format("(abs(value) > {})", largest());
    std::set<int> properties;
    for (const Feature& feature : run_.needs.features)
      if (feature.property >= 0 && !feature.from_start) {
        unread += (unread.empty() ? "" : " + ") +
                  fmt::format("countIf({})", events_.counts(feature, "since", true));
        if (properties.insert(feature.property).second)
          large = fmt::format("bitOr({}, abs(pn{}) > {})", large, feature.property, largest());
      }
    if (!unread.empty()) part_.push_back({"n_unread", "UInt64", unread});
    tallies_ += unread.empty() ? ", toUInt64(0)" : ", sum(n_unread)";
    add(large);
    part_.push_back({"n_rows", "UInt64", "count()"});
    tallies_ += ", max(n_rows)";
  }

  /// A unit with fewer than 2^bits rows of no larger numbers has sums that fit 64 bits, by days too.
  std::int64_t largest() const {
    const double rows = static_cast<double>(std::uint64_t{1} << bits_);
    return static_cast<std::int64_t>(kMostSum / rows / static_cast<double>(2 * most_days(run_.needs)));
  }

  const Run& run_;
  const EventSql& events_;
  unsigned bits_;
  std::vector<std::pair<std::string, std::string>> own_{};  ///< columns of lm_part that lm_unit knows
  PackedCounts counts_;
  std::size_t shared_words_ = 0;      ///< the first ones, which lm_day has too
  std::vector<UnitColumn> part_{};    ///< further columns of lm_part, as aggregates
  std::vector<UnitColumn> values_{};  ///< columns of lm_value but t0, over lm_part
  std::string tallies_{};
};

/// Whether all units had few enough rows for `bits`; when not, the tables are worth nothing.
bool fill_tables(const Run& run, const EventSql& events, unsigned bits, UnitTables::Tallies& tallies) {
  const UnitTables tables(run, events, bits);
  const DayTables days = tables.days();
  tables.create();
  days.create();
  tallies = {};
  for (const Slice& slice : run.slices) {
    tables.make_part(slice, days.arrays());
    tables.count(tallies);
    if (bits < 32 && tallies.most_rows >> bits > 0) return false;
    tables.add_part();
    days.add_part();
  }
  run.store.cluster().query("DROP TABLE lm_part");
  return true;
}

/// Where numbers are large: throws when a unit's may add up to more than 64 bits.
void check_sums(const Run& run, const EventSql& events) {
  std::string largest = "abs(toFloat64(value))";
  std::set<int> properties;
  for (const Feature& feature : run.needs.features)
    if (feature.property >= 0 && properties.insert(feature.property).second)
      largest = fmt::format("greatest({}, abs(toFloat64(pn{})))", largest, feature.property);
  double size = 0;
  for_each_row(
      run.store.cluster(),
      fmt::format("SELECT max(s) FROM (SELECT max({}) * count() AS s FROM ({}) AS j GROUP BY low, high) AS u",
                  largest, events.rows_of_units("lm_unit", "t0")),
      [&](const Rows& rows) { size = std::max(size, rows.real(0)); });
  if (size * static_cast<double>(2 * most_days(run.needs)) < kMostSum) return;
  if (run.tables.own())
    throw Error(
        ErrorCode::data, "/tables/events",
        "a value is no number of at most 12 digits before the point, or a unit's values are too large to add",
        "filter such rows out with \"where\", or read the table through a view");
  add_exactly(std::numeric_limits<std::int64_t>::max(), 1);  // throws: too large to add exactly
}

}  // namespace

void check_metrics(const Run& run) {
  for (const MetricNeeds& metric : run.needs.metrics) {
    std::set<std::string> types;
    std::size_t named = 0;
    for (const int step : metric.steps)
      for (const std::string& type : run.needs.features[static_cast<std::size_t>(step)].types) {
        types.insert(type);
        ++named;
      }
    if (types.size() != named)
      throw Error(
          ErrorCode::usage, "metric " + metric.metric->key,
          "has steps that count the same type of event, which ClickHouse is not asked to tell apart yet",
          "give the steps types of their own, or report from a store in a file");
  }
}

void make_values(const Run& run, const EventSql& events, Statistics& statistics) {
  UnitTables::Tallies tallies;
  if (!fill_tables(run, events, 16, tallies)) fill_tables(run, events, 32, tallies);
  statistics.counts["events_read"] += tallies.read;
  statistics.late_events += tallies.late;
  statistics.future_events += tallies.future;
  if (tallies.unread > 0) statistics.counts["values_unread"] += tallies.unread;
  if (tallies.large > 0) check_sums(run, events);
}

}  // namespace liftmark::clickhouse
