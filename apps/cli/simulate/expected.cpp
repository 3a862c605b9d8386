#include "apps/cli/simulate/expected.hpp"

#include "stats/distributions.hpp"

namespace liftmark::simulate {
namespace {

constexpr double kGridStep = 1.0 / 1024;  // of the log of a shopper's usual order value
constexpr double kMostAtOnce = 500;       // sessions: e^-500 is a number
constexpr double kGridReach = 3.0;        // to both sides of the median: 8.6 standard deviations

double days_between(std::int64_t from, std::int64_t to) {
  return static_cast<double>(to - from) / static_cast<double>(kDay);
}

std::int64_t micros(double days) {
  return static_cast<std::int64_t>(days * static_cast<double>(kDay));
}

/// Of a refund's delay behind its order, a day and more, the chance to fit into `left_days`.
double refunded_within(double left_days) {
  return left_days > 1.0 ? -std::expm1(-(left_days - 1.0) / kRefundDelay) : 0.0;
}

/// That something with these chances in the first session and in each of Poisson many later ones happens.
double at_least_once(double first, double later, double sessions) {
  return 1.0 - (1.0 - first) * std::exp(-later * sessions);
}

double mixed(double own, double other, double elsewhere) {
  return (1.0 - elsewhere) * own + elsewhere * other;
}

/// Items are drawn as floor(200^U): item k with chance ln((k + 1) / k) / ln 200.
ItemTruth item_truth() {
  ItemTruth truth{.items = static_cast<int>(kItems) - 1};
  double same = 0;
  for (int k = 1; k < static_cast<int>(kItems); ++k) {
    const double chance = std::log1p(1.0 / k) / std::log(kItems);
    same += chance * chance;
    truth.novelty_bits -= chance * std::log2(chance);
  }
  truth.diversity = 1.0 - same;
  truth.effective_items = 1.0 / same;
  return truth;
}

}  // namespace

ExpectedValues::ExpectedValues(const ShopOptions& options, const Calendar& calendar, std::int64_t over)
    : options_(options),
      calendar_(calendar),
      begin_(options.start - options.history_days * kDay),
      over_(over),
      order_values_(options.arms.size(),
                    {options.arms.size(),
                     std::vector<double>(static_cast<std::size_t>(2 * kGridReach / kGridStep) + 2, 0.0)}) {
  double total = 0;
  for (const ArmEffect& arm : options.arms) total += arm.weight;
  for (const ArmEffect& arm : options.arms) {
    shares_.push_back(arm.weight / total);
    truth_.arms.emplace_back().arm = arm.key;
  }
  truth_.items = item_truth();
}

/// The first session counts itself.
void ExpectedValues::add(const Shopper& shopper, std::int64_t time) {
  ++truth_.exposed_users;
  for (std::size_t arm = 0; arm < options_.arms.size(); ++arm) {
    const Visitor visitor{shopper, time, arm, shopper.two_devices ? kSecondDeviceUse : 0.0};
    ArmTruth& sum = truth_.arms[arm];
    add_orders(visitor, sum);
    sum.came_back += -std::expm1(-later_sessions(visitor, 1, kCameBackDays));
    sum.back_on_day_3 += -std::expm1(-later_sessions(visitor, 3, 4));
    if (!shopper.two_devices) {
      add_chances(visitor, arm, 1.0, sum);
      continue;
    }
    for (std::size_t other = 0; other < options_.arms.size(); ++other)
      add_chances(visitor, other, shares_[other], sum);
  }
}

double ExpectedValues::later_sessions(const Visitor& visitor, double from_day, double to_day) const {
  return visitor.shopper.sessions_per_day * (1.0 + options_.arms[visitor.arm].return_visits) *
         (calendar_.until(visitor.first + micros(to_day)) -
          calendar_.until(visitor.first + micros(from_day)));
}

ExpectedValues::Session ExpectedValues::session_of(const Visitor& visitor, std::size_t arm,
                                                   double refunded) const {
  const ArmEffect* effect = &options_.arms[arm];
  const double order = order_chance(visitor.shopper, effect);
  return {.click = 1.0 - std::pow(1.0 - click_chance(effect), kImpressionItems),
          .cart = order + (1.0 - order) * kAddToCart,
          .order = order,
          .stands = order * (1.0 - refund_chance(options_, effect) * refunded)};
}

/// Sums over sessions are linear: E[orders] = p_a + m ((1 - s) p_a + s sum_b w_b p_b), m later sessions, p
/// the chance of an order with own arm a, s the second device's share of them, whose arm is b with chance
/// w_b.
void ExpectedValues::add_orders(const Visitor& visitor, ArmTruth& sum) {
  const Shopper& shopper = visitor.shopper;
  const double later = later_sessions(visitor, 0, options_.window_days);
  const double value = std::exp(shopper.log_value + kOrderSigma * kOrderSigma / 2.0);
  const double earlier = shopper.sessions_per_day * shopper.conversion * refund_chance(options_, nullptr) *
                         refunded_before(shopper, visitor.first);
  sum.refunds_per_user += earlier;
  sum.net_revenue_per_user -= earlier * value;
  const auto add = [&](std::size_t arm, double sessions, double refunded_in_time) {
    const ArmEffect& effect = options_.arms[arm];
    const double orders = sessions * order_chance(shopper, &effect);
    const double revenue = orders * value * (1.0 + effect.order_value);
    const double back = refund_chance(options_, &effect) * refunded_in_time;
    sum.impressions_per_user += kImpressionItems * sessions;
    sum.clicks_per_user += kImpressionItems * sessions * click_chance(&effect);
    sum.orders_per_user += orders;
    sum.revenue_per_user += revenue;
    sum.refunds_per_user += orders * back;
    sum.net_revenue_per_user += revenue * (1.0 - back);
    add_order_values(visitor, arm, orders);
  };
  add(visitor.arm, 1.0, refunded_within(options_.window_days));
  const double then = refunded_later(visitor.first);
  add(visitor.arm, later * (1.0 - visitor.elsewhere), then);
  if (visitor.elsewhere == 0.0) return;
  for (std::size_t other = 0; other < options_.arms.size(); ++other)
    add(other, later * visitor.elsewhere * shares_[other], then);
}

/// What happens at least once or twice, in sessions whose number is Poisson: with the second device's arm b
/// given, sessions with the event are Poisson too, so that P(none) = (1 - p_a) exp(-m ((1 - s) p_a + s p_b)).
void ExpectedValues::add_chances(const Visitor& visitor, std::size_t other, double weight, ArmTruth& sum) {
  const double later = later_sessions(visitor, 0, options_.window_days);
  const double later_week = later_sessions(visitor, 0, kWeek);
  const Session own = session_of(visitor, visitor.arm, 0.0), there = session_of(visitor, other, 0.0);
  const double s = visitor.elsewhere;
  const Session mean{.click = mixed(own.click, there.click, s),
                     .cart = mixed(own.cart, there.cart, s),
                     .order = mixed(own.order, there.order, s)};
  sum.conversion += weight * at_least_once(own.order, mean.order, later);
  sum.click_users += weight * at_least_once(own.click, mean.click, later);
  sum.cart_users += weight * at_least_once(own.cart, mean.cart, later);
  sum.clicked_within_week += weight * at_least_once(own.click, mean.click, later_week);
  const Steps steps = passed_steps(own, there, s, later);
  sum.funnel_clicked += weight * (steps[1] + steps[2] + steps[3]);
  sum.funnel_carted += weight * (steps[2] + steps[3]);
  sum.funnel_ordered += weight * steps[3];
  sum.repeat_purchase += weight * second_order(visitor, other, options_.window_days);
  sum.second_order_within_week += weight * second_order(visitor, other, kWeek);
}

/// The step a shopper has come to: none, click, cart, order. Within a session clicks come before the cart and
/// the cart before the order, so one session may pass several steps. An order's session has its cart.
ExpectedValues::Steps ExpectedValues::add_session(const Steps& reached, const Session& session) {
  const double q = session.click, u = session.cart, b = session.order;
  return {reached[0] * (1 - q), reached[0] * q * (1 - u) + reached[1] * (1 - u),
          (reached[0] * q + reached[1]) * (u - b) + reached[2] * (1 - b),
          (reached[0] * q + reached[1] + reached[2]) * b + reached[3]};
}

/// Later sessions are Poisson: exp(m (T - 1)) = sum over n of P(n; m) T^n, with T = (1 - s) T_a + s T_b one
/// session's step. Taken in rounds, so that P(0; m) is a number.
ExpectedValues::Steps ExpectedValues::passed_steps(const Session& own, const Session& there, double elsewhere,
                                                   double sessions) {
  Steps reached = add_session({1, 0, 0, 0}, own);
  const int rounds = 1 + static_cast<int>(sessions / kMostAtOnce);
  const double mean = sessions / rounds;
  for (int round = 0; round < rounds; ++round) {
    Steps power = reached;
    double chance = std::exp(-mean);
    for (double& part : reached) part *= chance;
    for (int n = 1; n < mean || chance > 1e-16; ++n) {
      const Steps with_own = add_session(power, own), with_other = add_session(power, there);
      chance *= mean / n;
      for (std::size_t step = 0; step < power.size(); ++step) {
        power[step] = mixed(with_own[step], with_other[step], elsewhere);
        reached[step] += chance * power[step];
      }
    }
  }
  return reached;
}

/// Two orders that stand within the days. Refunds count whenever they come until the shop is over: of the
/// later orders Poisson many, mu, stand, so that P(at least 2) = 1 - e^-mu (1 + (1 - B) mu), B the first
/// one's chance.
double ExpectedValues::second_order(const Visitor& visitor, std::size_t other, int days) {
  const double refunded = refunded_ever(visitor.first, days);
  const double first =
      session_of(visitor, visitor.arm, refunded_within(days_between(visitor.first, over_))).stands;
  const double mean = later_sessions(visitor, 0, days) *
                      mixed(session_of(visitor, visitor.arm, refunded).stands,
                            session_of(visitor, other, refunded).stands, visitor.elsewhere);
  return 1.0 - std::exp(-mean) * (1.0 + (1.0 - first) * mean);
}

/// The mean over the hours of the window, weighted as sessions are, of `chance` of the days since its begin.
template <typename Chance>
double ExpectedValues::mean_over(std::int64_t time, int days, Chance chance) const {
  double sessions = 0.0, sum = 0.0;
  for (int hour = 0; hour < days * 24; ++hour) {
    const double weight = calendar_.at(time + hour * kHour + kHour / 2);
    sessions += weight;
    sum += weight * chance((hour + 0.5) / 24.0);
  }
  return sum / sessions;
}

/// That an order of a later session is refunded within the window that begins at `time`, if ever.
double ExpectedValues::refunded_later(std::int64_t time) {
  const auto [found, added] = refunded_later_.try_emplace(time / kHour, 0.0);
  if (added)
    found->second = mean_over(time, options_.window_days,
                              [&](double day) { return refunded_within(options_.window_days - day); });
  return found->second;
}

/// That an order of a later session within the days is refunded before the shop is over, if ever.
double ExpectedValues::refunded_ever(std::int64_t time, int days) {
  const auto [found, added] = refunded_ever_.try_emplace(std::pair(time / kHour, days), 0.0);
  const double left = days_between(time, over_);
  if (added) found->second = mean_over(time, days, [&](double day) { return refunded_within(left - day); });
  return found->second;
}

/// Orders from before the experiment that are expected to be refunded in a window that begins at `time`, of
/// a shopper with one session a day who orders in each: the window counts refunds by their own time. Nobody
/// has a session between the experiment's start and the first exposure.
double ExpectedValues::refunded_before(const Shopper& shopper, std::int64_t time) {
  std::vector<double>& known = refunded_before_[time / kHour];  // by hour of the order, summed to the start
  if (known.empty()) {
    known.assign(static_cast<std::size_t>((options_.start - begin_) / kHour) + 1, 0.0);
    for (std::size_t hour = known.size() - 1; hour-- > 0;) {
      const std::int64_t from = begin_ + static_cast<std::int64_t>(hour) * kHour;
      const double ago = days_between(from + kHour / 2, time);
      known[hour] =
          known[hour + 1] + (calendar_.until(from + kHour) - calendar_.until(from)) *
                                (refunded_within(ago + options_.window_days) - refunded_within(ago));
    }
  }
  const auto first = static_cast<std::size_t>((std::min(shopper.appears, options_.start) - begin_) / kHour);
  return known[first];
}

/// Split between the two nearest points of the grid, so that the mean of the logs is kept.
void ExpectedValues::add_order_values(const Visitor& visitor, std::size_t arm, double orders) {
  const double offset = visitor.shopper.log_value - std::log(options_.order_value);
  const double place = (std::clamp(offset, -kGridReach, kGridReach) + kGridReach) / kGridStep;
  const auto below = static_cast<std::size_t>(place);
  const double share = place - std::floor(place);
  std::vector<double>& grid = order_values_[visitor.arm][arm];
  grid[below] += orders * (1.0 - share);
  grid[below + 1] += orders * share;
}

/// An order's value is lognormal about its shopper's usual value: the root of the mixture's distribution
/// function, each shopper with its expected number of orders.
double ExpectedValues::order_value_quantile(std::size_t arm, double share) const {
  const double middle = std::log(options_.order_value);
  double low = middle - 2 * kGridReach, high = middle + 2 * kGridReach;
  for (int halving = 0; halving < 60; ++halving) {
    const double value = (low + high) / 2;
    double all = 0.0, below = 0.0;
    for (std::size_t of = 0; of < options_.arms.size(); ++of) {
      const double shift = middle - kGridReach + std::log1p(options_.arms[of].order_value);
      const std::vector<double>& grid = order_values_[arm][of];
      for (std::size_t i = 0; i < grid.size(); ++i) {
        if (grid[i] == 0.0) continue;
        all += grid[i];
        below +=
            grid[i] * stats::normal_cdf((value - shift - static_cast<double>(i) * kGridStep) / kOrderSigma);
      }
    }
    (below < share * all ? low : high) = value;
  }
  return std::exp((low + high) / 2);
}

Truth ExpectedValues::truth() const {
  Truth truth = truth_;
  if (truth.exposed_users == 0) return truth;
  for (std::size_t i = 0; i < truth.arms.size(); ++i) {
    ArmTruth& arm = truth.arms[i];
    for (const TruthField& field : kTruthFields)
      if (field.per_user) arm.*field.value /= static_cast<double>(truth.exposed_users);
    arm.click_rate = arm.clicks_per_user / arm.impressions_per_user;
    if (!(arm.orders_per_user > 0)) continue;
    arm.order_value = arm.revenue_per_user / arm.orders_per_user;
    arm.return_rate = arm.refunds_per_user / arm.orders_per_user;
    arm.order_value_median = order_value_quantile(i, 0.5);
    arm.order_value_p90 = order_value_quantile(i, 0.9);
  }
  return truth;
}

}  // namespace liftmark::simulate
