// The e-commerce metrics on a store of ten users in which every number can be computed by hand.
#include <cmath>

#include <catch2/catch.hpp>

#include "engine/aggregate/shop.hpp"
#include "engine/record/privacy.hpp"

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
     "covariate": {"lookback_days": 0}},
    {"key": "median_order", "kind": "quantile", "numerator": {"event": "purchase"}, "window_days": 7},
    {"key": "second_order", "kind": "time_to_event", "numerator": {"event": "purchase"}, "window_days": 10,
     "direction": "decrease"},
    {"key": "shown", "kind": "breadth", "numerator": {"event": "impression"}, "item": "item", "window_days": 7},
    {"key": "score", "kind": "blend", "window_days": 7, "covariate": {"lookback_days": 0},
     "terms": [{"metric": "conversion", "weight": 10}, {"metric": "revenue", "weight": 0.5}]}],
  "experiments": [
    {"key": "checkout", "arms": [{"key": "control", "role": "control"}, {"key": "variant"}],
     "hashing": {"salt": "checkout-1"},
     "plan": {"primary": ["revenue"], "secondary": ["conversion", "median_order", "second_order", "shown", "score"],
              "interactions": ["mail"]}},
    {"key": "mail", "arms": [{"key": "plain", "role": "control"}, {"key": "dynamic"}], "hashing": {"salt": "mail-1"},
     "plan": {"primary": ["conversion"]}}]})";

Happening impression(const std::string& unit, const std::string& item, int number) {
  Happening row = event("i" + unit + item + std::to_string(number), unit, "impression", 0.5);
  row.key = "item";
  row.text = item;
  return row;
}

/// All are exposed on day 0; u0 to u4 in the control.
std::vector<Happening> ten_users() {
  std::vector<Happening> rows;
  for (int i = 0; i < 10; ++i)
    rows.push_back(exposed("u" + std::to_string(i), i < 5 ? "control" : "variant", 0));
  rows.back().fallback = true;
  for (const auto& [id, unit, at, value] :
       std::vector<std::tuple<const char*, const char*, double, double>>{{"p0", "u0", 1, 10},
                                                                         {"p1", "u0", 3, 20},
                                                                         {"p2", "u1", 2, 30},
                                                                         {"p3", "u2", 2, 40},
                                                                         {"p4", "u2", 4, 50},
                                                                         {"p5", "u4", 5, 60},
                                                                         {"p6", "u4", 8, 5},
                                                                         {"p7", "u5", 1, 15},
                                                                         {"p8", "u6", 1, 25},
                                                                         {"p9", "u6", 2, 35},
                                                                         {"pA", "u7", 3, 45}})
    rows.push_back(event(id, unit, "purchase", at, value));
  rows.push_back(event("r0", "u2", "refund", 6, -50));
  rows.back().reference = "p4";
  for (const auto& [unit, items] : std::vector<std::pair<const char*, const char*>>{
           {"u0", "AAB"}, {"u1", "A"}, {"u2", "A"}, {"u5", "AB"}, {"u6", "C"}, {"u7", "A"}})
    for (int i = 0; items[i] != 0; ++i) rows.push_back(impression(unit, std::string(1, items[i]), i));
  for (const auto& [unit, arm] : std::vector<std::pair<const char*, const char*>>{
           {"u0", "plain"}, {"u1", "dynamic"}, {"u5", "plain"}, {"u6", "dynamic"}}) {
    rows.push_back(exposed(unit, arm, -1));
    rows.back().experiment = "mail";
    rows.back().id += "mail";
  }
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

const stats::CoMoments& units(const std::vector<Cell>& cells, std::size_t arm) {
  return cells.at(arm).history;
}

}  // namespace

