#pragma once
// What to expect of the simulated shop, shopper by shopper, in closed form; nothing is estimated.

#include <array>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "apps/cli/simulate/behaviour.hpp"

namespace liftmark::simulate {

/// Adds up the exposed shoppers' expected values under every arm.
class ExpectedValues {
 public:
  /// `over`: nothing happens from then on. References must outlive this.
  ExpectedValues(const ShopOptions& options, const Calendar& calendar, std::int64_t over);

  /// A shopper whose first exposure is at `time`.
  void add(const Shopper& shopper, std::int64_t time);
  Truth truth() const;

 private:
  using Steps = std::array<double, 4>;  ///< chances to have come so far: none, click, cart, order
  /// Chances in one session that may lead from a click over the cart to an order, in this order.
  struct Session {
    double click = 0, cart = 0, order = 0;  ///< cart: of orders too
    double stands = 0;                      ///< an order that is never refunded
  };
  /// A shopper under one arm. Later sessions are Poisson with mean `later`; each is with the shopper's own
  /// arm, or, with chance `elsewhere`, with the second device's.
  struct Visitor {
    const Shopper& shopper;
    std::int64_t first = 0;
    std::size_t arm = 0;
    double elsewhere = 0;
  };

  double later_sessions(const Visitor& visitor, double from_day, double to_day) const;
  Session session_of(const Visitor& visitor, std::size_t arm, double refunded) const;
  void add_orders(const Visitor& visitor, ArmTruth& sum);
  void add_chances(const Visitor& visitor, std::size_t other, double weight, ArmTruth& sum);
  static Steps add_session(const Steps& reached, const Session& session);
  static Steps passed_steps(const Session& own, const Session& there, double elsewhere, double sessions);
  double second_order(const Visitor& visitor, std::size_t other, int days);
  template <typename Chance>
  double mean_over(std::int64_t time, int days, Chance chance) const;
  double refunded_later(std::int64_t time);
  double refunded_ever(std::int64_t time, int days);
  double refunded_before(const Shopper& shopper, std::int64_t time);
  void add_order_values(const Visitor& visitor, std::size_t arm, double orders);
  double order_value_quantile(std::size_t arm, double share) const;

  const ShopOptions& options_;
  const Calendar& calendar_;
  std::int64_t begin_, over_;
  std::vector<double> shares_;  ///< of arms
  Truth truth_;
  /// Expected orders by [arm][arm of the session][usual order value], on a grid of its log.
  std::vector<std::vector<std::vector<double>>> order_values_;
  std::map<std::int64_t, double> refunded_later_;                 ///< by hour
  std::map<std::pair<std::int64_t, int>, double> refunded_ever_;  ///< by hour and days
  std::map<std::int64_t, std::vector<double>> refunded_before_;   ///< by hour of the window's begin
};

}  // namespace liftmark::simulate
