#include "engine/aggregate/clickhouse/unit_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "engine/aggregate/exact_sums.hpp"
#include "engine/aggregate/lifecycle.hpp"
#include "engine/definition/error.hpp"

namespace liftmark::clickhouse {
namespace {

/// Later than any moment, earlier than any; both far from where sums overflow.
constexpr Micros kLater = 4'000'000'000'000'000'000, kNever = -4'000'000'000'000'000'000;

/// What is kept of a unit's rows in one group.
struct UnitSql {
  std::string columns{};  ///< of lm_value, with their types
  std::string inner{};    ///< aggregates, named
  std::string outer{};    ///< over one row of them
  void add(const std::string& column, const char* type, const std::string& aggregate,
           const std::string& value) {
    columns += fmt::format(", {} {}", column, type);
    inner += ", " + aggregate;
    outer += ", " + value;
  }
  void add_plain(const std::string& column, const char* type, const std::string& aggregate) {
    add(column, type, fmt::format("{} AS {}", aggregate, column), column);
  }
};

/// 18.16 does not hand a subquery's column on that is named in a lambda only: hence the lengths times 0.
void add_orders(const Run& run, const EventSql& events, std::size_t o, UnitSql& sql) {
  const OrderNeeds& orders = run.needs.orders[o];
  const Feature& feature = run.needs.features[static_cast<std::size_t>(orders.feature)];
  const std::string order = events.counts(feature);
  const std::string refund = events.is_of(orders.refund_types) + " AND reference != ''";
  sql.inner += fmt::format(
      ", groupArrayIf(since, {1}) AS oa{0}, groupArrayIf(id, {1}) AS ok{0}, groupArrayIf({2}, {1}) AS "
      "ov{0}, "
      "groupArrayIf(reference, {3}) AS rk{0}, groupArrayIf(value, {3}) AS rv{0}",
      o, order, events.number(feature), refund);
  const std::string standing = fmt::format(
      "arraySort(arrayFilter((a, k, v) -> (NOT has(rk{0}, k)) OR v + arraySum(arrayMap((r, x) -> if(r = k, "
      "x, "
      "toInt64(0)), rk{0}, rv{0})) > 0, oa{0}, ok{0}, ov{0}))",
      o);
  sql.columns += fmt::format(", o{0} Int64, ot{0} Int64", o);
  sql.outer += fmt::format(
      ", toInt64(length({0}) + 0 * (length(rk{2}) + length(rv{2}))), if(length({0}) >= {1}, "
      "arrayElement({0}, {1}), "
      "toInt64(0))",
      standing, std::max(orders.minimum, 1), o);
}

/// Each step takes the earliest event that is not before the step before; no event is of two steps here.
void add_funnel(const Run& run, const EventSql& events, std::size_t m, UnitSql& sql) {
  const MetricNeeds& metric = run.needs.metrics[m];
  std::string reached = fmt::format("{}", kNever), passed, lengths;  // lengths: see add_orders()
  for (std::size_t step = 0; step < metric.steps.size(); ++step) {
    const Feature& feature = run.needs.features[static_cast<std::size_t>(metric.steps[step])];
    sql.inner += fmt::format(", groupArrayIf(since, {}) AS st{}_{}", events.counts(feature), m, step);
    reached =
        fmt::format("arrayReduce('min', arrayConcat([toInt64({})], arrayFilter(x{} -> x{} >= {}, st{}_{})))",
                    kLater, step, step, reached, m, step);
    passed += fmt::format("({} < {}) + ", reached, kLater);
    lengths += fmt::format("{}length(st{}_{})", step == 0 ? "" : " + ", m, step);
  }
  sql.columns += fmt::format(", s{} UInt8", m);
  sql.outer += fmt::format(", toUInt8({}0 * ({}))", passed, lengths);
}

/// Groups that the events decide; the others come with the unit.
void add_groups(const Run& run, const EventSql& events, UnitSql& sql) {
  for (std::size_t d = 0; d < run.population.dimensions.size(); ++d) {
    const std::string column = fmt::format("g{}", d);
    switch (run.population.dimensions[d].kind) {
      case Dimension::Kind::cold_start:
        sql.add(column, "UInt16", fmt::format("countIf(since < 0) AS b{}", d),
                fmt::format("toUInt16(b{} = 0)", d));
        break;
      case Dimension::Kind::lifecycle: {
        const auto stage = [](Lifecycle one) { return static_cast<int>(one); };
        sql.add(
            column, "UInt16",
            fmt::format("maxIf(since, since < 0 AND {1}) AS l{0}", d, events.is_of({std::string(kPurchase)})),
            fmt::format("toUInt16(multiIf(l{0} = 0, {1}, -l{0} <= {2}, {3}, -l{0} <= {4}, {5}, {6}))", d,
                        stage(Lifecycle::fresh), kActiveFor, stage(Lifecycle::active), kLapsingFor,
                        stage(Lifecycle::lapsing), stage(Lifecycle::lapsed)));
        break;
      }
      default:
        sql.columns += fmt::format(", {} UInt16", column);
        sql.outer += ", " + column;
    }
  }
}

/// Events read, late, dated after they were recorded, and values that are no number.
void add_counts(const Run& run, const EventSql& events, UnitSql& sql) {
  std::string counted = "1";
  if (const auto& narrow = run.needs.counted) {
    counted = events.is_of(narrow->types);
    if (narrow->from != std::numeric_limits<Micros>::min())
      counted += fmt::format(" AND at >= {}", narrow->from);
  }
  sql.add_plain("n_read", "UInt64", fmt::format("countIf({})", counted));
  // Two counts in one sum: no unit has 2^32 events.
  sql.inner += fmt::format(", sumIf((recorded_at - at > {}) + (recorded_at < at) * {}, {}) AS late_or_future",
                           kLateAfter, std::uint64_t{1} << 32, counted);
  sql.columns += ", n_late UInt64, n_future UInt64";
  sql.outer += fmt::format(", late_or_future % {0}, intDiv(late_or_future, {0})", std::uint64_t{1} << 32);
  std::string unread = "toUInt64(0)";
  for (const Feature& feature : run.needs.features)
    if (feature.property >= 0 && !feature.from_start)
      unread += fmt::format(" + countIf({})", events.counts(feature, "since", true));
  sql.add_plain("n_unread", "UInt64", unread);
  // A unit's total that leaves 64 bits would come back as another number.
  sql.add_plain("size", "Float64", "max(abs(toFloat64(value))) * count()");
}

/// The features that are kept by day since the first exposure; empty when no metric is.
std::vector<int> daily_features(const Needs& needs) {
  std::set<int> features;
  for (const MetricNeeds& metric : needs.metrics)
    if (metric.daily && metric.reported)
      features.insert(metric.features.begin(), metric.features.begin() + (metric.layout.ratio ? 2 : 1));
  return {features.begin(), features.end()};
}

/// What lm_value keeps of each row that counts for a daily feature: words of its day (kDayBits of each) and
/// for which of the features it counts (kFeatureBits), and the numbers they add up.
struct DailyRows {
  static constexpr std::size_t kDayBits = 16, kFeatureBits = 32;
  std::vector<int> features{};
  std::vector<std::string> words{}, numbers{};
  std::string any{};  ///< when a row counts for one of them