TEST_CASE("the median of order values, and units without orders count as units") {
  const Shop shop;
  const auto statistics = shop.as_of(20);
  const auto& metric = shop::metric(statistics, "median_order");
  // Control: 10 20 30 40 50 60, third of six; variant: 15 25 35 45, second of four (nearest rank).
  CHECK(units(metric.cells, 0).mean() == 30);
  CHECK(units(metric.cells, 1).mean() == 25);
  // Limits of so few values lie outside the sample: no variance, and one unit says so.
  CHECK(units(metric.cells, 0).n() == 1);
  // All were exposed on one day: that day's units and measure are everybody's.
  REQUIRE(metric.by_day.size() == 1);
  CHECK(units(metric.by_day[0].cells, 0).n() == 5);
  REQUIRE(metric.measured_on.size() == 1);
  CHECK(units(metric.measured_on[0].cells, 1).mean() == 25);
  CHECK(units(metric.measured_until[0].cells, 0).mean() == 30);
}

TEST_CASE("measures of a whole arm by day of first exposure, alone and so far") {
  // Control: 10 20, 30 | 40 50, 60; variant: 15, 25 35 | 45, by day. Medians by nearest rank.
  const TemporaryStore file;
  Store store = Store::create(file.path());
  std::vector<Happening> rows;
  for (const auto& [unit, arm, on, values] :
       std::vector<std::tuple<const char*, const char*, int, std::vector<int>>>{
           {"a0", "control", 0, {10, 20}},
           {"a1", "control", 0, {30}},
           {"b0", "variant", 0, {15}},
           {"b1", "variant", 0, {25, 35}},
           {"a2", "control", 1, {40, 50}},
           {"a3", "control", 1, {60}},
           {"b2", "variant", 1, {45}}}) {
    rows.push_back(exposed(unit, arm, on));
    for (const int value : values) {
      rows.push_back(event(unit + std::to_string(value), unit, "purchase", on + 1, value));
      rows.push_back(event("i" + rows.back().id, unit, "impression", on + 1));
      rows.back().key = "item";
      rows.back().text = on == 0 || value == 60 ? "A" : "B";
    }
  }
  rows.push_back(exposed("late", "control", 30));  // its window is not over
  shop::record(store, rows);
  const Reader reader(file.path(), {.as_of = day(31)});
  const auto statistics = aggregate(reader, parse_catalog(kCatalog), "checkout");
  const auto& median = shop::metric(statistics, "median_order");
  REQUIRE(median.measured_on.size() == 31);
  CHECK(units(median.measured_on[0].cells, 0).mean() == 20);
  CHECK(units(median.measured_on[0].cells, 1).mean() == 25);
  CHECK(units(median.measured_on[1].cells, 0).mean() == 50);
  CHECK(units(median.measured_on[1].cells, 1).mean() == 45);
  CHECK(units(median.measured_on[2].cells, 0).n() == 0);
  CHECK(units(median.measured_until[0].cells, 0).mean() == 20);
  CHECK(units(median.measured_until[1].cells, 0).mean() == 30);
  CHECK(units(median.measured_until[1].cells, 1).mean() == 25);
  CHECK(units(median.measured_until[30].cells, 0).mean() == 30);
  CHECK(units(median.by_day[1].cells, 0).n() == 2);
  CHECK(units(median.by_day[30].cells, 0).n() == 0);
  // Items: A alone on the first day; on the second B twice of one unit, and A of another: no pair of two
  // units is the same. So far: 4 A of 3 units, 2 B of one; 36 - 3 x 4 ... = 36 - 4 - 1 - 4 - 1 = 26 ordered
  // pairs of two units, of which A: 16 - 4 - 1 - 1 = 10, B: 4 - 4 = 0, so 2.6 effective items.
  const auto& shown = shop::metric(statistics, "shown");
  CHECK(units(shown.measured_on[0].cells, 0).mean() == Approx(1));
  CHECK(units(shown.measured_on[1].cells, 0).n() == 0);
  CHECK(units(shown.measured_until[1].cells, 0).mean() == Approx(2.6));
}

