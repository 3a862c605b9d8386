// A store of ten users in which every number can be computed by hand; the working is in the comments.
#include <catch2/catch.hpp>

#include "engine/aggregate/shop.hpp"
#include "engine/definition/error.hpp"

using namespace liftmark;
using shop::day;
using shop::event;
using shop::exposed;
using shop::Happening;

namespace {

constexpr const char* kCatalog = R"({"schema": "liftmark.catalog/1", "currency": "EUR",
  "metrics": [
    {"key": "conversion", "kind": "proportion", "numerator": {"event": "purchase"}, "window_days": 7,
     "covariate": {"lookback_days": 0}},
    {"key": "revenue", "kind": "mean", "numerator": {"event": ["purchase", "refund"]}, "window_days": 7,
     "cap": {"absolute": 100}, "covariate": {"lookback_days": 14}},
    {"key": "aov", "kind": "ratio", "numerator": {"event": "purchase", "aggregate": "sum"},
     "denominator": {"event": "purchase"}, "window_days": 7, "covariate": {"lookback_days": 0}},
    {"key": "back", "kind": "retention", "numerator": {"event": "visit"}, "retention": {"kind": "on_day", "day": 1},
     "covariate": {"lookback_days": 0}},
    {"key": "later", "kind": "retention", "numerator": {"event": "visit"},
     "retention": {"kind": "on_or_after", "day": 1, "until_day": 3}, "covariate": {"lookback_days": 0}},
    {"key": "soon", "kind": "retention", "numerator": {"event": "visit"}, "retention": {"kind": "within", "day": 2},
     "covariate": {"lookback_days": 0}},
    {"key": "repeat", "kind": "repeat_purchase", "numerator": {"event": "purchase"}, "window_days": 7,
     "covariate": {"lookback_days": 0}},
    {"key": "clicks", "kind": "count", "window_days": 7, "covariate": {"lookback_days": 0},
     "numerator": {"event": "click", "where": {"property": "surface", "equals": "search"}}},
    {"key": "largest", "kind": "mean", "numerator": {"event": "purchase", "aggregate": "max"}, "window_days": 7,
     "covariate": {"lookback_days": 0}},
    {"key": "days", "kind": "count", "numerator": {"event": "purchase", "aggregate": "distinct_days"},
     "window_days": 7, "covariate": {"lookback_days": 0}},
    {"key": "score", "kind": "blend", "window_days": 7, "covariate": {"lookback_days": 0},
     "terms": [{"metric": "conversion", "weight": 10}, {"metric": "largest", "weight": 0.5}]},
    {"key": "path", "kind": "funnel", "window_days": 7, "covariate": {"lookback_days": 0},
     "steps": [{"name": "Click", "event": "click"}, {"name": "Visit", "event": "visit"},
               {"name": "Order", "event": "purchase"}]},
    {"key": "by_surface", "kind": "count", "numerator": {"event": "click"}, "window_days": 7, "surface": "surface",
     "covariate": {"lookback_days": 0}}],
  "experiments": [{"key": "checkout", "arms": [{"key": "control", "role": "control"}, {"key": "variant"}],
    "hashing": {"salt": "checkout-1"},
    "plan": {"primary": ["revenue"], "secondary": ["conversion", "aov", "back", "later", "soon", "repeat", "clicks", "largest", "days",
             "score", "path", "by_surface"], "segments": ["country"]}}]})";

