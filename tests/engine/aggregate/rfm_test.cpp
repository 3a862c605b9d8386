// Quintiles of purchase history: limits and scores computed by hand, names, and the segment inside a pass.
#include "engine/aggregate/rfm.hpp"

#include <catch2/catch.hpp>

#include "shop.hpp"

using namespace liftmark;

namespace {

/// Buyer i of ten: last bought i days ago, i orders, 10 i spent.
std::vector<PurchaseHistory> ten_buyers() {
  std::vector<PurchaseHistory> histories;
  for (int i = 1; i <= 10; ++i)
    histories.push_back(
        {.last = shop::day(-i), .orders = i, .spent = i * 10'000'000, .since_last = i * kMicrosPerDay});
  return histories;
}

constexpr const char* kCatalog = R"({
  "schema": "liftmark.catalog/1",
  "metrics": [{"key": "conversion", "kind": "proportion", "numerator": {"event": "purchase"}, "window_days": 7,
               "covariate": {"lookback_days": 0}}],
  "experiments": [{"key": "checkout", "hashing": {"salt": "s"}, "arms": [{"key": "a", "role": "control"}, {"key": "b"}],
                   "plan": {"primary": ["conversion"], "segments": ["rfm"]}}]})";

}  // namespace

TEST_CASE("the limits of ten equally spaced values are interpolated as numpy and R do") {
  // numpy.quantile([1..10], [.2, .4, .6, .8]) = 2.8, 4.6, 6.4, 8.2 (type 7: 1 + 9 q).
  const RfmCuts cuts = rfm_cuts(ten_buyers());
  CHECK(cuts.buyers == 10);
  const std::array<double, 4> expected{2.8, 4.6, 6.4, 8.2};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(cuts.recency_days[i] == Approx(expected[i]));
    CHECK(cuts.orders[i] == Approx(expected[i]));
    CHECK(cuts.spent[i] == Approx(10 * expected[i]));
  }
  const auto described = describe_rfm(cuts);
  CHECK(described.method == "rfm_quintiles");
  REQUIRE(described.cut_points.size() == 13);
  CHECK(described.cut_points[0] == std::pair<std::string, double>{"recency_days_1", cuts.recency_days[0]});
}

TEST_CASE("scores by limits: equal values have equal scores, recent is high") {
  const auto histories = ten_buyers();
  const RfmCuts cuts = rfm_cuts(histories);
  // Buyer 1: 1 day, 1 order, 10 spent: the most recent fifth, the lowest two others.
  CHECK(rfm_score(histories[0], cuts) == RfmScore{5, 1, 1});
  CHECK(rfm_score(histories[4], cuts) == RfmScore{3, 3, 3});  // 5 lies between 4.6 and 6.4
  CHECK(rfm_score(histories[9], cuts) == RfmScore{1, 5, 5});
  CHECK(rfm_score({}, cuts) == RfmScore{0, 0, 0});
}

TEST_CASE("scores by rank: fifths of equal size even where all values are equal") {
  std::vector<PurchaseHistory> same(10, {.last = 0, .orders = 1, .spent = 5, .since_last = 7});
  same.insert(same.begin() + 3, PurchaseHistory{});  // never bought: no rank
  const auto scores = rfm_scores_by_rank(same);
  CHECK(scores[3] == RfmScore{});
  for (std::size_t i = 0, rank = 0; i < scores.size(); ++i) {
    if (i == 3) continue;
    CHECK(scores[i].monetary == rank / 2 + 1);
    ++rank;
  }
  // Among different values both rules agree, save for those on a limit.
  const auto histories = ten_buyers();
  const auto ranked = rfm_scores_by_rank(histories);
  const RfmCuts cuts = rfm_cuts(histories);
  for (std::size_t i = 0; i < histories.size(); ++i) CHECK(ranked[i] == rfm_score(histories[i], cuts));
}

TEST_CASE("every score has a name, and the names are sorted") {
  CHECK(rfm_segment({5, 5, 5}) == "champions");
  CHECK(rfm_segment({5, 3, 3}) == "loyal");
  CHECK(rfm_segment({5, 1, 1}) == "promising");
  CHECK(rfm_segment({3, 1, 2}) == "needs_attention");
  CHECK(rfm_segment({1, 5, 5}) == "at_risk");
  CHECK(rfm_segment({1, 1, 1}) == "hibernating");
  CHECK(rfm_segment({}) == "no_history");
  CHECK(std::is_sorted(rfm_segments().begin(), rfm_segments().end()));
  for (std::uint8_t r = 1; r <= 5; ++r)
    for (std::uint8_t f = 1; f <= 5; ++f)
      for (std::uint8_t m = 1; m <= 5; ++m)
        CHECK(std::count(rfm_segments().begin(), rfm_segments().end(), rfm_segment({r, f, m})) == 1);
}

TEST_CASE("a unit's segment is that of its own first exposure, and refunds are no orders") {
  const TemporaryStore file;
  Store store = Store::create(file.path());
  std::vector<shop::Happening> rows;
  // Ten buyers as above, exposed on day 0; buyer i's orders are one a day from day -(2i - 1) to day -i.
  for (int i = 1; i <= 10; ++i) {
    const std::string unit = "u" + std::to_string(i);
    for (int k = 0; k < i; ++k)
      rows.push_back(shop::event("p" + unit + std::to_string(k), unit, "purchase", -i - k, 10));
    rows.push_back(shop::exposed(unit, i % 2 ? "a" : "b", 0));
    rows.push_back(shop::event("q" + unit, unit, "purchase", 1, 999));  // after the exposure: not known then
  }
  rows.push_back(shop::exposed("u11", "a", 0));
  shop::record(store, rows);
  const Reader reader(file.path());
  const Catalog catalog = parse_catalog(kCatalog);
  const auto statistics = aggregate(reader, catalog, "checkout");
  REQUIRE(statistics.derived.size() == 1);
  CHECK(statistics.derived[0].cut_points[0].second == Approx(2.8));
  CHECK(statistics.derived[0].cut_points[12].second == 10);
  std::map<std::string, std::int64_t> units;
  for (const auto& group : shop::metric(statistics, "conversion").groups)
    for (const auto& cell : group.cells) units[group.group] += cell.history.n();
  // Scores (r, f, m): 1, 2: (5, 1, 1); 3, 4: (4, 2, 2); 5, 6: (3, 3, 3); 7, 8: (2, 4, 4); 9, 10: (1, 5, 5).
  CHECK(units["promising"] == 4);
  CHECK(units["loyal"] == 2);
  CHECK(units["at_risk"] == 4);
  CHECK(units["no_history"] == 1);
}