TEST_CASE("a day's measure is that of a store which holds the day alone, and the last is the whole") {
  // 600 units on five days, up to three orders and four impressions each; the numbers are those of a
  // congruential generator and mean nothing.
  std::uint32_t state = 7;
  const auto draw = [&](std::uint32_t below) {
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % below;
  };
  std::vector<std::vector<Happening>> by_day(5);
  std::vector<Happening> all;
  for (int i = 0; i < 600; ++i) {
    const auto on = draw(5);
    auto& rows = by_day[on];
    const std::string unit = "u" + std::to_string(i);
    const auto first = rows.size();
    rows.push_back(exposed(unit, draw(2) == 0 ? "control" : "variant", on));
    for (auto left = draw(4); left > 0; --left)
      rows.push_back(event(unit + "p" + std::to_string(left), unit, "purchase", on + 0.5 * left, draw(50)));
    for (auto left = draw(5); left > 0; --left) {
      rows.push_back(
          impression(unit, std::string(1, static_cast<char>('A' + draw(6))), static_cast<int>(left)));
      rows.back().at = day(on + 0.1 * left);
    }
    all.insert(all.end(), rows.begin() + static_cast<std::ptrdiff_t>(first), rows.end());
  }
  const auto measured = [](const std::vector<Happening>& rows) {
    const TemporaryStore file;
    Store store = Store::create(file.path());
    shop::record(store, rows);
    const Reader reader(file.path(), {.as_of = day(30)});
    return aggregate(reader, parse_catalog(kCatalog), "checkout");
  };
  const auto whole = measured(all);
  for (const char* key : {"median_order", "shown"}) {
    INFO(key);
    const auto& metric = shop::metric(whole, key);
    REQUIRE(metric.measured_on.size() == 5);
    for (std::size_t arm = 0; arm < 2; ++arm) {
      for (std::size_t on = 0; on < 5; ++on) {
        const auto alone = measured(by_day[on]);
        const auto& want = units(shop::metric(alone, key).cells, arm);
        const auto& got = units(metric.measured_on[on].cells, arm);
        CHECK(got.n() == want.n());
        CHECK(got.mean() == Approx(want.mean()));
        CHECK(got.variance() == Approx(want.variance()));
      }
      CHECK(units(metric.measured_until[4].cells, arm).mean() == units(metric.cells, arm).mean());
      CHECK(units(metric.measured_until[4].cells, arm).variance() == units(metric.cells, arm).variance());
    }
  }
}

TEST_CASE("the error of a quantile is that of its ranks, and repeated values of a unit count once") {
  // 100 units with one value each, 1 to 100: half lie at or below 50; a unit's influence on the share is
  // -+1/2, so the error is sqrt(25 / (100 x 99)) = 0.050252 and the limits are the values at ranks ceil(100
  // (0.5 -+ 1.96 x 0.050252)) = 41 and 60: standard error (60 - 41) / (2 x 1.959964) = 4.84702. Four equal
  // values a unit move nothing but the ranks: 161 to 240 of 400, the values 41 and 60 again.
  for (const int copies : {1, 4}) {
    const TemporaryStore file;
    Store store = Store::create(file.path());
    std::vector<Happening> rows;
    for (int i = 1; i <= 100; ++i) {
      const std::string unit = "u" + std::to_string(i);
      rows.push_back(exposed(unit, "control", 0));
      for (int copy = 0; copy < copies; ++copy)
        rows.push_back(event(unit + "-" + std::to_string(copy), unit, "purchase", 1 + copy, i));
    }
    shop::record(store, rows);
    const Reader reader(file.path());
    const auto statistics = aggregate(reader, parse_catalog(kCatalog), "checkout");
    const auto& cell = units(shop::metric(statistics, "median_order").cells, 0);
    CHECK(cell.n() == 100);
    CHECK(cell.mean() == 50);
    CHECK(std::sqrt(cell.variance() / 100) == Approx(4.84702).epsilon(1e-5));
  }
}