/// Days after the start of the experiment; the first exposure of user n is called e.
std::vector<Happening> ten_users() {
  std::vector<Happening> rows{
      exposed("u0", "control", 0, "DE"), exposed("u1", "control", 0.5, "DE"),
      exposed("u2", "control", 1, "DE"), exposed("u3", "control", 2, "AT"), exposed("u4", "control", 3),
      exposed("u5", "variant", 0, "DE"), exposed("u6", "variant", 0.25, "DE"),
      exposed("u7", "variant", 1.5, "AT"), exposed("u8", "variant", 2, "AT"),
      exposed("u9", "variant", 30, "DE"),
      // u6 is seen in the control later: it stays with its first arm.
      exposed("u6", "control", 4, "AT"),
      // u0: a visit before; orders 10 and 20 (5 of it refunded); back on day 1.
      event("v0", "u0", "visit", -3), event("o0a", "u0", "purchase", 0.05, 10),
      event("o0b", "u0", "purchase", 6, 20), event("r0", "u0", "refund", 6.5, -5),
      event("v0b", "u0", "visit", 1.5),
      // u1: an order at e + 7 days, just outside [e, e + 7); a visit at e + 1 day, just inside.
      event("o1", "u1", "purchase", 7.5, 50), event("v1", "u1", "visit", 1.5),
      // u2: an order at e itself, refunded in full; before: an order at e - 14 days, just inside the
      // lookback.
      event("o2", "u2", "purchase", 1, 40), event("r2", "u2", "refund", 3, -40),
      event("p2", "u2", "purchase", -13, 30),
      // u3: an order before the lookback only: no history.
      event("p3", "u3", "purchase", -12.5, 15),
      // u4: two orders of 60 on one calendar day each; the first refunded after the window; a visit at e + 2
      // days, too late.
      event("o4a", "u4", "purchase", 4, 60), event("o4b", "u4", "purchase", 5, 60),
      event("r4", "u4", "refund", 12, -60), event("v4", "u4", "visit", 5),
      event("p4", "u4", "purchase", 2.9, 8),
      // u5, u6, u7
      event("p5", "u5", "purchase", -1, 20), event("o5", "u5", "purchase", 0.05, 30),
      event("v5", "u5", "visit", 1.2), event("o6", "u6", "purchase", 3.25, 70), event("v7", "u7", "visit", 0),
      event("v7b", "u7", "visit", 1.5),  // at e itself: no return
      // u8: three orders on two calendar days; before: 200, above the cap.
      event("p8", "u8", "purchase", 0, 200), event("o8a", "u8", "purchase", 3.0, 10),
      event("o8b", "u8", "purchase", 3.5, 10), event("o8c", "u8", "purchase", 5, 10),
      event("v8", "u8", "visit", 3.2),
      // u9 is exposed three days before the as-of: only its day 1 is over.
      event("o9", "u9", "purchase", 30.1, 5), event("v9", "u9", "visit", 31.1)};
  for (Happening& row : rows) {
    if (row.id == "r0") row.reference = "o0b";
    if (row.id == "r2") row.reference = "o2";
    if (row.id == "r4") row.reference = "o4a";
  }
  for (const char* id : {"c0", "c1", "c2"}) {
    Happening click = event(id, "u0", "click", 0.3);
    click.key = "surface";
    click.text = id == std::string("c2") ? "cart" : "search";
    rows.push_back(click);
  }
  Happening click = event("c5", "u5", "click", 0.3);
  click.key = "surface";
  click.text = "search";
  rows.push_back(click);
  return rows;
}

struct Shop {
  TemporaryStore file;
  Catalog catalog = parse_catalog(kCatalog);
  Shop() {
    Store store = Store::create(file.path());
    store.put_catalog(catalog.text, catalog.digest);
    shop::record(store, ten_users());
  }
  Statistics as_of(double days, int threads = 1) const {
    const Reader reader(file.path(), {.as_of = day(days)});
    return aggregate(reader, catalog, "checkout", {.threads = threads, .segments = {}});
  }
};

constexpr std::size_t kControl = 0;
constexpr std::size_t kVariant = 1;

}  // namespace

TEST_CASE("ten users: who is measured") {
  const Shop shop;
  const Statistics statistics = shop.as_of(33);
  REQUIRE(statistics.arms.size() == 2);
  CHECK(statistics.arms[kControl].key == "control");
  CHECK(statistics.arms[kControl].control);
  CHECK(statistics.arms[kControl].units == 5);
  CHECK(statistics.arms[kVariant].units == 5);
  CHECK(statistics.arms[kVariant].crossed_units == 1);
  CHECK(statistics.arms[kControl].crossed_units == 0);
  CHECK(statistics.first_exposure == day(0));
  CHECK(statistics.last_exposure == day(30));
  REQUIRE(statistics.units_by_day.size() == 31);
  CHECK(statistics.units_by_day[0] == std::vector<std::int64_t>{2, 2});   // u0 u1, u5 u6
  CHECK(statistics.units_by_day[1] == std::vector<std::int64_t>{1, 1});   // u2, u7
  CHECK(statistics.units_by_day[30] == std::vector<std::int64_t>{0, 1});  // u9
}