  DailyRows(const Run& run, const EventSql& events) : features(daily_features(run.needs)) {
    words.resize((features.size() + kFeatureBits - 1) / kFeatureBits);
    for (std::size_t place = 0; place < features.size(); ++place) {
      const Feature& feature = run.needs.features[static_cast<std::size_t>(features[place])];
      const std::string counts = events.counts(feature);
      words[place / kFeatureBits] += fmt::format(" + ({}) * {}", counts, std::uint64_t{1} << bit(place));
      any += fmt::format("{}({})", place == 0 ? "" : " OR ", counts);
      const std::string number = events.totalled(feature);
      const bool adds = feature.aggregation != Aggregation::any && feature.aggregation != Aggregation::count;
      if (adds && std::find(numbers.begin(), numbers.end(), number) == numbers.end())
        numbers.push_back(number);
    }
    for (std::string& word : words) word = fmt::format("toUInt64(intDiv(since, {}){})", kMicrosPerDay, word);
  }

  /// The feature at this place, of rows of lm_value's arrays: words as m<i>, numbers as v<i>.
  std::string total(const EventSql& events, const Feature& feature, std::size_t place) const {
    const auto number = std::find(numbers.begin(), numbers.end(), events.totalled(feature)) - numbers.begin();
    return EventSql::total(feature, fmt::format("v{}", number),
                           fmt::format("bitTest(m{}, {})", place / kFeatureBits, bit(place)));
  }