TEST_CASE("time to the second order that stands") {
  const Shop shop;
  const auto statistics = shop.as_of(20);
  const auto& metric = shop::metric(statistics, "second_order");
  // Control: u0 on day 3, u4 on day 8, u2's second order was refunded: (3 + 10 + 10 + 10 + 8) / 5.
  CHECK(units(metric.cells, 0).mean() == Approx(8.2));
  CHECK(units(metric.cells, 1).mean() == Approx((2 + 40) / 5.0));
  REQUIRE(metric.follow_ups.size() == 2);
  const auto curve = stats::kaplan_meier(metric.follow_ups[0].units);
  REQUIRE(curve.size() == 2);  // 4 of 5 left after day 3, 3 of 4 of these after day 8
  CHECK(curve[0].time == 3);
  CHECK(curve[0].survival == Approx(0.8));
  CHECK(curve[1].time == 8);
  CHECK(curve[1].survival == Approx(0.6));
  // As of day 5 nobody's window is over and u2's refund is not known: its second order of day 4 stands.
  const auto early = shop.as_of(5);
  const auto& then = shop::metric(early, "second_order");
  CHECK(then.immature_units == std::vector<std::int64_t>{5, 5});
  const auto& control = then.follow_ups[0].units;
  REQUIRE(control.size() == 5);
  CHECK(std::count_if(control.begin(), control.end(), [](const auto& unit) { return unit.event; }) == 2);
  CHECK(std::count_if(control.begin(), control.end(), [](const auto& unit) { return unit.time == 5; }) == 3);
}

TEST_CASE("coverage, diversity and novelty of what was shown") {
  const Shop shop;
  const auto statistics = shop.as_of(20);
  const auto& metric = shop::metric(statistics, "shown");
  // Control: A 4 times, B once; of the 25 - 9 - 1 - 1 = 14 ordered pairs of events of different units 17 - 5
  // - 1 - 1 = 10 show the same item. Variant: A 2, B 1, C 1; 16 - 4 - 1 - 1 = 10 pairs, 6 - 2 - 1 - 1 = 2 the
  // same.
  REQUIRE(metric.shown.size() == 2);
  CHECK(metric.shown[0].events == 5);
  CHECK(metric.shown[0].items == 2);
  CHECK(*metric.shown[0].diversity == Approx(4 / 14.0));
  CHECK(*metric.shown[1].diversity == Approx(0.8));
  REQUIRE(metric.breadth.size() == 3);
  CHECK(metric.breadth[0].name == "effective_items");
  CHECK(units(metric.breadth[0].cells, 0).mean() == Approx(1.4));
  CHECK(units(metric.breadth[0].cells, 1).mean() == Approx(5));
  CHECK(units(metric.cells, 1).mean() == Approx(5));  // the measure that comparisons follow
  // At 4 events, the variant's number, of the three items A, B, C: the control's 5 events lack B in one draw
  // of five: (1 + 4/5) / 3. The variant's own four show all three.
  CHECK(units(metric.breadth[1].cells, 0).mean() == Approx(0.6));
  CHECK(units(metric.breadth[1].cells, 1).mean() == Approx(1));
  // Shares with equal arms: A (0.8 + 0.5) / 2, B (0.2 + 0.25) / 2, C 0.25 / 2.
  const double a = -std::log2(0.65), b = -std::log2(0.225), c = -std::log2(0.125);
  CHECK(units(metric.breadth[2].cells, 0).mean() == Approx(0.8 * a + 0.2 * b));
  CHECK(units(metric.breadth[2].cells, 1).mean() == Approx(0.5 * a + 0.25 * b + 0.25 * c));
  // Novelty is a ratio metric: its variance is that of (bits - mean x events) / (events per unit). Control, 5
  // units, one event a unit on average: u0 2a + b - 3m, u1 and u2 a - m, u3 and u4 0.
  const double m = 0.8 * a + 0.2 * b;
  const double squares = std::pow(2 * a + b - 3 * m, 2) + 2 * std::pow(a - m, 2);
  CHECK(units(metric.breadth[2].cells, 0).n() == 5);
  CHECK(units(metric.breadth[2].cells, 0).variance() == Approx(squares / 4));
}

