#include "engine/aggregate/clickhouse/day_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace liftmark::clickhouse {
namespace {

bool is_daily(const MetricNeeds& metric) {
  return metric.daily && metric.reported;
}

std::size_t places_of(const MetricNeeds& metric) {
  return metric.layout.ratio ? 2 : 1;
}

Micros days_of(const MetricNeeds& metric) {
  return metric.window / kMicrosPerDay;
}

}  // namespace

std::string columns_of(const std::vector<UnitColumn>& columns) {
  std::string text;
  for (const UnitColumn& column : columns) text += fmt::format(", {} {}", column.name, column.type);
  return text;
}
std::string values_of(const std::vector<UnitColumn>& columns) {
  std::string text;
  for (const UnitColumn& column : columns) text += ", " + column.value;
  return text;
}

std::vector<int> daily_features(const Needs& needs) {
  std::set<int> features;
  for (const MetricNeeds& metric : needs.metrics)
    if (is_daily(metric))
      features.insert(metric.features.begin(),
                      metric.features.begin() + static_cast<std::ptrdiff_t>(places_of(metric)));
  return {features.begin(), features.end()};
}

std::vector<int> daily_covariates(const Needs& needs) {
  std::set<int> features;
  for (const MetricNeeds& metric : needs.metrics)
    if (is_daily(metric))
      features.insert(metric.features.begin() + static_cast<std::ptrdiff_t>(places_of(metric)),
                      metric.features.end());
  return {features.begin(), features.end()};
}

Micros most_days(const Needs& needs) {
  Micros most = 1;
  for (const MetricNeeds& metric : needs.metrics)
    if (is_daily(metric)) most = std::max(most, days_of(metric));
  return most;
}

std::vector<std::string> trend_sql(const MetricNeeds& metric, std::size_t place) {
  const int feature = metric.features[place];  // which counts within the metric's window only
  return {fmt::format("total{0} * {1} - 2 * times_day{0}", feature, 2 * days_of(metric) - 1),
          fmt::format("2 * times_day{0} + total{0}", feature)};
}

DayTables::DayTables(const Run& run, const EventSql& events, unsigned bits, std::vector<UnitColumn> unit,
                     std::vector<std::string> carried)
    : run_(run),
      features_(daily_features(run.needs)),
      unit_(std::move(unit)),
      carried_(std::move(carried)),
      counts_("k", bits) {
  if (features_.empty()) return;
  add_arrays(events);
  for (std::size_t place = 0; place < features_.size(); ++place) add_feature(events, place, bits);
}

void DayTables::add_arrays(const EventSql& events) {
  std::vector<std::string> terms((features_.size() + kFeatureBits - 1) / kFeatureBits);
  words_ = terms.size();
  for (std::size_t place = 0; place < features_.size(); ++place) {
    const Feature& feature = run_.needs.features[static_cast<std::size_t>(features_[place])];
    std::string& term = terms[place / kFeatureBits];
    term += fmt::format("{}{} * {}", term.empty() ? "" : " + ", events.counts(feature),
                        std::uint64_t{1} << bit(place));
    const std::string number = events.totalled(feature);
    const bool adds = feature.aggregation != Aggregation::any && feature.aggregation != Aggregation::count;
    if (adds && std::find(numbers_.begin(), numbers_.end(), number) == numbers_.end())
      numbers_.push_back(number);
  }
  std::string any;
  for (const std::string& term : terms) any += fmt::format("{}({}) != 0", any.empty() ? "" : " OR ", term);
  for (std::size_t w = 0; w < words_; ++w)
    arrays_.push_back(
        {fmt::format("words{}", w), "Array(UInt64)",
         fmt::format("groupArrayIf(toUInt64(intDiv(since, {}) + {}), {})", kMicrosPerDay, terms[w], any)});
  for (std::size_t n = 0; n < numbers_.size(); ++n)
    arrays_.push_back(
        {fmt::format("numbers{}", n), "Array(Int64)", fmt::format("groupArrayIf({}, {})", numbers_[n], any)});
}

