#include "apps/cli/simulate/shop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <stdexcept>

#include <boost/random/mersenne_twister.hpp>
#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_01.hpp>

namespace liftmark::simulate {
namespace {

constexpr std::int64_t kHour = 3'600'000'000LL;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::array<double, 7> kWeekday{0.95, 0.9,  0.92, 0.98,
                                         1.0,  1.15, 1.1};  // of the week, from its first day
constexpr double kSecondDeviceUse = 0.4;                    // share of later sessions on the second device
constexpr double kImpressionItems = 3;
constexpr double kClick = 0.08;
constexpr double kAddToCart = 0.15;
constexpr double kOrderSigma = 0.6;     // of the log of an order's value, within a shopper
constexpr double kRefundDelay = 4.0;    // days behind the first, on average
constexpr double kShopperSigma = 0.35;  // of the log of a shopper's usual order value
constexpr std::array<std::string_view, 4> kSurfaces{"search", "product_page", "cart", "email"};
constexpr std::array<std::string_view, 4> kCountries{"DE", "FR", "NL", "AT"};

/// Sessions follow a cycle over the hours of the day: few at night, most in the evening. Mean 1.
double hour_weight(int hour) {
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

class Shop {
 public:
  Shop(const ShopOptions& options, const ShopSink& sink)
      : options_(options),
        sink_(sink),
        engine_(static_cast<std::uint32_t>(options.seed ^ (options.seed >> 32))),
        begin_(options.start - options.history_days * kDay),
        end_(options.start + options.days * kDay),
        over_(end_ + options.window_days * kDay),
        calendar_(begin_, options.history_days + options.days + options.window_days + 1) {
    double total = 0;
    for (const ArmEffect& arm : options.arms) total += arm.weight;
    for (const ArmEffect& arm : options.arms) shares_.push_back(arm.weight / total);
    truth_.arms.resize(options.arms.size());
    for (std::size_t i = 0; i < options.arms.size(); ++i) truth_.arms[i].arm = options.arms[i].key;
  }

  Truth run() {
    for (std::int64_t i = 0; i < options_.users; ++i) visit_shop(make_shopper(i));
    for (std::size_t i = 0; i < truth_.arms.size(); ++i) finish(truth_.arms[i]);
    return truth_;
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
    shopper.country = kCountries[pick({0.55, 0.25, 0.12, 0.08})];
    shopper.device = uniform() < 0.62 ? "phone" : "desktop";
    return shopper;
  }

  std::size_t pick(std::initializer_list<double> shares) {
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
        if (shopper.consent) add_truth(shopper, time);
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
    const double click = kClick * (arm != nullptr ? 1.0 + arm->click : 1.0);
    const double buy =
        arm != nullptr ? std::min(shopper.conversion * (1.0 + arm->conversion), 1.0) : shopper.conversion;
    const std::string_view surface = kSurfaces[pick({0.4, 0.35, 0.15, 0.1})];
    std::int64_t at = time + 1'000'000;
    for (int shown = 0; shown < kImpressionItems; ++shown) {
      // Zipf-like popularity over 200 items.
      const int item = static_cast<int>(std::floor(std::pow(200.0, uniform())));
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
    const bool refunded = uniform() < refund_probability(arm);
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

  double refund_probability(const ArmEffect* arm) const {
    return std::min(1.0, options_.refund_share * (arm != nullptr ? 1.0 + arm->refund : 1.0));
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

  /// Of a refund's delay behind its order, a day and more, the chance to fit into `left`.
  static double refunded_within(double left_days) {
    return left_days > 1.0 ? -std::expm1(-(left_days - 1.0) / kRefundDelay) : 0.0;
  }
  /// The same for an order of a later session in a window that begins at `time`: the mean over the window's
  /// hours, weighted as sessions are.
  double refunded_later(std::int64_t time) {
    double& known = refunded_later_[time / kHour];
    if (known > 0.0) return known;
    double sessions = 0.0, refunded = 0.0;
    for (int hour = 0; hour < options_.window_days * 24; ++hour) {
      const double weight = calendar_.at(time + hour * kHour + kHour / 2);
      sessions += weight;
      refunded += weight * refunded_within(options_.window_days - (hour + 0.5) / 24.0);
    }
    return known = refunded / sessions;
  }

  /// Orders from before the experiment that are expected to be refunded in a window that begins at `time`, of
  /// a shopper with one session a day who orders in each: the window counts refunds by their own time. Nobody
  /// has a session between the experiment's start and the first exposure.
  double refunded_before(const Shopper& shopper, std::int64_t time) {
    std::vector<double>& known = refunded_before_[time / kHour];  // by hour of the order, summed to the start
    if (known.empty()) {
      const auto days = [&](std::int64_t order) {
        return static_cast<double>(time - order) / static_cast<double>(kDay);
      };
      known.assign(static_cast<std::size_t>((options_.start - begin_) / kHour) + 1, 0.0);
      for (std::size_t hour = known.size() - 1; hour-- > 0;) {
        const std::int64_t from = begin_ + static_cast<std::int64_t>(hour) * kHour, middle = from + kHour / 2;
        known[hour] = known[hour + 1] + (calendar_.until(from + kHour) - calendar_.until(from)) *
                                            (refunded_within(days(middle) + options_.window_days) -
                                             refunded_within(days(middle)));
      }
    }
    const auto first = static_cast<std::size_t>((std::min(shopper.appears, options_.start) - begin_) / kHour);
    return known[first];
  }

  /// Expected values of one shopper, first exposed at `time`, under every arm. The first session counts
  /// itself; later ones are Poisson with mean m, a share of them on a second device with an independent arm:
  ///   E[orders] = p_a + m ((1 - s) p_a + s sum_b w_b p_b),
  ///   P(no order) = (1 - p_a) sum_b w_b exp(-m ((1 - s) p_a + s p_b)).
  void add_truth(const Shopper& shopper, std::int64_t time) {
    ++truth_.exposed_users;
    const double base = shopper.sessions_per_day *
                        (calendar_.until(time + options_.window_days * kDay) - calendar_.until(time));
    const double share = shopper.two_devices ? kSecondDeviceUse : 0.0;
    const double value = std::exp(shopper.log_value + kOrderSigma * kOrderSigma / 2.0);
    const double refunded_first = refunded_within(options_.window_days), refunded_then = refunded_later(time);
    const auto buys = [&](const ArmEffect& arm) {
      return std::min(shopper.conversion * (1.0 + arm.conversion), 1.0);
    };
    const double earlier = shopper.sessions_per_day * shopper.conversion * refund_probability(nullptr) *
                           refunded_before(shopper, time);
    for (std::size_t a = 0; a < options_.arms.size(); ++a) {
      const ArmEffect& own = options_.arms[a];
      const double m = base * (1.0 + own.return_visits);
      double none = 0.0, orders = 0.0, revenue = 0.0, refunded = earlier, net = -earlier * value;
      const auto add = [&](const ArmEffect& arm, double expected, double in_time) {
        const double back = refund_probability(&arm) * in_time;
        orders += expected;
        revenue += expected * value * (1.0 + arm.order_value);
        refunded += expected * back;
        net += expected * value * (1.0 + arm.order_value) * (1.0 - back);
      };
      add(own, buys(own), refunded_first);
      add(own, buys(own) * m * (1.0 - share), refunded_then);
      for (std::size_t b = 0; b < options_.arms.size(); ++b) {
        const ArmEffect& other = options_.arms[b];
        add(other, shares_[b] * m * share * buys(other), refunded_then);
        none += shares_[b] * std::exp(-m * ((1.0 - share) * buys(own) + share * buys(other)));
      }
      ArmTruth& sum = truth_.arms[a];
      sum.conversion += 1.0 - (1.0 - buys(own)) * none;
      sum.orders_per_user += orders;
      sum.revenue_per_user += revenue;
      sum.net_revenue_per_user += net;
      sum.return_rate += refunded;
    }
  }

  void finish(ArmTruth& arm) const {
    const auto n = static_cast<double>(truth_.exposed_users);
    if (truth_.exposed_users == 0) return;
    arm.order_value = arm.orders_per_user > 0 ? arm.revenue_per_user / arm.orders_per_user : 0.0;
    arm.return_rate = arm.orders_per_user > 0 ? arm.return_rate / arm.orders_per_user : 0.0;
    arm.conversion /= n;
    arm.orders_per_user /= n;
    arm.revenue_per_user /= n;
    arm.net_revenue_per_user /= n;
  }

  const ShopOptions& options_;
  const ShopSink& sink_;
  boost::random::mt19937_64 engine_;
  boost::random::normal_distribution<double> normal_;
  std::int64_t begin_, end_, over_;
  Calendar calendar_;
  std::vector<double> shares_;
  std::map<std::int64_t, double> refunded_later_;                ///< by hour
  std::map<std::int64_t, std::vector<double>> refunded_before_;  ///< by hour of the window's begin
  Truth truth_;
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
