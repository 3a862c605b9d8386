#include "engine/definition/time_point.hpp"

#include <fmt/format.h>

#include <chrono>

namespace liftmark {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDay = 86'400 * kSecond;

/// Takes digits and separators from the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// Exactly `digits` digits within [0, most].
  bool number(int digits, int most, int& value) {
    value = 0;
    for (int i = 0; i < digits; ++i) {
      if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') return false;
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return value <= most;
  }
  /// Digits after the decimal point, as microseconds.
  bool fraction(std::int64_t& micros) {
    std::int64_t unit = kSecond;
    bool any = false;
    for (; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; rest_.remove_prefix(1)) {
      unit /= 10;
      micros += unit * (rest_.front() - '0');
      any = true;
    }
    return any;
  }

 private:
  std::string_view rest_;
};

bool read_clock(Scanner& scanner, std::int64_t& micros) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::int64_t fraction = 0;
  if (!scanner.number(2, 23, hour) || !scanner.take(':') || !scanner.number(2, 59, minute)) return false;
  if (scanner.take(':')) {
    if (!scanner.number(2, 59, second)) return false;
    if ((scanner.take('.') || scanner.take(',')) && !scanner.fraction(fraction)) return false;
  }
  micros = (hour * 3600 + minute * 60 + second) * kSecond + fraction;
  return true;
}

bool read_offset(Scanner& scanner, std::int64_t& micros) {
  if (scanner.at_end() || scanner.take('Z') || scanner.take('z')) return scanner.at_end();
  const bool east = scanner.take('+');
  if (!east && !scanner.take('-')) return false;
  int hours = 0;
  int minutes = 0;
  if (!scanner.number(2, 23, hours)) return false;
  scanner.take(':');
  if (!scanner.at_end() && !scanner.number(2, 59, minutes)) return false;
  micros = (hours * 3600 + minutes * 60) * kSecond * (east ? 1 : -1);
  return scanner.at_end();
}

}  // namespace

std::optional<std::int64_t> parse_time(std::string_view text) noexcept {
  Scanner scanner(text);
  int year = 0;
  int month = 0;
  int day = 0;
  if (!scanner.number(4, 9999, year) || !scanner.take('-') || !scanner.number(2, 12, month) ||
      !scanner.take('-') || !scanner.number(2, 31, day) || year < 1900)
    return {};
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return {};
  const std::int64_t midnight = std::chrono::sys_days(date).time_since_epoch().count() * kDay;
  if (scanner.at_end()) return midnight;
  std::int64_t clock = 0;
  std::int64_t offset = 0;
  if (!scanner.take('T') && !scanner.take('t') && !scanner.take(' ')) return {};
  if (!read_clock(scanner, clock) || !read_offset(scanner, offset)) return {};
  return midnight + clock - offset;
}

std::string format_time(std::int64_t microseconds) {
  const std::int64_t day = microseconds / kDay - (microseconds % kDay < 0 ? 1 : 0);
  const std::int64_t rest = microseconds - day * kDay;
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  const std::int64_t seconds = rest / kSecond;
  const std::int64_t fraction = rest % kSecond;
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                 seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (fraction != 0) {
    text += fmt::format(".{:06}", fraction);
    while (text.back() == '0') text.pop_back();
  }
  return text + "Z";
}

}  // namespace liftmark