/// How d<i> comes about. Counts and sums of a day are what a running total gained since the day before; what
/// is no sum is looked for among the unit's rows, day by day.
void DayTables::add_feature(const EventSql& events, std::size_t place, unsigned bits) {
  const int f = features_[place];
  const Feature& feature = run_.needs.features[static_cast<std::size_t>(f)];
  const std::string name = fmt::format("d{}", f);
  const std::string is = fmt::format("bitTest(x{}, {})", place / kFeatureBits, bit(place));
  const auto number =
      std::find(numbers_.begin(), numbers_.end(), events.totalled(feature)) - numbers_.begin();
  const auto of_number = [&](const std::string& body) {
    return fmt::format("(y, x{0}) -> {1}, v{2}, m{0}", place / kFeatureBits, body, number);
  };
  switch (feature.aggregation) {
    case Aggregation::count:
      return totals_.push_back({name, fmt::format("UInt{}", bits), counts_.add(is)});
    case Aggregation::any:
      return totals_.push_back({name, "UInt8", fmt::format("toUInt8({} > 0)", counts_.add(is))});
    case Aggregation::sum:
      running_.push_back({fmt::format("s{}", f), "Int64", of_number("y * " + is)});
      return totals_.push_back({name, "Int64", running_.back().name});
    case Aggregation::max:
    case Aggregation::distinct_days: {
      const std::string rows = fmt::format(
          "arrayFilter({})",
          of_number(both(is, fmt::format("bitAnd(x{}, {}) = day", place / kFeatureBits, kDayMask))));
      // 18.16 does not hand a subquery's column on that is named in a lambda only: hence the lengths.
      by_day_.push_back(
          {fmt::format("s{}", f), "Int64",
           fmt::format(
               "arrayMap(day -> {}, arraySlice(days, 1, length(days) + 0 * (length(v{}) + length(m{}))))",
               fmt::format(fmt::runtime(feature.aggregation == Aggregation::max ? "arrayReduce('max', {})"
                                                                                : "toInt64(arrayUniq({}))"),
                           rows),
               number, place / kFeatureBits)});
      return totals_.push_back({name, "Int64", by_day_.back().name});
    }
  }
}

void DayTables::create() const {
  Cluster& cluster = run_.store.cluster();
  cluster.query("DROP TABLE IF EXISTS lm_day");
  cluster.query("DROP TABLE IF EXISTS lm_trend");
  if (empty()) return;
  cluster.query(fmt::format("CREATE TEMPORARY TABLE lm_day (d UInt16, t0 Int64{}{})", columns_of(unit_),
                            columns_of(totals_)));
  cluster.query(
      fmt::format("CREATE TEMPORARY TABLE lm_trend (t0 Int64, cell UInt16{})", columns_of(trend())));
}

/// The names of k<i> and s<i>.
std::vector<std::string> DayTables::sums() const {
  std::vector<std::string> names;
  for (std::size_t w = 0; w < counts_.words(); ++w) names.push_back(counts_.name(w));
  for (const UnitColumn& sum : running_) names.push_back(sum.name);
  for (const UnitColumn& sum : by_day_) names.push_back(sum.name);
  return names;
}

