#pragma once
// Numbers and dates as a reader of one language writes them. Lifts have 1 decimal, rates 2, p-values 2
// significant digits. Never the process's locale. The minus sign is U+2212.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/scorecard/scorecard.hpp"
#include "reports/options.hpp"

namespace liftmark::reports {

/// A lift as text. There is no way to get the estimate without the interval: with no bound at all, or no
/// estimate, both are empty (the reason is shown instead).
struct LiftText {
  std::string estimate;  ///< "+4.2%"
  std::string interval;  ///< "+1.2% to +7.3%", "at least +1.2%", "at most +7.3%"
  bool empty() const noexcept { return estimate.empty(); }
};

class Numbers {
 public:
  Numbers(Language language, std::string currency) : language_(language), currency_(std::move(currency)) {}

  std::string whole(std::int64_t number) const;              ///< 206,118
  std::string decimal(double number, int decimals) const;    ///< 1,840.50
  std::string percent(double fraction, int decimals) const;  ///< 0.0642 -> 6.42%
  std::string share(double fraction) const;       ///< as few decimals as tell it: 50%, 33.3%, 0.02%
  std::string lift_bound(double fraction) const;  ///< +4.2%; a sign on everything but an exact 0
  std::string axis_label(double fraction) const;  ///< +5%, 0, −2.5%
  LiftText lift(const Figure& relative) const;    ///< of fractions
  LiftText amount(const Figure& figure,
                  std::string_view format) const;  ///< a difference in the metric's own unit
  /// `format`: percent, currency, number, duration (seconds). Rates 2 decimals.
  std::string value(double number, std::string_view format) const;
  std::string p_value(double p) const;                             ///< "0.45", "< 0.000001"
  std::string date(std::int64_t microseconds) const;               ///< 21 June 2026
  std::string dates(std::int64_t first, std::int64_t last) const;  ///< 1–21 June 2026
  std::string timestamp(std::int64_t microseconds) const;          ///< 2026-06-28 23:59 UTC

  Language language() const noexcept { return language_; }

 private:
  LiftText with_interval(const Figure& figure, auto&& format) const;
  std::string money(double number) const;
  Language language_;
  std::string currency_;
};

}  // namespace liftmark::reports
