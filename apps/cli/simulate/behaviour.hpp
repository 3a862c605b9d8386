#pragma once
// How a simulated shopper behaves, for who simulates it and for who computes what to expect of it.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "apps/cli/simulate/shop.hpp"

namespace liftmark::simulate {

inline constexpr std::int64_t kHour = 3'600'000'000LL;
inline constexpr std::int64_t kDay = 24 * kHour;
inline constexpr std::array<double, 7> kWeekday{0.95, 0.9,  0.92, 0.98,
                                                1.0,  1.15, 1.1};  // of the week, from its first day
inline constexpr double kSecondDeviceUse = 0.4;                    // share of later sessions on it
inline constexpr int kImpressionItems = 3;                         // of a session
inline constexpr double kItems = 200;
inline constexpr double kClick = 0.08;
inline constexpr double kAddToCart = 0.15;     // of sessions without an order; an order is always added
inline constexpr double kOrderSigma = 0.6;     // of the log of an order's value, within a shopper
inline constexpr double kRefundDelay = 4.0;    // days behind the first, on average
inline constexpr double kShopperSigma = 0.35;  // of the log of a shopper's usual order value
inline constexpr std::array<std::string_view, 4> kSurfaces{"search", "product_page", "cart", "email"};
inline constexpr std::array<double, 4> kSurfaceShares{0.4, 0.35, 0.15, 0.1};  // of sessions
inline constexpr std::array<std::string_view, 4> kCountries{"DE", "FR", "NL", "AT"};
inline constexpr std::array<double, 4> kCountryShares{0.55, 0.25, 0.12, 0.08};

/// Sessions follow a cycle over the hours of the day: few at night, most in the evening. Mean 1.
inline double hour_weight(int hour) {
  return 1.0 + 0.8 * std::sin((hour - 9.0) * 3.14159265358979323846 / 12.0);
}

/// Relative intensity of sessions over the simulated time, hour by hour, and its integral.
class Calendar {
 public:
  Calendar(std::int64_t first, int days) : first_(first) {
    cumulative_.push_back(0.0);
    for (int hour = 0; hour < days * 24; ++hour) {
      const double weight = kWeekday[static_cast<std::size_t>(hour / 24 % 7)] * hour_weight(hour % 24);
      weights_.push_back(weight);
      largest_ = std::max(largest_, weight);
      cumulative_.push_back(cumulative_.back() + weight / 24.0);
    }
  }
  double largest() const { return largest_; }
  double at(std::int64_t time) const { return weights_[index(time)]; }
  /// Expected number of sessions from the beginning until `time` for a shopper with one session a day.
  double until(std::int64_t time) const {
    if (time <= first_) return 0.0;
    const std::size_t hour = index(time);
    const double rest = static_cast<double>(time - first_ - static_cast<std::int64_t>(hour) * kHour) /
                        static_cast<double>(kHour);
    return cumulative_[hour] + weights_[hour] / 24.0 * std::min(rest, 1.0);
  }

 private:
  std::size_t index(std::int64_t time) const {
    const auto hour = static_cast<std::size_t>(std::max<std::int64_t>(0, (time - first_) / kHour));
    return std::min(hour, weights_.size() - 1);
  }
  std::int64_t first_;
  double largest_ = 0.0;
  std::vector<double> weights_, cumulative_;
};

struct Shopper {
  std::string id, device_id, other_device_id;
  double sessions_per_day = 0, conversion = 0, log_value = 0;
  std::int64_t appears = 0;
  bool two_devices = false, consent = true;
  std::string_view country, device;
};

/// Chances in one session with this arm; nullptr: from before the experiment, or of nobody's arm.
inline double click_chance(const ArmEffect* arm) {
  return std::min(kClick * (arm != nullptr ? 1.0 + arm->click : 1.0), 1.0);
}
inline double order_chance(const Shopper& shopper, const ArmEffect* arm) {
  return arm != nullptr ? std::min(shopper.conversion * (1.0 + arm->conversion), 1.0) : shopper.conversion;
}
/// That an order of such a session is refunded at some time.
inline double refund_chance(const ShopOptions& options, const ArmEffect* arm) {
  return std::min(1.0, options.refund_share * (arm != nullptr ? 1.0 + arm->refund : 1.0));
}

}  // namespace liftmark::simulate