/// A row a unit of lm_part with such events: its days, ascending, as `days`, and by day the arrays by_k<i>
/// and by_s<i>. Sums are what a running total has gained when a day is over.
std::string DayTables::by_unit() const {
  std::string sorted, rows, running, lasting, gained;
  const auto sort = [&](const char* to, const char* from, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      sorted +=
          fmt::format(", arraySort((x, w) -> bitAnd(w, {}), {}{}, words0) AS {}{}", kDayMask, from, i, to, i);
      if (!by_day_.empty()) rows += fmt::format(", {}{}", to, i);
    }
  };
  sort("m", "words", words_);
  sort("v", "numbers", numbers_.size());
  std::string names;
  const auto run = [&](const std::string& name, const std::string& added) {
    names += ", run_" + name;
    running += fmt::format(", arrayCumSum(arrayMap({})) AS run_{}", added, name);
    lasting += fmt::format(", arrayFilter((x, is) -> is, run_{0}, last) AS at_{0}", name);
    gained += fmt::format(
        ", arrayMap((x, y) -> x - y, at_{0}, arrayPushFront(arrayPopBack(at_{0}), 0)) AS by_{0}", name);
  };
  for (std::size_t w = 0; w < counts_.words(); ++w) {
    std::string row, arrays;
    for (std::size_t i = 0; i < words_; ++i) {
      row += fmt::format("{}x{}", i == 0 ? "" : ", ", i);
      arrays += fmt::format(", m{}", i);
    }
    run(counts_.name(w), fmt::format("({}) -> {}{}", row, counts_.term(w), arrays));
  }
  for (const UnitColumn& sum : running_) run(sum.name, sum.value);
  for (const UnitColumn& other : by_day_) gained += fmt::format(", {} AS by_{}", other.value, other.name);
  const std::string unit = fmt::format("{}", fmt::join(carried_, ", "));
  std::string sql = fmt::format("SELECT {}{} FROM lm_part WHERE notEmpty(words0)", unit, sorted);
  sql = fmt::format("SELECT {}, arrayMap(w -> bitAnd(w, {}), m0) AS all_days{}{} FROM ({}) AS s", unit,
                    kDayMask, rows, running, sql);
  sql = fmt::format(
      "SELECT {}, all_days, arrayMap((x, y) -> x != y, all_days, arrayPushBack(arrayPopFront(all_days), {})) "
      "AS "
      "last{}{} FROM ({}) AS r",
      unit, kDayMask, rows, names, sql);
  sql = fmt::format("SELECT {}, arrayFilter((x, is) -> is, all_days, last) AS days{}{} FROM ({}) AS l", unit,
                    rows, lasting, sql);
  return fmt::format("SELECT {}, days{} FROM ({}) AS g", unit, gained, sql);
}

/// Columns of lm_trend over a row of by_unit(): of each feature the sum over its days, and that of it times
/// the day.
std::vector<UnitColumn> DayTables::trend() const {
  std::string row, arrays;
  for (const std::string& name : sums()) {
    row += name + ", ";
    arrays += fmt::format("by_{}, ", name);
  }
  std::vector<UnitColumn> columns;
  for (std::size_t place = 0; place < features_.size(); ++place) {
    const std::string value = fmt::format("toInt64({})", totals_[place].value);
    columns.push_back({fmt::format("total{}", features_[place]), "Int64",
                       fmt::format("arraySum(({}day) -> {}, {}days)", row, value, arrays)});
    columns.push_back({fmt::format("times_day{}", features_[place]), "Int64",
                       fmt::format("arraySum(({}day) -> {} * toInt64(day), {}days)", row, value, arrays)});
  }
  return columns;
}

void DayTables::add_part() const {
  if (empty()) return;
  std::string rows, arrays;
  for (const std::string& name : sums()) {
    rows += ", " + name;
    arrays += fmt::format(", by_{0} AS {0}", name);
  }
  const std::string units = by_unit();
  run_.store.cluster().query(fmt::format("INSERT INTO lm_trend SELECT t0, {}{} FROM ({}) AS u",
                                         unit_.front().value, values_of(trend()), units));
  run_.store.cluster().query(
      fmt::format("INSERT INTO lm_day SELECT toUInt16(day), t0{}{} FROM (SELECT {}, day{} FROM ({}) AS u "
                  "ARRAY JOIN days AS day{}) AS d",
                  values_of(unit_), values_of(totals_), fmt::join(carried_, ", "), rows, units, arrays));
}

}  // namespace liftmark::clickhouse
