#include "engine/record/clickhouse/sql_text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>

#include "engine/definition/error.hpp"

namespace liftmark::clickhouse {
namespace {

/// Escapes what ClickHouse's string literals and TabSeparated fields share, and the closing quote if there is
/// one.
void append_escaped(std::string_view text, char quote, std::string& out) {
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '\0':
        out += "\\0";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (quote != '\0' && c == quote) out += '\\';
        out += c;
    }
  }
}

char unescaped(char c) {
  switch (c) {
    case '0':
      return '\0';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;
  }
}

std::string unescape(std::string_view field) {
  std::string text;
  for (std::size_t i = 0; i < field.size(); ++i) {
    const bool escape = field[i] == '\\' && i + 1 < field.size();
    text += escape ? unescaped(field[++i]) : field[i];
  }
  return text;
}

[[noreturn]] void strange(std::string_view field) {
  throw Error(ErrorCode::storage, "ClickHouse",
              fmt::format("answered \"{}\" where a number was expected", field.substr(0, 60)),
              "is it a ClickHouse server of version 18.16 or later?");
}

template <typename Number>
Number number_of(std::string_view field) {
  Number value{};
  const char* const end = field.data() + field.size();
  const auto [rest, failed] = std::from_chars(field.data(), end, value);
  if (failed != std::errc() || rest != end) strange(field);
  return value;
}

}  // namespace

std::string literal(std::string_view text) {
  std::string out = "'";
  append_escaped(text, '\'', out);
  return out + "'";
}

std::string identifier(std::string_view name) {
  std::string out = "`";
  append_escaped(name, '`', out);
  return out + "`";
}

std::string literal_list(const std::vector<std::string>& texts) {
  std::string list = "(";
  for (const std::string& text : texts) list += (list.size() > 1 ? ", " : "") + literal(text);
  return list + ")";
}

void append_field(std::string_view text, std::string& row) {
  append_escaped(text, '\0', row);
}

void append_array(const std::vector<std::string_view>& texts, std::string& row) {
  row += '[';
  for (std::size_t i = 0; i < texts.size(); ++i) {
    row += i == 0 ? "'" : ",'";
    append_escaped(texts[i], '\'', row);
    row += '\'';
  }
  row += ']';
}

bool Rows::next() {
  if (rest_.empty()) return false;
  const auto end = rest_.find('\n');
  std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  fields_.clear();
  for (;;) {
    const auto tab = line.find('\t');
    fields_.push_back(line.substr(0, tab));
    if (tab == std::string_view::npos) return true;
    line.remove_prefix(tab + 1);
  }
}

std::string_view Rows::field(std::size_t field) const {
  if (field >= fields_.size()) strange("a row of too few fields");
  return fields_[field];
}

std::string Rows::text(std::size_t index) const {
  return unescape(field(index));
}
std::int64_t Rows::integer(std::size_t index) const {
  return number_of<std::int64_t>(field(index));
}
std::uint64_t Rows::natural(std::size_t index) const {
  return number_of<std::uint64_t>(field(index));
}

Int128 Rows::wide(std::size_t index) const {
  std::string_view digits = field(index);
  const bool negative = digits.starts_with('-');
  if (negative) digits.remove_prefix(1);
  if (digits.empty()) strange(field(index));
  Int128 value = 0;
  for (const char c : digits) {
    Int128 next = 0;
    if (c < '0' || c > '9' || __builtin_mul_overflow(value, 10, &next) ||
        __builtin_sub_overflow(next, c - '0', &value))
      strange(field(index));
  }
  return negative ? value : -value;  // summed downwards: the smallest number has no positive twin
}

double Rows::real(std::size_t index) const {
  const std::string text(field(index));
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0') strange(text);
  return value;
}

std::vector<std::int64_t> Rows::integers(std::size_t index) const {
  std::string_view list = field(index);
  if (!list.starts_with('[') || !list.ends_with(']')) strange(list);
  list = list.substr(1, list.size() - 2);
  std::vector<std::int64_t> values;
  while (!list.empty()) {
    const auto comma = list.find(',');
    values.push_back(number_of<std::int64_t>(list.substr(0, comma)));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return values;
}

std::vector<std::string> Rows::texts(std::size_t index) const {
  const std::string_view list = field(index);
  if (!list.starts_with('[') || !list.ends_with(']')) strange(list);
  std::vector<std::string> values;
  for (std::size_t i = 1; i + 1 < list.size(); ++i) {  // at an opening quote or a comma
    if (list[i] != '\'') continue;
    const std::size_t begin = ++i;
    while (i + 1 < list.size() && list[i] != '\'') i += list[i] == '\\' ? 2 : 1;
    values.push_back(unescape(list.substr(begin, i - begin)));
  }
  return values;
}

}  // namespace liftmark::clickhouse