 private:
  static std::size_t bit(std::size_t place) { return kDayBits + place % kFeatureBits; }
};

void add_daily_rows(const DailyRows& daily, UnitSql& sql) {
  const auto add = [&](const std::string& column, const char* type, const std::string& value) {
    sql.add_plain(column, type, fmt::format("groupArrayIf({}, {})", value, daily.any));
  };
  for (std::size_t w = 0; w < daily.words.size(); ++w)
    add(fmt::format("words{}", w), "Array(UInt64)", daily.words[w]);
  for (std::size_t n = 0; n < daily.numbers.size(); ++n)
    add(fmt::format("numbers{}", n), "Array(Int64)", daily.numbers[n]);
}

UnitSql unit_sql(const Run& run, const EventSql& events) {
  UnitSql sql;
  sql.add_plain("before", "Int64", "maxIf(since, since < 0)");
  add_groups(run, events, sql);
  for (std::size_t f = 0; f < run.needs.features.size(); ++f) {
    const Feature& feature = run.needs.features[f];
    if (!feature.from_start)
      sql.add_plain(fmt::format("f{}", f), "Int64",
                    EventSql::total(feature, events.totalled(feature), events.counts(feature)));
  }
  for (std::size_t o = 0; o < run.needs.orders.size(); ++o) add_orders(run, events, o, sql);
  for (std::size_t m = 0; m < run.needs.metrics.size(); ++m)
    if (!run.needs.metrics[m].steps.empty()) add_funnel(run, events, m, sql);
  add_counts(run, events, sql);
  add_daily_rows(DailyRows(run, events), sql);
  return sql;
}

/// round(value x weight / 10^6), half away from zero, for a weight in millionths, without leaving 64 bits.
std::string weighted(const std::string& value, bool millionths, Millionths weight) {
  if (!millionths) return fmt::format("({}) * toInt64({})", value, weight);  // counts become millionths
  const std::string rest = fmt::format("(({}) % 1000000) * toInt64({})", value, weight);
  return fmt::format(
      "intDiv({0}, 1000000) * toInt64({1}) + intDiv({2} + if({2} < 0, -500000, 500000), 1000000)",
      "(" + value + ")", weight, rest);
}

/// Units with events first, as the left side of a join with the small table of units; the others after them,
/// joined with no rows, so that the same expressions give their values.
void insert_values(const Run& run, const EventSql& events, const UnitSql& sql) {
  const auto totals = [&](const char* limit) {
    return fmt::format("(SELECT low, high{} FROM ({}{}) AS j GROUP BY low, high) AS u", sql.inner,
                       events.rows_of_units("lm_unit", "t0"), limit);
  };
  const std::string insert =
      "INSERT INTO lm_value SELECT low, high, t0, cell, day, crossed, " +
      std::string(run.population.bot.empty() ? "toUInt8(0)"
                                             : "(low, high) IN (SELECT low, high FROM lm_bot)") +
      sql.outer + " FROM ";
  run.store.cluster().query(fmt::format("{}{} ANY LEFT JOIN lm_unit USING (low, high)", insert, totals("")));
  run.store.cluster().query(fmt::format(
      "{}(SELECT * FROM lm_unit WHERE (low, high) NOT IN (SELECT low, high FROM lm_value)) AS v ANY "
      "LEFT JOIN {} USING (low, high)",
      insert, totals(" LIMIT 0")));
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
  Cluster& cluster = run.store.cluster();
  const UnitSql sql = unit_sql(run, events);
  cluster.query("DROP TABLE IF EXISTS lm_value");
  cluster.query(
      "CREATE TEMPORARY TABLE lm_value (low UInt64, high UInt64, t0 Int64, cell UInt16, day UInt16, crossed "
      "UInt8, bot UInt8" +
      sql.columns + ")");
  insert_values(run, events, sql);
  double size = 0;
  std::int64_t unread = 0;
  for_each_row(cluster,
               "SELECT sum(n_read), sum(n_late), sum(n_future), sum(n_unread), max(size) FROM lm_value",
               [&](const Rows& rows) {
                 statistics.counts["events_read"] += rows.integer(0);
                 statistics.late_events += rows.integer(1);
                 statistics.future_events += rows.integer(2);
                 unread += rows.integer(3);
                 size = std::max(size, rows.real(4));
               });
  if (unread > 0) statistics.counts["values_unread"] += unread;
  if (size >= 9e18 && run.tables.own())
    throw Error(
        ErrorCode::data, "/tables/events",
        "a value is no number of at most 12 digits before the point, or a unit's values are too large to add",
        "filter such rows out with \"where\", or read the table through a view");
  if (size >= 9e18)
    add_exactly(std::numeric_limits<std::int64_t>::max(), 1);  // throws: too large to add exactly
}

bool make_days(const Run& run, const EventSql& events) {
  const DailyRows daily(run, events);
  if (daily.features.empty()) return false;
  std::set<int> covariates;
  for (const MetricNeeds& metric : run.needs.metrics)
    if (metric.daily && metric.reported)
      covariates.insert(metric.features.begin() + (metric.layout.ratio ? 2 : 1), metric.features.end());
  std::string columns, taken = "t0, cell, before", rows, kept, totals, lists, arrays;
  for (const int f : covariates) {
    columns += fmt::format(", f{} Int64", f);
    taken += fmt::format(", f{}", f);
    kept += fmt::format(", any(f{})", f);
  }
  for (std::size_t place = 0; place < daily.features.size(); ++place) {
    const int f = daily.features[place];
    columns += fmt::format(", d{} Int64", f);
    totals += ", " + daily.total(events, run.needs.features[static_cast<std::size_t>(f)], place);
  }
  const auto join = [&](const char* array, const char* row, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      arrays += fmt::format("{3}{0}{1} AS {2}{1}", array, i, row, arrays.empty() ? "" : ", ");
      rows += fmt::format(", {}{}", row, i);
      lists += fmt::format(", {}{}", array, i);
    }
  };
  join("words", "m", daily.words.size());
  join("numbers", "v", daily.numbers.size());
  Cluster& cluster = run.store.cluster();
  cluster.query("DROP TABLE IF EXISTS lm_day");
  cluster.query("CREATE TEMPORARY TABLE lm_day (unit UInt64, d UInt16, t0 Int64, cell UInt16, before Int64" +
                columns + ")");
  cluster.query(
      fmt::format("INSERT INTO lm_day SELECT intDiv(unit_day, {0}), unit_day % {0}, any(t0), any(cell), "
                  "any(before){1}{2} FROM "
                  "(SELECT unit * {0} + m0 % {0} AS unit_day, {3}{4} FROM (SELECT rowNumberInAllBlocks() AS "
                  "unit, {3}{5} FROM "
                  "lm_value) AS u ARRAY JOIN {6}) AS r GROUP BY unit_day",
                  std::uint64_t{1} << DailyRows::kDayBits, kept, totals, taken, rows, lists, arrays));
  return true;
}

std::vector<std::string> value_sql(const Run& run, std::size_t index) {
  const MetricNeeds& metric = run.needs.metrics[index];
  std::vector<std::string> values;
  if (!metric.terms.empty()) {
    for (std::size_t i = 0; i < metric.layout.dimension(); ++i) {
      std::string sum;
      for (const MetricNeeds::Term& term : metric.terms) {
        const MetricNeeds& part = run.needs.metrics[term.metric];
        if (i >= part.layout.dimension()) continue;
        const std::string value =
            weighted(value_sql(run, term.metric)[i], part.per_one[i] > 1.0, term.weight);
        sum += (sum.empty() ? "(" : " + (") + value + ")";
      }
      values.push_back(sum.empty() ? "toInt64(0)" : sum);
    }
    return values;
  }
  if (!metric.steps.empty()) return {fmt::format("toInt64(s{} = {})", index, metric.steps.size())};
  for (const int feature : metric.features) values.push_back(fmt::format("f{}", feature));
  if (metric.orders < 0) return values;
  const int minimum = run.needs.orders[static_cast<std::size_t>(metric.orders)].minimum;
  values[0] = fmt::format("toInt64(o{} >= {})", metric.orders, minimum);
  if (metric.kept)  // the time until then, in millionths of a day
    values[0] = fmt::format("intDiv(if(o{0} >= {1}, ot{0}, toInt64({2})), {3})", metric.orders, minimum,
                            metric.window, kMicrosPerDay / 1'000'000);
  if (metric.layout.covariates > 0) values[1] = fmt::format("toInt64({} >= {})", values[1], minimum);
  return values;
}

std::vector<std::string> term_sql(const Run& run, std::size_t index) {
  std::vector<std::string> values;
  for (const MetricNeeds::Term& term : run.needs.metrics[index].terms) {
    const std::string value = value_sql(run, term.metric)[0];
    const bool millionths = run.needs.metrics[term.metric].per_one[0] > 1.0;
    values.push_back(millionths ? value : fmt::format("({}) * 1000000", value));
  }
  return values;
}

std::string mature_sql(const Run& run, const MetricNeeds& metric) {
  const Micros latest = metric.latest_mature(run.until);
  return latest == std::numeric_limits<Micros>::max() ? "1" : fmt::format("t0 <= {}", latest);
}

std::string history_sql(const MetricNeeds& metric) {
  return fmt::format("toUInt8(before < 0 AND before >= -{})", metric.lookback);
}

}  // namespace liftmark::clickhouse
