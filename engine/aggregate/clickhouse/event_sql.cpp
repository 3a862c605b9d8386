#include "engine/aggregate/clickhouse/event_sql.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/definition/error.hpp"
#include "engine/definition/text_predicate.hpp"

namespace liftmark::clickhouse {
namespace {

using Op = assign::Predicate::Op;

/// The types that a condition compares with, sorted.
std::vector<std::string> types_of(const Needs& needs) {
  std::set<std::string> types{std::string(kPurchase)};  // segments by lifecycle ask for it
  for (const Feature& feature : needs.features) types.insert(feature.types.begin(), feature.types.end());
  for (const OrderNeeds& orders : needs.orders)
    types.insert(orders.refund_types.begin(), orders.refund_types.end());
  if (needs.counted) types.insert(needs.counted->types.begin(), needs.counted->types.end());
  return {types.begin(), types.end()};
}

}  // namespace

EventSql::EventSql(const Run& run) : run_(run), kinds_(types_of(run.needs)) {
  for (const assign::Predicate& predicate : run_.needs.predicates)
    predicates_.push_back(predicate_sql(predicate));
}

std::string EventSql::condition(const std::string& also) const {
  const EventFilter& filter = run_.needs.filter;
  // The open ends stay unwritten: servers read the smallest 64-bit number as another type.
  std::string sql = fmt::format("at <= {} AND recorded_at <= {}", run_.until, run_.as_of);
  if (filter.from != std::numeric_limits<Micros>::min()) sql += fmt::format(" AND at >= {}", filter.from);
  if (filter.to != std::numeric_limits<Micros>::max()) sql += fmt::format(" AND at < {}", filter.to);
  if (!filter.types.empty()) sql += " AND " + types_sql(filter.types);
  if (!also.empty()) sql += " AND " + also;
  return sql + run_.hidden.units + run_.hidden.types;
}

std::string EventSql::source(const std::vector<std::string>& properties) const {
  const EventFilter& filter = run_.needs.filter;
  return run_.tables.events({.types = filter.types,
                             .from = filter.from,
                             .to = std::min(filter.to, run_.until),
                             .properties = properties});
}

std::string EventSql::kind_sql() const {
  std::string texts, numbers;
  for (std::size_t i = 0; i < kinds_.size(); ++i) {
    texts += (i == 0 ? "" : ", ") + literal(kinds_[i]);
    numbers += fmt::format("{}{}", i == 0 ? "" : ", ", i + 1);
  }
  return fmt::format("toUInt{}(transform(type, [{}], [{}], 0)) AS kind", kinds_.size() < 256 ? 8 : 32, texts,
                     numbers);
}

std::string EventSql::is_of(const std::vector<std::string>& types) const {
  if (types.empty()) return "1";
  std::vector<std::size_t> numbers;
  for (const std::string& type : types)
    numbers.push_back(
        static_cast<std::size_t>(std::lower_bound(kinds_.begin(), kinds_.end(), type) - kinds_.begin()) + 1);
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  const std::size_t first = numbers.front(), last = numbers.back();
  if (first == last) return fmt::format("kind = {}", first);
  if (last - first + 1 == numbers.size() && last == kinds_.size()) return fmt::format("kind >= {}", first);
  if (last - first + 1 == numbers.size())
    return both(fmt::format("kind >= {}", first), fmt::format("kind <= {}", last));
  return fmt::format("kind IN ({})", fmt::join(numbers, ", "));
}

/// Of rows(), without unit and kind.
std::string EventSql::details() const {
  std::string sql = "at, value, recorded_at";
  if (run_.needs.filter.keys) sql += ", id, reference";
  for (std::size_t p = 0; p < run_.needs.filter.properties.size(); ++p)
    sql += fmt::format(", ph{0}, pt{0}, pk{0}, pn{0}", p);
  return sql;
}

std::string EventSql::rows(const std::string& also) const {
  std::string columns = fmt::format("low, high, at, {}, value, recorded_at", kind_sql());
  if (run_.needs.filter.keys) columns += ", id, reference";
  for (std::size_t p = 0; p < run_.needs.filter.properties.size(); ++p) {
    const std::string key = literal(run_.needs.filter.properties[p]);
    columns += fmt::format(
        ", has(keys, {0}) AS ph{1}, arrayElement(texts, indexOf(keys, {0})) AS pt{1}, arrayElement(numeric, "
        "indexOf(keys, {0})) AS pk{1}, arrayElement(numbers, indexOf(keys, {0})) AS pn{1}",
        key, p);
  }
  const std::string from = source(run_.needs.filter.properties);
  const auto repeats = run_.tables.repeats(run_.uncertain);
  if (repeats.condition.empty())
    return fmt::format("SELECT {} FROM {} WHERE {}", columns, from, condition(also));
  return fmt::format(
      "SELECT {0} FROM {1} WHERE {2} AND NOT ({3}) UNION ALL SELECT {0} FROM (SELECT * FROM {1} WHERE {2} "
      "AND "
      "({3}) ORDER BY recorded_at, content, stamp LIMIT 1 BY {4}) AS once",
      columns, from, condition(also), repeats.condition, repeats.identity);
}

/// ANY LEFT and a filter: it copies no row, as ALL does, and means the same in every version, as ANY INNER
/// does not.
std::string EventSql::rows_of_units(const std::string& table, const std::string& unit_columns,
                                    const std::string& also) const {
  return fmt::format(
      "SELECT low, high, unit, kind, {0}, {1}, at - t0 AS since FROM ({2}) AS e ANY LEFT JOIN (SELECT low, "
      "high, "
      "unit, {1} FROM {3}{4}) AS m USING (low, high) WHERE unit > 0",
      details(), unit_columns, rows(also), table, also.empty() ? "" : " WHERE " + also);
}

std::string both(const std::string& a, const std::string& b) {
  return fmt::format("bitAnd({}, {})", a, b);
}

std::string within(const std::string& since, Micros from, Micros to) {
  return both(fmt::format("{} >= {}", since, from), fmt::format("{} < {}", since, to));
}

std::string EventSql::counts(const Feature& feature, const std::string& since, bool unread) const {
  std::string sql = both(is_of(feature.types), within(since, feature.from, feature.to));
  if (feature.predicate >= 0) sql = both(sql, predicates_[static_cast<std::size_t>(feature.predicate)]);
  if (feature.property >= 0) sql = both(sql, fmt::format("pk{} = {}", feature.property, unread ? 0 : 1));
  if (feature.positive && !unread) sql = both(sql, fmt::format("{} > 0", number(feature)));
  return sql;
}

std::string EventSql::number(const Feature& feature) const {
  return feature.property < 0 ? "value" : fmt::format("pn{}", feature.property);
}

std::string EventSql::totalled(const Feature& feature) const {
  return feature.aggregation == Aggregation::distinct_days ? day_sql(run_, "at") : number(feature);
}

std::string EventSql::total(const Feature& feature, const std::string& totalled,
                            const std::string& condition) {
  switch (feature.aggregation) {
    case Aggregation::any:
      return fmt::format("toInt64(countIf({}) > 0)", condition);
    case Aggregation::count:
      return fmt::format("toInt64(countIf({}))", condition);
    case Aggregation::sum:
      return fmt::format("sumIf({}, {})", totalled, condition);
    case Aggregation::max:
      return fmt::format("maxIf({}, {})", totalled, condition);
    case Aggregation::distinct_days:
      return fmt::format("toInt64(uniqExactIf({}, {}))", totalled, condition);
  }
  return "0";
}

std::string EventSql::predicate_sql(const assign::Predicate& predicate) const {
  if (predicate.op == Op::negate) return "NOT " + predicate_sql(predicate.children.front());
  if (predicate.op != Op::all && predicate.op != Op::any) return comparison_sql(predicate);
  std::vector<std::string> parts;
  for (const assign::Predicate& child : predicate.children) parts.push_back(predicate_sql(child));
  if (parts.empty()) return predicate.op == Op::all ? "1" : "0";
  return fmt::format("({})", fmt::join(parts, predicate.op == Op::all ? " AND " : " OR "));
}

std::string EventSql::comparison_sql(const assign::Predicate& predicate) const {
  const TextPredicate compiled(predicate);
  const std::string& property = compiled.names().front();
  std::vector<std::string> held;
  for (std::string& text : texts_of(property))
    if (compiled.leaf_holds(0, text)) held.push_back(std::move(text));
  if (held.empty()) return "0";
  const auto& columns = run_.needs.filter.properties;
  const auto column = std::find(columns.begin(), columns.end(), property) - columns.begin();
  return fmt::format("(ph{0} AND pt{0} IN {1})", column, literal_list(held));
}

std::vector<std::string> EventSql::texts_of(const std::string& property) const {
  std::set<std::string> texts;
  for_each_row(
      run_.store.cluster(),
      fmt::format("SELECT DISTINCT arrayElement(texts, indexOf(keys, {0})) AS t FROM {3} WHERE {1} AND "
                  "has(keys, {0}) LIMIT {2}",
                  literal(property), condition(), kMostTexts + 1, source({property})),
      [&](const Rows& rows) { texts.insert(rows.text(0)); });
  if (texts.size() > kMostTexts)
    throw Error(
        ErrorCode::data, "property " + property,
        fmt::format("has more than {} different texts, too many to compare for ClickHouse", kMostTexts),
        "compare a property with fewer texts, or report from a store in a file");
  return {texts.begin(), texts.end()};
}

}  // namespace liftmark::clickhouse
