#include "engine/aggregate/rfm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "engine/aggregate/exact_sums.hpp"

namespace liftmark {
namespace {

constexpr double kDay = static_cast<double>(kMicrosPerDay);

double recency_of(const PurchaseHistory& history) {
  return static_cast<double>(history.since_last) / kDay;
}
double orders_of(const PurchaseHistory& history) {
  return static_cast<double>(history.orders);
}
double spent_of(const PurchaseHistory& history) {
  return static_cast<double>(history.spent) / 1e6;
}
using Measure = double (*)(const PurchaseHistory&);

std::array<double, 4> limits(std::span<const PurchaseHistory> histories, Measure measure) {
  std::vector<double> values;
  for (const PurchaseHistory& history : histories)
    if (history.bought()) values.push_back(measure(history));
  std::array<double, 4> result{};
  if (values.empty()) return result;
  std::sort(values.begin(), values.end());
  for (std::size_t i = 0; i < result.size(); ++i) {
    const double place = static_cast<double>((values.size() - 1) * (i + 1)) / 5.0;
    const auto below = static_cast<std::size_t>(place);
    const auto above = std::min(below + 1, values.size() - 1);
    result[i] = values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
  }
  return result;
}

/// 1 to 5: one more than the limits that lie below the value.
std::uint8_t fifth(double value, const std::array<double, 4>& limits) {
  const auto below = std::lower_bound(limits.begin(), limits.end(), value) - limits.begin();
  return static_cast<std::uint8_t>(below + 1);
}

/// Fifths by rank among buyers, ties in the order given. pandas' qcut of ranks 1..n: a rank belongs to the
/// first fifth whose upper limit 1 + (n - 1) i / 5 it does not exceed.
void rank_by(std::span<const PurchaseHistory> histories, Measure measure, std::uint8_t RfmScore::*score,
             std::vector<RfmScore>& scores) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < histories.size(); ++i)
    if (histories[i].bought()) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return measure(histories[a]) < measure(histories[b]);
  });
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    std::size_t place = 1;
    while (place < 5 && rank * 5 > (order.size() - 1) * place) ++place;
    scores[order[rank]].*score = static_cast<std::uint8_t>(place);
  }
}

constexpr std::array<std::string_view, 7> kSegments{"at_risk",         "champions",  "hibernating", "loyal",
                                                    "needs_attention", "no_history", "promising"};

}  // namespace

std::vector<PurchaseHistory> purchase_histories(const Reader& reader, const HistoryQuestion& question) {
  if (question.units.size() != question.before.size())
    throw std::logic_error("purchase_histories: a moment is needed for each unit");
  std::vector<PurchaseHistory> histories(question.units.size());
  if (histories.empty()) return histories;
  EventFilter filter;
  filter.types = question.types;
  filter.recorded_at = false;
  filter.to = *std::max_element(question.before.begin(), question.before.end());
  if (!question.order_property.empty()) filter.properties = {question.order_property};
  EventScanner scanner(reader, filter);
  std::vector<ValueCode> orders;  // of the present unit
  for (std::size_t index = 0; index < scanner.slices(); ++index) {
    const EventSlice& slice = scanner.read(index);
    auto unit = std::lower_bound(question.units.begin(), question.units.end(), slice.first_unit);
    for (; unit != question.units.end() && *unit < slice.last_unit; ++unit) {
      const auto place = static_cast<std::size_t>(unit - question.units.begin());
      PurchaseHistory& history = histories[place];
      orders.clear();
      for (std::uint32_t i = slice.begin(*unit); i < slice.end(*unit); ++i) {
        if (slice.at[i] >= question.before[place]) continue;
        history.spent = add_exactly(history.spent, slice.value[i]);
        if (slice.value[i] < 0) continue;
        if (slice.properties.empty() || slice.properties[0][i] == 0)
          ++history.orders;
        else
          orders.push_back(slice.properties[0][i]);
        history.last = std::max(history.last, slice.at[i]);
        history.since_last = question.before[place] - history.last;
      }
      std::sort(orders.begin(), orders.end());
      history.orders += std::unique(orders.begin(), orders.end()) - orders.begin();
    }
  }
  return histories;
}

RfmCuts rfm_cuts(std::span<const PurchaseHistory> histories) {
  RfmCuts cuts;
  cuts.recency_days = limits(histories, recency_of);
  cuts.orders = limits(histories, orders_of);
  cuts.spent = limits(histories, spent_of);
  cuts.buyers =
      std::count_if(histories.begin(), histories.end(), [](const auto& history) { return history.bought(); });
  return cuts;
}

RfmScore rfm_score(const PurchaseHistory& history, const RfmCuts& cuts) {
  if (!history.bought()) return {};
  return {.recency = static_cast<std::uint8_t>(6 - fifth(recency_of(history), cuts.recency_days)),
          .frequency = fifth(orders_of(history), cuts.orders),
          .monetary = fifth(spent_of(history), cuts.spent)};
}

std::vector<RfmScore> rfm_scores_by_rank(std::span<const PurchaseHistory> histories) {
  std::vector<RfmScore> scores(histories.size());
  rank_by(
      histories, [](const PurchaseHistory& history) { return -recency_of(history); }, &RfmScore::recency,
      scores);
  rank_by(histories, orders_of, &RfmScore::frequency, scores);
  rank_by(histories, spent_of, &RfmScore::monetary, scores);
  return scores;
}

std::string_view rfm_segment(const RfmScore& score) noexcept {
  if (score.recency == 0) return "no_history";
  const int worth = (score.frequency + score.monetary + 1) / 2;
  if (score.recency <= 2) return worth >= 3 ? "at_risk" : "hibernating";
  if (score.recency >= 4 && worth >= 4) return "champions";
  if (worth >= 3) return "loyal";
  return score.recency >= 4 ? "promising" : "needs_attention";
}

std::span<const std::string_view> rfm_segments() noexcept {
  return kSegments;
}

DerivedDimension describe_rfm(const RfmCuts& cuts) {
  DerivedDimension derived{.dimension = "rfm", .method = "rfm_quintiles", .cut_points = {}};
  const auto add = [&](const char* what, const std::array<double, 4>& limits) {
    for (std::size_t i = 0; i < limits.size(); ++i)
      derived.cut_points.push_back({fmt::format("{}_{}", what, i + 1), limits[i]});
  };
  add("recency_days", cuts.recency_days);
  add("orders", cuts.orders);
  add("spent", cuts.spent);
  derived.cut_points.push_back({"buyers", static_cast<double>(cuts.buyers)});
  return derived;
}

}  // namespace liftmark
