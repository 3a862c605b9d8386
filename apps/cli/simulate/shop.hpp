#pragma once
// A shop that does not exist: seeded shoppers whose response to each arm is known exactly.
//
// Every shopper has a rate of sessions (heavy-tailed, with a weekday and an hour-of-day cycle), a probability
// of ordering in a session and a usual order value (lognormal). The first session inside the experiment is
// the first exposure. An arm multiplies these rates, so that the expected value of every metric under every
// arm has a closed form for each shopper; `Truth` is its mean over the exposed shoppers. Nothing is
// estimated.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace liftmark::simulate {

/// What an arm does to a shopper, as relative changes: 0.05 is +5%.
struct ArmEffect {
  std::string key;
  double weight = 1.0;
  bool control = false;
  double conversion = 0.0;     ///< probability of ordering in a session
  double order_value = 0.0;    ///< gross value of an order
  double return_visits = 0.0;  ///< rate of sessions after the first exposure
  double refund = 0.0;         ///< probability that an order is refunded
  double click = 0.0;          ///< probability of a click on a recommendation
};

struct ShopOptions {
  std::uint64_t seed = 1;
  std::int64_t users = 50'000;
  std::int64_t start = 0;          ///< first day of the experiment, microseconds UTC (midnight)
  int days = 28;                   ///< of the experiment
  int history_days = 28;           ///< before it
  int window_days = 14;            ///< of the metrics whose truth is computed
  double sessions_per_day = 0.12;  ///< median over shoppers
  double conversion = 0.03;        ///< median probability of ordering in a session
  double order_value = 60.0;       ///< median gross value
  double refund_share = 0.08;      ///< of orders, in control
  double new_share = 0.3;          ///< shoppers who first appear somewhere in the simulated time
  double two_device_share = 0.02;  ///< shoppers with a second device, which is given an arm of its own
  double no_consent_share = 0.03;  ///< shoppers of whom nothing may be recorded
  std::vector<ArmEffect> arms;
};

/// One recorded thing. Views are valid during the callback only.
struct SimulatedExposure {
  std::string_view id, unit, arm, country, device;
  std::int64_t at = 0;
};
struct SimulatedEvent {
  std::string_view id, unit, type, reference, surface, item;
  std::int64_t at = 0;
  std::int64_t value_cents = 0;
  bool has_value = false;
};

/// The end of "came back", the longest window beside the shop's own: a plan must outlast it.
inline constexpr int kCameBackDays = 8;
inline constexpr int kWeek = 7;

/// Expected values per exposed shopper under one arm, over `window_days` from first exposure.
struct ArmTruth {
  std::string arm;
  double conversion = 0.0;  ///< share with at least one order
  double orders_per_user = 0.0;
  double revenue_per_user = 0.0;      ///< gross
  double net_revenue_per_user = 0.0;  ///< less refunds within the window, of earlier orders too
  double order_value = 0.0;           ///< revenue / orders
  double return_rate = 0.0;           ///< refunds within the window, of earlier orders too / orders
  double refunds_per_user = 0.0;
  double impressions_per_user = 0.0;
  double clicks_per_user = 0.0;
  double click_rate = 0.0;           ///< clicks / impressions
  double click_users = 0.0;          ///< share with a click
  double cart_users = 0.0;           ///< share with something in the cart
  double funnel_clicked = 0.0;       ///< share who passed impression, click
  double funnel_carted = 0.0;        ///< .. and then put something into the cart
  double funnel_ordered = 0.0;       ///< .. and then ordered
  double came_back = 0.0;            ///< share with a session on days 1 to 7
  double back_on_day_3 = 0.0;        ///< share with a session in [3, 4) days
  double clicked_within_week = 0.0;  ///< share with a click in the first seven days
  double repeat_purchase = 0.0;      ///< share with two orders that no refund cancelled, whenever it came
  double second_order_within_week = 0.0;  ///< the same within seven days
  double order_value_median = 0.0;        ///< of all orders
  double order_value_p90 = 0.0;
};

/// The numbers of ArmTruth under the names of truth.json; `per_user`: summed over shoppers, not made of
/// others.
struct TruthField {
  const char* name;
  double ArmTruth::*value;
  bool per_user = true;
};
inline constexpr TruthField kTruthFields[] = {
    {"conversion", &ArmTruth::conversion},
    {"orders_per_user", &ArmTruth::orders_per_user},
    {"revenue_per_user", &ArmTruth::revenue_per_user},
    {"net_revenue_per_user", &ArmTruth::net_revenue_per_user},
    {"order_value", &ArmTruth::order_value, false},
    {"return_rate", &ArmTruth::return_rate, false},
    {"refunds_per_user", &ArmTruth::refunds_per_user},
    {"impressions_per_user", &ArmTruth::impressions_per_user},
    {"clicks_per_user", &ArmTruth::clicks_per_user},
    {"click_rate", &ArmTruth::click_rate, false},
    {"click_users", &ArmTruth::click_users},
    {"cart_users", &ArmTruth::cart_users},
    {"funnel_clicked", &ArmTruth::funnel_clicked},
    {"funnel_carted", &ArmTruth::funnel_carted},
    {"funnel_ordered", &ArmTruth::funnel_ordered},
    {"came_back", &ArmTruth::came_back},
    {"back_on_day_3", &ArmTruth::back_on_day_3},
    {"clicked_within_week", &ArmTruth::clicked_within_week},
    {"repeat_purchase", &ArmTruth::repeat_purchase},
    {"second_order_within_week", &ArmTruth::second_order_within_week},
    {"order_value_median", &ArmTruth::order_value_median, false},
    {"order_value_p90", &ArmTruth::order_value_p90, false},
};

/// Of the items shown, the same in every arm: each impression draws one, whoever sees it.
struct ItemTruth {
  int items = 0;                 ///< that may be shown
  double diversity = 0.0;        ///< chance that two impressions show different items
  double effective_items = 0.0;  ///< 1 / chance that they show the same
  double novelty_bits = 0.0;     ///< mean of -log2 of an item's share
};
struct Truth {
  std::int64_t exposed_users = 0;
  ItemTruth items;
  std::vector<ArmTruth> arms;
};

/// Who receives what is simulated; `arm_of` says which arm a bucketing id gets (index into options.arms).
struct ShopSink {
  std::function<std::size_t(std::string_view)> arm_of;
  std::function<void(const SimulatedExposure&)> exposure;
  std::function<void(const SimulatedEvent&)> event;
  std::function<void(std::string_view unit, bool granted)> consent;
};

/// Runs the shop. Deterministic in `options` and `arm_of`. Events come shopper by shopper, in time order
/// within one. Throws std::logic_error if there is no arm or a share lies outside [0, 1].
Truth run_shop(const ShopOptions& options, const ShopSink& sink);

}  // namespace liftmark::simulate
