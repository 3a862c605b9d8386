#include "apps/cli/simulate/shop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <stdexcept>

#include <boost/random/mersenne_twister.hpp>
#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_01.hpp>

#include "apps/cli/simulate/expected.hpp"

namespace liftmark::simulate {
namespace {

int longest_window(const ShopOptions& options) {
  return std::max(options.window_days, kCameBackDays);
}

class Shop {
 public:
  Shop(const ShopOptions& options, const ShopSink& sink)
      : options_(options),
        sink_(sink),
        engine_(static_cast<std::uint32_t>(options.seed ^ (options.seed >> 32))),
        begin_(options.start - options.history_days * kDay),
        end_(options.start + options.days * kDay),
        over_(end_ + longest_window(options) * kDay),
        calendar_(begin_, options.history_days + options.days + longest_window(options) + 1),
        expected_(options, calendar_, over_) {}

  Truth run() {
    for (std::int64_t i = 0; i < options_.users; ++i) visit_shop(make_shopper(i));
    return expected_.truth();
  }

 private:
  double uniform() { return boost::random::uniform_01<double>()(engine_); }
  double normal() { return normal_(engine_); }
  double exponential() { return -std::log1p(-uniform()); }

  Shopper make_shopper(std::int64_t number) {
    Shopper shopper;
    shopper.id = fmt::format("u{:07}", number);
    shopper.device_id = shopper.id;
    shopper.sessions_per_day = std::min(options_.sessions_per_day * std::exp(1.1 * normal()), 12.0);
    shopper.conversion = std::min(options_.conversion * std::exp(0.5 * normal()), 0.5);
    shopper.log_value = std::log(options_.order_value) + kShopperSigma * normal();
    const bool is_new = uniform() < options_.new_share;
    const double appears = uniform();
    shopper.appears =
        is_new ? begin_ + static_cast<std::int64_t>(appears * static_cast<double>(end_ - begin_)) : begin_;
    shopper.two_devices = uniform() < options_.two_device_share;
    shopper.other_device_id = shopper.id + "-2";
    shopper.consent = !(uniform() < options_.no_consent_share);
    shopper.country = kCountries[pick(kCountryShares)];
    shopper.device = uniform() < 0.62 ? "phone" : "desktop";
    return shopper;
  }

  std::size_t pick(std::span<const double> shares) {
    double left = uniform();
    std::size_t index = 0;
    for (const double share : shares) {
      if (left < share || index + 1 == shares.size()) return index;
      left -= share;
      ++index;
    }
    return index;
  }

  /// One shopper's sessions: a Poisson process with the calendar's intensity, by thinning (Lewis and Shedler
  /// 1979).
  void visit_shop(const Shopper& shopper) {
    if (sink_.consent) sink_.consent(shopper.id, shopper.consent);
    const std::size_t first_arm = sink_.arm_of(shopper.device_id);
    const std::size_t other_arm = shopper.two_devices ? sink_.arm_of(shopper.other_device_id) : first_arm;
    double most_visits = 0.0;
    for (const ArmEffect& arm : options_.arms) most_visits = std::max(most_visits, arm.return_visits);
    const double ceiling = shopper.sessions_per_day * calendar_.largest() * (1.0 + most_visits);
    bool exposed = false;
    std::size_t itt_arm = first_arm;
    std::int64_t time = shopper.appears;
    session_number_ = 0;
    while (true) {
      time += std::max<std::int64_t>(
          1, static_cast<std::int64_t>(exponential() / ceiling * static_cast<double>(kDay)));
      if (time >= over_) break;
      const double lift = exposed ? 1.0 + options_.arms[itt_arm].return_visits : 1.0;
      if (uniform() * ceiling >= shopper.sessions_per_day * calendar_.at(time) * lift) continue;
      const bool other = shopper.two_devices && uniform() < kSecondDeviceUse;
      const std::size_t arm = other ? other_arm : first_arm;
      // Nobody enters after the last day; who is in is shown the arm until the last window is over.
      const bool inside = time >= options_.start && (exposed || time < end_);
      if (inside && !exposed) {
        exposed = true;
        itt_arm = arm;
        if (shopper.consent) expected_.add(shopper, time);
      }
      hold_session(shopper, time, inside ? &options_.arms[arm] : nullptr);
    }
  }

