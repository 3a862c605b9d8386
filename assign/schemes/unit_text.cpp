#include "assign/schemes/unit_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace liftmark::assign {
namespace {

/// ECMAScript Number::toString (ECMA-262 6.1.6.1.20) of a finite number, into at least 32 bytes; returns the
/// end.
char* write_number(double number, char* out) noexcept {
  if (std::signbit(number) && number != 0.0) *out++ = '-';
  number = std::fabs(number);
  if (number == 0.0) {
    *out++ = '0';
    return out;
  }
  char scientific[32];
  const auto written =
      std::to_chars(scientific, scientific + sizeof scientific, number, std::chars_format::scientific);
  char digits[20];
  int count = 0;
  const char* at = scientific;
  for (; at != written.ptr && *at != 'e'; ++at)
    if (*at != '.') digits[count++] = *at;
  int exponent = 0;
  if (at != written.ptr) std::from_chars(at[1] == '+' ? at + 2 : at + 1, written.ptr, exponent);
  const int point = exponent + 1;  // the decimal point stands after this many digits
  if (point > 21 || point <= -6) {
    *out++ = digits[0];
    if (count > 1) *out++ = '.';
    out = std::copy(digits + 1, digits + count, out);
    *out++ = 'e';
    *out++ = exponent < 0 ? '-' : '+';
    return std::to_chars(out, out + 4, std::abs(exponent)).ptr;
  }
  if (point <= 0) {
    *out++ = '0';
    *out++ = '.';
    out = std::fill_n(out, -point, '0');
    return std::copy(digits, digits + count, out);
  }
  const int whole = std::min(point, count);
  out = std::copy(digits, digits + whole, out);
  if (point >= count) return std::fill_n(out, point - count, '0');
  *out++ = '.';
  return std::copy(digits + whole, digits + count, out);
}

}  // namespace

UnitSource read_unit_source(ParameterReader& reader, std::string_view parameter, std::string_view id_name) {
  std::string attribute = reader.text(parameter).value_or("");
  if (attribute == id_name) attribute.clear();
  return {std::move(attribute)};
}

void UnitText::set_number(double number) noexcept {
  if (!std::isfinite(number)) return;
  kind_ = number == std::floor(number) ? Kind::whole_number : Kind::fraction;
  text_ = {buffer_, static_cast<std::size_t>(write_number(number, buffer_) - buffer_)};
  falsy_ = number == 0.0;
}

UnitText::UnitText(const UnitView& unit, const UnitSource& source) noexcept {
  if (source.attribute.empty()) {
    text_ = unit.id;
    kind_ = Kind::text;
    falsy_ = text_.empty();
    return;
  }
  const AttributeValue* value = unit.find(source.attribute);
  if (value == nullptr) return;
  if (const auto* text = std::get_if<std::string_view>(value)) {
    text_ = *text;
    kind_ = Kind::text;
    falsy_ = text_.empty();
  } else if (const auto* number = std::get_if<double>(value)) {
    set_number(*number);
  } else if (const auto* boolean = std::get_if<bool>(value)) {
    text_ = *boolean ? "true" : "false";
    kind_ = Kind::boolean;
    falsy_ = !*boolean;
  }
}

}  // namespace liftmark::assign