TEST_CASE("ten users: proportions") {
  const Shop shop;
  const Statistics statistics = shop.as_of(33);
  const auto successes = [&](const char* key, std::size_t arm) {
    const auto& metric = shop::metric(statistics, key);
    CHECK(metric.layout.binary);
    const auto& moments = metric.cells[arm].history;
    return std::pair<std::int64_t, std::int64_t>{std::llround(moments.sum()), moments.n()};
  };
  // Buyers within [e, e + 7): u0 u2 u4 of five; u5 u6 u8 of the four mature ones.
  CHECK((successes("conversion", kControl) == std::pair<std::int64_t, std::int64_t>{3, 5}));
  CHECK((successes("conversion", kVariant) == std::pair<std::int64_t, std::int64_t>{3, 4}));
  // Visits in [e + 1 day, e + 2 days): u0 u1; u5 u8 u9 (u9's day 1 is over at day 33).
  CHECK((successes("back", kControl) == std::pair<std::int64_t, std::int64_t>{2, 5}));
  CHECK((successes("back", kVariant) == std::pair<std::int64_t, std::int64_t>{3, 5}));
  // Visits in [e + 1 day, e + 3 days): u0 u1 u4; u5 u8 u9. In (e, e + 2 days): u0 u1, not u4 at e + 2 days;
  // u5 u8 u9, not u7, whose visit is the exposure's own moment.
  CHECK((successes("later", kControl) == std::pair<std::int64_t, std::int64_t>{3, 5}));
  CHECK((successes("later", kVariant) == std::pair<std::int64_t, std::int64_t>{3, 5}));
  CHECK((successes("soon", kControl) == std::pair<std::int64_t, std::int64_t>{2, 5}));
  CHECK((successes("soon", kVariant) == std::pair<std::int64_t, std::int64_t>{3, 5}));
  // Two orders that stand: u0 (20 - 5 is left); not u4, whose first order was refunded in full; u8.
  CHECK((successes("repeat", kControl) == std::pair<std::int64_t, std::int64_t>{1, 5}));
  CHECK((successes("repeat", kVariant) == std::pair<std::int64_t, std::int64_t>{1, 4}));
  CHECK(shop::metric(statistics, "conversion").immature_units == std::vector<std::int64_t>{0, 1});
  CHECK(shop::metric(statistics, "back").immature_units == std::vector<std::int64_t>{0, 0});
}

