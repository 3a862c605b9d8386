#include "engine/record/clickhouse/own_column.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>

namespace liftmark::clickhouse {
namespace {

enum class Kind { text, whole, real, moment, other };

struct TypeRow {
  std::string_view prefix;
  Kind kind;
};
constexpr TypeRow kTypes[] = {
    {"String", Kind::text},  {"FixedString", Kind::text}, {"Enum", Kind::text},   {"UUID", Kind::text},
    {"IPv", Kind::text},     {"Bool", Kind::text},        {"UInt", Kind::whole},  {"Int8", Kind::whole},
    {"Int16", Kind::whole},  {"Int32", Kind::whole},      {"Int64", Kind::whole}, {"Float", Kind::real},
    {"Decimal", Kind::real}, {"DateTime", Kind::moment},  {"Date", Kind::text},
};

Kind kind_of(std::string_view type) noexcept {
  for (const TypeRow& row : kTypes)
    if (type.starts_with(row.prefix)) return row.kind;
  return Kind::other;
}

struct FieldRow {
  std::string_view field;
  bool text, whole, real, moment;
  std::string_view wanted;
};
constexpr FieldRow kFields[] = {
    {"at", false, true, false, true,
     "a DateTime, or a whole number of seconds, milliseconds or microseconds"},
    {"recorded_at", false, true, false, true,
     "a DateTime, or a whole number of seconds, milliseconds or microseconds"},
    {"value", true, true, true, false, "a number"},
    {"epoch", false, true, false, false, "a whole number"},
    {"fallback", true, true, false, false, "0 and 1, or true and false"},
};

constexpr Micros kMillisecondsFrom = 100'000'000'000, kMicrosecondsFrom = 100'000'000'000'000;

Micros floor_divide(Micros value, Micros by) noexcept {
  return value >= 0 ? value / by : -((-(value + 1)) / by) - 1;
}

}  // namespace

std::string plain_type(std::string_view type) {
  for (const std::string_view wrapper : {"LowCardinality(", "Nullable(", "LowCardinality("})
    if (type.starts_with(wrapper)) {
      type.remove_prefix(wrapper.size());
      type.remove_suffix(1);
    }
  return std::string(type);
}

std::string_view unreadable(std::string_view field, std::string_view type) noexcept {
  const Kind kind = kind_of(type);
  const auto* row = std::find_if(std::begin(kFields), std::end(kFields),
                                 [&](const FieldRow& one) { return one.field == field; });
  if (row == std::end(kFields)) return kind == Kind::other ? "a text, a number or a moment" : "";
  const bool fits = (kind == Kind::text && row->text) || (kind == Kind::whole && row->whole) ||
                    (kind == Kind::real && row->real) || (kind == Kind::moment && row->moment);
  return fits ? "" : row->wanted;
}

std::string moment_sql(const std::string& column, std::string_view type) {
  if (type.starts_with("DateTime64"))
    return fmt::format("toUnixTimestamp64Micro(toDateTime64({}, 6))", column);
  if (kind_of(type) == Kind::moment) return fmt::format("toInt64({}) * 1000000", column);
  return fmt::format("toInt64({0}) * multiIf({0} >= {1}, 1, {0} >= {2}, 1000, 1000000)", column,
                     kMicrosecondsFrom, kMillisecondsFrom);
}

std::string near_sql(const std::string& column, std::string_view type, Micros from, Micros to) {
  if (to == std::numeric_limits<Micros>::max()) return "1";  // every moment is wanted
  if (kind_of(type) != Kind::moment) {
    std::string sql;
    for (const Micros unit : {kMicrosPerSecond, kMicrosPerSecond / 1000, Micros{1}}) {
      sql += sql.empty() ? "((" : " OR (";
      sql += fmt::format("{} <= {}", column, std::max<Micros>(floor_divide(to, unit), 0) + 1);
      if (from > 0) sql += fmt::format(" AND {} >= {}", column, from / unit);
      if (unit == 1) sql += fmt::format(" AND {} >= {}", column, kMicrosecondsFrom);
      if (unit == 1000) sql += fmt::format(" AND {} >= {}", column, kMillisecondsFrom);
      sql += ")";
    }
    return sql + ")";
  }
  constexpr Micros kMost = 4'294'967'295;  // seconds that a DateTime has
  std::string sql = "1";
  if (from > 0)
    sql += fmt::format(" AND {} >= toDateTime({})", column, std::min(from / kMicrosPerSecond, kMost));
  if (to < kMost * kMicrosPerSecond)
    sql += fmt::format(" AND {} <= toDateTime({})", column,
                       std::max<Micros>(floor_divide(to, kMicrosPerSecond) + 1, 0));
  return sql;
}

std::string is_number_sql(const std::string& text) {
  return fmt::format("match({}, '^[+-]?([0-9]{{1,12}}([.][0-9]*)?|[.][0-9]+)$')", text);
}

std::string number_sql(const std::string& text) {
  const std::string parts = fmt::format("splitByChar('.', replaceRegexpOne({}, '^[+-]', ''))", text);
  return fmt::format(
      "(toInt64OrZero(arrayElement({0}, 1)) * 1000000 + toInt64OrZero(substring(concat(arrayElement({0}, 2), "
      "'000000'), 1, 6)) + (substring(arrayElement({0}, 2), 7, 1) >= '5')) * if(substring({1}, 1, 1) = '-', "
      "-1, 1)",
      parts, text);
}

std::string value_sql(const std::string& column, std::string_view type) {
  constexpr Micros kNone = std::numeric_limits<std::int64_t>::max();
  const std::string text = fmt::format("toString({})", column);
  if (kind_of(type) == Kind::whole)
    return fmt::format("if(abs(toFloat64({0})) < 9e12, toInt64({0}) * 1000000, toInt64({1}))", column, kNone);
  std::string tiny = "0";  // written with an exponent
  if (type.starts_with("Float")) tiny = fmt::format("abs({}) < 0.000001", column);
  return fmt::format("multiIf({}, {}, {}, toInt64(0), toInt64({}))", is_number_sql(text), number_sql(text),
                     tiny, kNone);
}

std::string epoch_sql(const std::string& column, std::string_view) {
  return fmt::format("toInt32({})", column);
}

std::string flag_sql(const std::string& column, std::string_view type) {
  if (kind_of(type) == Kind::text)
    return fmt::format("toUInt8(lower(toString({})) IN ('1', 'true'))", column);
  return fmt::format("toUInt8({} != 0)", column);
}

}  // namespace liftmark::clickhouse