  void hold_session(const Shopper& shopper, std::int64_t time, const ArmEffect* arm) {
    ++session_number_;
    event_number_ = 0;
    if (arm != nullptr && shopper.consent) {
      const std::string id = fmt::format("x-{}-{}", shopper.id, session_number_);
      sink_.exposure({.id = id,
                      .unit = shopper.id,
                      .arm = arm->key,
                      .country = shopper.country,
                      .device = shopper.device,
                      .at = time});
    }
    const double click = click_chance(arm), buy = order_chance(shopper, arm);
    const std::string_view surface = kSurfaces[pick(kSurfaceShares)];
    std::int64_t at = time + 1'000'000;
    for (int shown = 0; shown < kImpressionItems; ++shown) {
      // Zipf-like popularity.
      const int item = static_cast<int>(std::floor(std::pow(kItems, uniform())));
      const std::string name = fmt::format("item-{:03}", item);
      emit(shopper, "impression", at, surface, name);
      if (uniform() < click) emit(shopper, "click", at + 2'000'000, surface, name);
      at += 5'000'000;
    }
    const bool buys = uniform() < buy;
    if (buys || uniform() < kAddToCart) emit(shopper, "add_to_cart", at + 1'000'000, surface, {});
    if (buys) place_order(shopper, at + 60'000'000, surface, arm);
  }

  void place_order(const Shopper& shopper, std::int64_t at, std::string_view surface, const ArmEffect* arm) {
    const double factor = arm != nullptr ? 1.0 + arm->order_value : 1.0;
    const double value = factor * std::exp(shopper.log_value + kOrderSigma * normal());
    const auto cents = std::max<std::int64_t>(1, std::llround(value * 100.0));
    const bool refunded = uniform() < refund_chance(options_, arm);
    const double delay = exponential();
    const std::string order = event_id(shopper);
    send(shopper, {.id = order,
                   .unit = shopper.id,
                   .type = "purchase",
                   .reference = {},
                   .surface = surface,
                   .item = {},
                   .at = at,
                   .value_cents = cents,
                   .has_value = true});
    if (!refunded) return;
    const std::int64_t when =
        at + kDay + static_cast<std::int64_t>(delay * kRefundDelay * static_cast<double>(kDay));
    const std::string refund = order + "-r";
    if (when < over_)
      send(shopper, {.id = refund,
                     .unit = shopper.id,
                     .type = "refund",
                     .reference = order,
                     .surface = surface,
                     .item = {},
                     .at = when,
                     .value_cents = -cents,
                     .has_value = true});
  }

  std::string event_id(const Shopper& shopper) {
    return fmt::format("e-{}-{}-{}", shopper.id, session_number_, ++event_number_);
  }

  void emit(const Shopper& shopper, std::string_view type, std::int64_t at, std::string_view surface,
            std::string_view item) {
    const std::string id = event_id(shopper);
    send(shopper, {.id = id,
                   .unit = shopper.id,
                   .type = type,
                   .reference = {},
                   .surface = surface,
                   .item = item,
                   .at = at});
  }

  void send(const Shopper& shopper, const SimulatedEvent& event) {
    if (shopper.consent) sink_.event(event);
  }

  const ShopOptions& options_;
  const ShopSink& sink_;
  boost::random::mt19937_64 engine_;
  boost::random::normal_distribution<double> normal_;
  std::int64_t begin_, end_, over_;
  Calendar calendar_;
  ExpectedValues expected_;
  int session_number_ = 0;
  int event_number_ = 0;
};

}  // namespace

Truth run_shop(const ShopOptions& options, const ShopSink& sink) {
  if (options.arms.empty()) throw std::logic_error("simulate: no arms");
  for (const double share : {options.refund_share, options.new_share, options.two_device_share,
                             options.no_consent_share, options.conversion})
    if (!(share >= 0.0 && share <= 1.0)) throw std::logic_error("simulate: a share outside [0, 1]");
  return Shop(options, sink).run();
}

}  // namespace liftmark::simulate
