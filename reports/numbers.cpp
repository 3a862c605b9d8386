#include "reports/numbers.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cmath>
#include <stdexcept>

#include "reports/unicode.hpp"
#include "reports/wording.hpp"

namespace liftmark::reports {
namespace {

constexpr std::string_view kMinus = "\u2212";
constexpr std::string_view kNoBreakSpace = "\u00A0";

std::chrono::year_month_day calendar(std::int64_t microseconds) {
  return {std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::microseconds>(std::chrono::microseconds(microseconds)))};
}

std::string_view month_name(std::chrono::month month, Language language) {
  constexpr std::array<Phrase, 12> kMonths{{{"January", "Januar"},
                                            {"February", "Februar"},
                                            {"March", "März"},
                                            {"April", "April"},
                                            {"May", "Mai"},
                                            {"June", "Juni"},
                                            {"July", "Juli"},
                                            {"August", "August"},
                                            {"September", "September"},
                                            {"October", "Oktober"},
                                            {"November", "November"},
                                            {"December", "Dezember"}}};
  return text_of(kMonths[static_cast<unsigned>(month) - 1], language);
}

/// Does `number` show any digit but 0 at this many decimals?
bool rounds_to_zero(double number, int decimals) {
  return std::abs(number) < 0.5 * std::pow(10.0, -decimals);
}

}  // namespace

std::string Numbers::decimal(double number, int decimals) const {
  if (!std::isfinite(number)) throw std::logic_error("a report was given a number that is not finite");
  if (std::abs(number) >= 1e15) return fmt::format("{:.3e}", number);
  const std::string digits = fmt::format("{:.{}f}", std::abs(number), decimals);
  const std::size_t point = std::min(digits.find('.'), digits.size());
  const bool german = language_ == Language::german;
  std::string out(number < 0 && !rounds_to_zero(number, decimals) ? kMinus : "");
  for (std::size_t i = 0; i < point; ++i) {
    if (i > 0 && (point - i) % 3 == 0) out += german ? '.' : ',';
    out += digits[i];
  }
  if (point < digits.size()) {
    out += german ? ',' : '.';
    out += digits.substr(point + 1);
  }
  return out;
}

std::string Numbers::whole(std::int64_t number) const {
  return decimal(static_cast<double>(number), 0);
}

std::string Numbers::percent(double fraction, int decimals) const {
  std::string out = decimal(100.0 * fraction, decimals);
  if (language_ == Language::german) out += kNoBreakSpace;
  return out + "%";
}

std::string Numbers::share(double fraction) const {
  const double hundredths = std::abs(100.0 * fraction);
  for (int decimals = 0; decimals < 2; ++decimals) {
    const double scale = std::pow(10.0, decimals);
    if (std::abs(hundredths * scale - std::round(hundredths * scale)) < 1e-6 * scale)
      return percent(fraction, decimals);
  }
  return percent(fraction, hundredths >= 1.0 ? 1 : 2);
}

std::string Numbers::lift_bound(double fraction) const {
  if (fraction == 0.0) return percent(0.0, 1);
  // The sign stays even where the digits are 0.0: it says on which side of zero the bound lies.
  return std::string(fraction > 0 ? "+" : kMinus) + percent(std::abs(fraction), 1);
}

std::string Numbers::axis_label(double fraction) const {
  if (std::abs(fraction) < 1e-12) return "0";
  return std::string(fraction > 0 ? "+" : kMinus) + share(std::abs(fraction));
}

LiftText Numbers::with_interval(const Figure& figure, auto&& format) const {
  if (!figure.estimate || (!figure.lower && !figure.upper)) return {};
  LiftText text{format(*figure.estimate), {}};
  if (figure.lower && figure.upper) {
    text.interval = fill(text_of(wording::kFromTo, language_),
                         {{"low", format(*figure.lower)}, {"high", format(*figure.upper)}});
  } else if (figure.lower) {
    text.interval = fill(text_of(wording::kAtLeast, language_), {{"low", format(*figure.lower)}});
  } else {
    text.interval = fill(text_of(wording::kAtMost, language_), {{"high", format(*figure.upper)}});
  }
  return text;
}

LiftText Numbers::lift(const Figure& relative) const {
  return with_interval(relative, [this](double fraction) { return lift_bound(fraction); });
}

LiftText Numbers::amount(const Figure& figure, std::string_view format) const {
  return with_interval(figure, [&](double number) {
    std::string text = value(number, format);
    if (number > 0) text.insert(0, 1, '+');
    return text;
  });
}

std::string Numbers::money(double number) const {
  constexpr std::array<std::array<std::string_view, 2>, 5> kSymbols{
      {{"EUR", "€"}, {"USD", "$"}, {"GBP", "£"}, {"JPY", "¥"}, {"INR", "₹"}}};
  const double size = std::abs(number);
  const std::string digits = decimal(size, size >= 1000 ? 0 : 2);
  const std::string sign(number < 0 && !rounds_to_zero(number, 2) ? kMinus : "");
  if (currency_.empty()) return sign + digits;
  const std::string code_shown = shortened(visible(currency_), 8);
  std::string symbol = code_shown;
  for (const auto& [code, sign_of_code] : kSymbols)
    if (code == currency_) symbol = sign_of_code;
  const bool before = language_ == Language::english && symbol != code_shown;
  return before ? sign + symbol + digits : sign + digits + std::string(kNoBreakSpace) + symbol;
}

std::string Numbers::value(double number, std::string_view format) const {
  const double size = std::abs(number);
  if (format == "percent") return percent(number, size > 0 && size < 0.001 ? 4 : 2);
  if (format == "currency") return money(number);
  const int decimals = size >= 1000 ? 0 : size >= 1 || size == 0 ? 2 : 4;
  return decimal(number, decimals) + (format == "duration" ? std::string(kNoBreakSpace) + "s" : "");
}

std::string Numbers::p_value(double p) const {
  if (p < 0.000001) return fmt::format("< {}", decimal(0.000001, 6));
  const int decimals = std::max(1, 1 - static_cast<int>(std::floor(std::log10(p))));
  return decimal(p, decimals);
}

std::string Numbers::date(std::int64_t microseconds) const {
  const auto day = calendar(microseconds);
  return fmt::format("{}{} {} {}", static_cast<unsigned>(day.day()), language_ == Language::german ? "." : "",
                     month_name(day.month(), language_), static_cast<int>(day.year()));
}

std::string Numbers::dates(std::int64_t first, std::int64_t last) const {
  const auto from = calendar(first);
  const auto to = calendar(last);
  if (from == to) return date(first);
  const std::string dot = language_ == Language::german ? "." : "";
  if (from.year() != to.year()) return date(first) + " – " + date(last);
  if (from.month() != to.month())
    return fmt::format("{}{} {} – {}", static_cast<unsigned>(from.day()), dot,
                       month_name(from.month(), language_), date(last));
  return fmt::format("{}{}–{}", static_cast<unsigned>(from.day()), dot, date(last));
}

std::string Numbers::timestamp(std::int64_t microseconds) const {
  const auto day = calendar(microseconds);
  const std::int64_t of_day = ((microseconds % 86'400'000'000) + 86'400'000'000) % 86'400'000'000;
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02} UTC", static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()),
                     of_day / 3'600'000'000, of_day / 60'000'000 % 60);
}

}  // namespace liftmark::reports
