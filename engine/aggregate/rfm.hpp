#pragma once
// Recency, frequency, monetary: quintiles of what a unit bought before a moment, and their customary names.
//
// Hughes 1994, "Strategic Database Marketing"; the cut points are the 20, 40, 60 and 80% quantiles among
// buyers, linearly interpolated (Hyndman and Fan 1996, type 7, as numpy and R by default).

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/aggregate/statistics.hpp"
#include "engine/record/reader.hpp"

namespace liftmark {

/// What is known of one unit's purchases before a moment.
struct PurchaseHistory {
  static constexpr Micros kNever = std::numeric_limits<Micros>::min();
  Micros last = kNever;     ///< the latest purchase
  std::int64_t orders = 0;  ///< events with a value of at least 0
  Millionths spent = 0;     ///< sum of all values
  Micros since_last = 0;    ///< from `last` to the moment asked for
  bool bought() const noexcept { return orders > 0; }
};

/// Whose history: units in ascending order, each up to (not including) its own moment.
struct HistoryQuestion {
  std::span<const UnitIndex> units;
  std::span<const Micros> before;              ///< as long as `units`
  std::vector<std::string> types{"purchase"};  ///< whose values are added up; those below 0 are no orders
  /// Events of a unit with equal values of this property are one order, as the lines of an invoice are;
  /// empty: each event is an order.
  std::string order_property{};
};

/// One history for each unit asked for. Reads the events of these types once. An event that refers to another
/// (a refund, when its type is asked for) is money, but no order.
std::vector<PurchaseHistory> purchase_histories(const Reader& reader, const HistoryQuestion& question);

/// The four inner limits of the quintiles, ascending: days since the last purchase, orders, money in units of
/// the currency. Empty arrays of zeros without buyers.
struct RfmCuts {
  std::array<double, 4> recency_days{}, orders{}, spent{};
  std::int64_t buyers = 0;
};
RfmCuts rfm_cuts(std::span<const PurchaseHistory> histories);

/// 1 (worst) to 5 (best): recent, often, much. 0 each without a purchase.
struct RfmScore {
  std::uint8_t recency = 0, frequency = 0, monetary = 0;
  bool operator==(const RfmScore&) const = default;
};
/// A value that equals a limit belongs below it, so that equal values have equal scores: the rule of the
/// reports' segments, and the one that later units can be scored by.
RfmScore rfm_score(const PurchaseHistory& history, const RfmCuts& cuts);
/// Fifths of equal size by rank instead; equal values in the order given, which decides: the rule of
/// `rank(method = "first")` in data frames. One score for each history.
std::vector<RfmScore> rfm_scores_by_rank(std::span<const PurchaseHistory> histories);

/// The customary name: "champions" (R and F+M high), "loyal", "promising" (recent, little yet),
/// "needs_attention", "at_risk" (much, but long ago), "hibernating", "no_history".
std::string_view rfm_segment(const RfmScore& score) noexcept;
/// All names, in alphabetical order.
std::span<const std::string_view> rfm_segments() noexcept;

/// How the groups were made, for the record: method "rfm_quintiles" and the twelve limits.
DerivedDimension describe_rfm(const RfmCuts& cuts);

}  // namespace liftmark