TEST_CASE("ten users: revenue with cap, covariate and strata") {
  const Shop shop;
  const Statistics statistics = shop.as_of(33);
  const auto& revenue = shop::metric(statistics, "revenue");
  CHECK(revenue.layout.covariates == 1);
  CHECK(revenue.cap == 100.0);
  // Control with history (u0 u2 u4): revenue 25, 0, 120 capped to 100; before: 0, 30, 8.
  const auto& known = revenue.cells[kControl].history;
  CHECK(known.n() == 3);
  CHECK(known.mean(0) == Approx(125.0 / 3));
  CHECK(known.mean(1) == Approx(38.0 / 3));
  CHECK(known.comoment(0, 0) == Approx(625 + 10'000 - 125.0 * 125 / 3));
  CHECK(known.comoment(0, 1) == Approx(100 * 8 - 125.0 * 38 / 3));
  CHECK(known.comoment(1, 1) == Approx(900 + 64 - 38.0 * 38 / 3));
  // Without (u1, u3): nothing bought in the window, nothing known in the 14 days before.
  const auto& unknown = revenue.cells[kControl].no_history;
  CHECK(unknown.n() == 2);
  CHECK(unknown.mean(0) == 0.0);
  CHECK(unknown.comoment(0, 0) == 0.0);
  // Variant with history (u5 u7 u8): 30, 0, 30; before: 20, 0 (a visit), 200 capped to 100. Without (u6): 70.
  CHECK(revenue.cells[kVariant].history.n() == 3);
  CHECK(revenue.cells[kVariant].history.sum(0) == Approx(60));
  CHECK(revenue.cells[kVariant].history.sum(1) == Approx(120));
  CHECK(revenue.cells[kVariant].no_history.n() == 1);
  CHECK(revenue.cells[kVariant].no_history.sum(0) == Approx(70));
  // Raw: 25 + 0 + 120; before: 20 + 0 + 200.
  CHECK(revenue.uncapped[kControl].history.sum(0) == Approx(145));
  CHECK(revenue.uncapped[kVariant].history.sum(1) == Approx(220));
  // Without u6, who was seen in both arms.
  CHECK(revenue.without_crossovers[kVariant].no_history.n() == 0);
  CHECK(revenue.without_crossovers[kVariant].history == revenue.cells[kVariant].history);
  CHECK(revenue.without_crossovers[kControl].history == revenue.cells[kControl].history);
  // 20 of 145 are above the cap; the top 0.1% of five users is the largest, 120 of 145.
  REQUIRE(revenue.distribution.size() == 2);
  CHECK(*revenue.distribution[kControl].share_capped == Approx(20.0 / 145));
  CHECK(*revenue.distribution[kControl].top_share == Approx(120.0 / 145));
  CHECK(*revenue.distribution[kControl].median == 0.0);  // 0 0 0 25 120
  CHECK(*revenue.distribution[kControl].maximum == 120.0);
}

TEST_CASE("ten users: ratio, count with a filter, max, distinct days, blend") {
  const Shop shop;
  const Statistics statistics = shop.as_of(33);
  const auto sum = [&](const char* key, std::size_t arm, std::size_t value = 0) {
    return shop::metric(statistics, key).cells[arm].history.sum(value);
  };
  // Booked orders: control 30 + 40 + 120 in 2 + 1 + 2 orders; variant 30 + 70 + 30 in 1 + 1 + 3.
  CHECK(shop::metric(statistics, "aov").layout.ratio);
  CHECK(sum("aov", kControl, 0) == Approx(190));
  CHECK(sum("aov", kControl, 1) == Approx(5));
  CHECK(sum("aov", kVariant, 0) == Approx(130));
  CHECK(sum("aov", kVariant, 1) == Approx(5));
  // (30 x 2 + 40 x 1 + 120 x 2) - 190 x 5 / 5
  CHECK(shop::metric(statistics, "aov").cells[kControl].history.comoment(0, 1) == Approx(340 - 190));
  // Clicks in search: two of u0's three; one of u5's.
  CHECK(sum("clicks", kControl) == Approx(2));
  CHECK(sum("clicks", kVariant) == Approx(1));
  // Largest order: 20, 40, 60; 30, 70, 10.
  CHECK(sum("largest", kControl) == Approx(120));
  CHECK(sum("largest", kVariant) == Approx(110));
  // Days with an order: u0 2, u2 1, u4 2; u5 1, u6 1, u8 2 (two orders on one day).
  CHECK(sum("days", kControl) == Approx(5));
  CHECK(sum("days", kVariant) == Approx(4));
  // 10 x bought + 0.5 x largest: 20, 30, 40; 25, 45, 15.
  CHECK(sum("score", kControl) == Approx(90));
  CHECK(sum("score", kVariant) == Approx(85));
  CHECK(shop::metric(statistics, "score").cells[kControl].history.comoment(0, 0) ==
        Approx(400 + 900 + 1600 - 90.0 * 90 / 5));
}

TEST_CASE("ten users: funnel, surfaces and the factors of revenue") {
  const Shop shop;
  const Statistics statistics = shop.as_of(33);
  // Click, then visit, then order. u0: click 0.3, visit 1.5, order 6: all three. u5: click 0.3, visit 1.2;
  // its order was before. Nobody else clicks.
  const auto& path = shop::metric(statistics, "path");
  REQUIRE(path.steps.size() == 3);
  CHECK(path.steps[0].name == "Click");
  CHECK(path.steps[0].cells[kControl].history.sum() == Approx(1));
  CHECK(path.steps[2].cells[kControl].history.sum() == Approx(1));
  CHECK(path.steps[1].cells[kVariant].history.sum() == Approx(1));
  CHECK(path.steps[2].cells[kVariant].history.sum() == Approx(0));
  CHECK(path.steps[2].cells[kVariant].history.n() == 4);
  CHECK(path.cells[kControl].history.sum() == Approx(1));
  const auto& surfaces = shop::metric(statistics, "by_surface").surfaces;
  REQUIRE(surfaces.size() == 2);
  CHECK(surfaces[0].name == "cart");
  CHECK(surfaces[0].cells[kControl].history.sum() == Approx(1));
  CHECK(surfaces[1].cells[kControl].history.sum() == Approx(2));
  CHECK(surfaces[1].cells[kControl].history.n() == 5);
  CHECK(surfaces[1].cells[kControl].history.comoment(0, 0) == Approx(4 - 4.0 / 5));  // one unit with 2
  // Control: 3 buyers, 5 orders, gross 190, net 25 + 0 + 120. Variant: 3, 5, 130, 130.
  const auto& factors = shop::metric(statistics, "revenue").factors;
  const auto& control = factors[kControl].history;
  CHECK(control.n() == 5);
  CHECK(control.sum(0) == Approx(3));
  CHECK(control.sum(1) == Approx(5));
  CHECK(control.sum(2) == Approx(190));
  CHECK(control.sum(3) == Approx(145));
  CHECK(control.comoment(2, 3) == Approx(30 * 25 + 120 * 120 - 190.0 * 145 / 5));
  CHECK(factors[kVariant].history.sum(3) == Approx(130));
  CHECK(shop::metric(statistics, "aov").factors.empty());
}

TEST_CASE("ten users: by day, since exposure, by segment") {
  const Shop shop;
  const Statistics statistics = shop.as_of(33);
  const auto& revenue = shop::metric(statistics, "revenue");
  REQUIRE(revenue.by_day.size() == 31);
  CHECK(revenue.by_day[0].day == 1);
  CHECK(revenue.by_day[0].cells[kControl].history.sum() == Approx(25));     // u0
  CHECK(revenue.by_day[0].cells[kControl].no_history.n() == 1);             // u1
  CHECK(revenue.by_day[0].cells[kVariant].no_history.sum() == Approx(70));  // u6
  CHECK(revenue.by_day[30].cells[kVariant].history.n() == 0);               // u9 is not mature
  REQUIRE(revenue.since_exposure.size() == 7);
  // Day 1: u0's 10, u2's 40, u5's 30. Day 2: u4's first 60 (at e + 1 day). Day 7: u0's 20 - 5.
  CHECK(revenue.since_exposure[0].cells[kControl].history.sum() == Approx(50));
  CHECK(revenue.since_exposure[0].cells[kControl].history.n() == 3);
  CHECK(revenue.since_exposure[0].cells[kVariant].history.sum() == Approx(30));
  CHECK(revenue.since_exposure[1].cells[kControl].history.sum() == Approx(60));
  CHECK(revenue.since_exposure[6].cells[kControl].history.sum() == Approx(15));
  // The covariate stands beside each day's value: 10 x 0 + 40 x 30 + 0 x 8 - 50 x 38 / 3.
  CHECK(revenue.since_exposure[0].cells[kControl].history.comoment(0, 1) == Approx(1200 - 50.0 * 38 / 3));
  REQUIRE(revenue.groups.size() == 3);  // (none) AT DE, of the first exposure: u6 is DE though AT came later
  CHECK(revenue.groups[0].group == "(none)");
  CHECK(revenue.groups[1].group == "AT");
  CHECK(revenue.groups[2].group == "DE");
  CHECK(revenue.groups[0].cells[kControl].history.sum() == Approx(100));    // u4, capped
  CHECK(revenue.groups[1].cells[kVariant].history.sum() == Approx(30));     // u7, u8
  CHECK(revenue.groups[2].cells[kVariant].no_history.sum() == Approx(70));  // u6
  CHECK(revenue.groups[2].cells[kControl].history.sum() == Approx(25));     // u0, u2
  REQUIRE(statistics.splits.size() == 3);
  CHECK(statistics.splits[2].units == std::vector<std::int64_t>{3, 3});  // DE: u0 u1 u2; u5 u6 u9
}

TEST_CASE("ten users: as of an earlier moment") {
  const Shop shop;
  // At day 10 refund r4 (day 12) is unknown, so u4's two orders stand; u9 is not exposed yet. Mature are
  // those with e + 7 <= 10: everybody up to u4 (e = 3).
  const Statistics statistics = shop.as_of(10);
  CHECK(statistics.arms[kVariant].units == 4);
  CHECK(shop::metric(statistics, "repeat").cells[kControl].history.sum() == Approx(2));
  CHECK(shop::metric(statistics, "repeat").cells[kControl].history.n() == 5);
  // At day 9 u4's window is open.
  CHECK(shop::metric(shop.as_of(9), "repeat").cells[kControl].history.n() == 4);
  CHECK(shop::metric(shop.as_of(9), "repeat").immature_units == std::vector<std::int64_t>{1, 0});
}

TEST_CASE("an unknown experiment names the nearest; one without exposures is empty, not an error") {
  const Shop shop;
  const Reader reader(shop.file.path());
  CHECK_THROWS_AS(aggregate(reader, shop.catalog, "checkuot"), Error);
  TemporaryStore file;
  { Store::create(file.path()).put_catalog(shop.catalog.text, shop.catalog.digest); }
  const Reader empty(file.path());
  const Statistics statistics = aggregate(empty, shop.catalog, "checkout");
  CHECK(statistics.arms.size() == 2);
  CHECK(statistics.arms[0].units == 0);
  CHECK_FALSE(statistics.first_exposure);
  CHECK(statistics.expected_shares.at(1) == std::vector<double>{0.5, 0.5});
}