TEST_CASE("weights on early and late days, units without the largest, terms of a blend") {
  const Shop shop;
  const auto statistics = shop.as_of(20);
  const auto& revenue = shop::metric(statistics, "revenue");
  // Early weight 7 - d - 1/2, late d + 1/2, refunds as well: control 630 and 490, together 7 x 160.
  REQUIRE(revenue.trend.size() == 2);
  CHECK(units(revenue.trend, 0).n() == 5);
  CHECK(units(revenue.trend, 0).mean(0) == Approx(630 / 5.0));
  CHECK(units(revenue.trend, 0).mean(1) == Approx(490 / 5.0));
  // u4 and u6 both have 60: the first arm's goes. Control without it: 30 + 30 + 40 + 0.
  REQUIRE(revenue.without_top.size() == 1);
  CHECK(revenue.without_top[0].units == 1);
  CHECK(units(revenue.without_top[0].cells, 0).n() == 4);
  CHECK(units(revenue.without_top[0].cells, 0).mean() == Approx(25));
  CHECK(units(revenue.without_top[0].cells, 1).n() == 5);
  const auto& score = shop::metric(statistics, "score");
  REQUIRE(score.terms.size() == 2);
  CHECK(units(score.terms, 0).mean(0) == Approx(0.8));
  CHECK(units(score.terms, 0).mean(1) == Approx(32));
  CHECK(units(score.cells, 0).mean() == Approx(10 * 0.8 + 0.5 * 32));
}

TEST_CASE("refunds: how long after the order, and how many") {
  const Shop shop;
  const auto statistics = shop.as_of(20);
  const auto& delays = shop::metric(statistics, "revenue").refund_delays;
  REQUIRE(delays.size() == 2);
  CHECK(delays[0].refunds == 1);
  CHECK(*delays[0].median_days == 2);  // from day 4 to day 6
  CHECK(delays[1].refunds == 0);
  CHECK_FALSE(delays[1].median_days);
  // Booked 210, net 160, by factor: orders with a positive value, and all.
  const auto& factors = units(shop::metric(statistics, "revenue").factors, 0);
  CHECK(factors.sum(2) == Approx(210));
  CHECK(factors.sum(3) == Approx(160));
}

TEST_CASE("units by the arm of another experiment, and fallbacks") {
  const Shop shop;
  const auto statistics = shop.as_of(20);
  REQUIRE(statistics.crossed.size() == 1);
  CHECK(statistics.crossed[0].experiment == "mail");
  CHECK(statistics.crossed[0].control == "plain");
  std::map<std::string, std::int64_t> control;
  for (const auto& group : shop::metric(statistics, "revenue").groups)
    if (group.dimension == "experiment:mail") control[group.group] = group.cells[0].history.n();
  CHECK(control == std::map<std::string, std::int64_t>{{"plain", 1}, {"dynamic", 1}, {"(none)", 3}});
  CHECK(statistics.arms[0].fallback_units == 0);
  CHECK(statistics.arms[1].fallback_units == 1);
}

TEST_CASE("an erased unit is counted in the arm it was given, and nowhere else") {
  const Shop shop;
  Store store = Store::open(shop.file.path());
  Recorder recorder(store);
  CHECK(erase(recorder, "u9").units == 1);
  const Reader reader(shop.file.path());
  const auto statistics = aggregate(reader, shop.catalog, "checkout");
  CHECK(statistics.arms[0].erased_units == 0);
  CHECK(statistics.arms[1].erased_units == 1);
  CHECK(statistics.arms[1].units == 4);
  CHECK(statistics.counts.count("erased_unit") == 0);
}

TEST_CASE("threads do not change what is kept") {
  const Shop shop;
  const auto one = shop.as_of(20, 1), many = shop.as_of(20, 4);
  CHECK(one.data_digest == many.data_digest);
  for (std::size_t m = 0; m < one.metrics.size(); ++m)
    for (std::size_t i = 0; i < one.metrics[m].cells.size(); ++i)
      CHECK(one.metrics[m].cells[i].history == many.metrics[m].cells[i].history);
}
