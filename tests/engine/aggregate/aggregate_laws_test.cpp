// Laws of aggregation on generated shops: any order of arrival, any threads, any batches give the same bits;
// a past moment gives the same answer later; epochs follow the catalog's versions; percentile caps.
#include <algorithm>
#include <map>
#include <random>

#include <catch2/catch.hpp>

#include "engine/aggregate/property_match.hpp"
#include "engine/aggregate/shop.hpp"
#include "engine/record/compaction.hpp"

using namespace liftmark;
using shop::day;
using shop::event;
using shop::exposed;
using shop::Happening;

namespace {

const char* const kCatalog = R"({"schema": "liftmark.catalog/1",
  "metrics": [
    {"key": "revenue", "kind": "mean", "numerator": {"event": ["purchase", "refund"]}, "window_days": 3,
     "cap": {"percentile": 0.9}, "covariate": {"lookback_days": 7}},
    {"key": "rate", "kind": "ratio", "numerator": {"event": "purchase"}, "denominator": {"event": "view"},
     "window_days": 3, "covariate": {"lookback_days": 7}},
    {"key": "repeat", "kind": "repeat_purchase", "numerator": {"event": "purchase"}, "window_days": 5}],
  "experiments": [{"key": "checkout", "arms": [{"key": "control", "role": "control"}, {"key": "variant"}],
    "hashing": {"salt": "checkout-1"},
    "plan": {"primary": ["revenue", "rate"], "secondary": ["repeat"], "segments": ["country", "cold_start", "lifecycle"]}}]})";

std::vector<Happening> random_shop(std::uint64_t seed, int units) {
  std::mt19937_64 random(seed);
  const auto uniform = [&](double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random);
  };
  const char* countries[] = {"DE", "AT", "CH", ""};
  std::vector<Happening> rows;
  for (int u = 0; u < units; ++u) {
    const std::string unit = "unit-" + std::to_string(u);
    if (random() % 5 != 0)
      rows.push_back(
          exposed(unit, random() % 2 ? "variant" : "control", uniform(0, 10), countries[random() % 4]));
    if (random() % 10 == 0)
      rows.push_back(
          exposed(unit, random() % 2 ? "variant" : "control", uniform(0, 10), countries[random() % 4]));
    const int events = static_cast<int>(random() % 12);
    for (int e = 0; e < events; ++e) {
      const std::string id = unit + "-" + std::to_string(e);
      const bool purchase = random() % 4 == 0;
      rows.push_back(event(id, unit, purchase ? "purchase" : "view", uniform(-8, 16),
                           purchase ? std::exp(uniform(0, 6)) : 0));
      if (!purchase || random() % 3 != 0) continue;
      Happening refund = event(id + "-r", unit, "refund", uniform(0, 20), -rows.back().value);
      refund.reference = id;
      rows.push_back(refund);
    }
  }
  return rows;
}

void check_equal(const Statistics& a, const Statistics& b) {
  CHECK(a.data_digest == b.data_digest);
  CHECK(a.late_events == b.late_events);
  CHECK(a.future_events == b.future_events);
  REQUIRE(a.metrics.size() == b.metrics.size());
  for (std::size_t m = 0; m < a.metrics.size(); ++m) {
    INFO(a.metrics[m].metric);
    CHECK(a.metrics[m].cap == b.metrics[m].cap);
    const auto same = [](const std::vector<Cell>& x, const std::vector<Cell>& y) {
      return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](const Cell& p, const Cell& q) {
        return p.epoch == q.epoch && p.arm == q.arm && p.history == q.history && p.no_history == q.no_history;
      });
    };
    CHECK(same(a.metrics[m].cells, b.metrics[m].cells));
    CHECK(same(a.metrics[m].uncapped, b.metrics[m].uncapped));
    REQUIRE(a.metrics[m].groups.size() == b.metrics[m].groups.size());
    for (std::size_t g = 0; g < a.metrics[m].groups.size(); ++g) {
      CHECK(a.metrics[m].groups[g].group == b.metrics[m].groups[g].group);
      CHECK(same(a.metrics[m].groups[g].cells, b.metrics[m].groups[g].cells));
    }
  }
}

Statistics statistics_of(const std::vector<Happening>& rows, std::size_t batch, int threads, double as_of) {
  TemporaryStore file;
  const Catalog catalog = parse_catalog(kCatalog);
  {
    Store store = Store::create(file.path());
    store.put_catalog(catalog.text, catalog.digest);
    shop::record(store, rows, batch);
  }
  const Reader reader(file.path(), {.as_of = day(as_of)});
  return aggregate(reader, catalog, "checkout", {.threads = threads, .segments = {}});
}

}  // namespace

TEST_CASE("arrival order, batches and threads change no bit") {
  std::vector<Happening> rows = random_shop(3, 400);
  const Statistics expected = statistics_of(rows, 1000, 1, 30);
  CHECK(expected.arms[0].crossed_units + expected.arms[1].crossed_units > 0);
  std::mt19937_64 random(4);
  for (int round = 0; round < 4; ++round) {
    std::shuffle(rows.begin(), rows.end(), random);
    check_equal(statistics_of(rows, 1 + random() % 300, 1 + round % 3, 30), expected);
  }
}

TEST_CASE("rows, blobs and both together give the same bits with any number of threads") {
  std::vector<Happening> rows = random_shop(8, 600);
  const Statistics expected = statistics_of(rows, 1000, 1, 30);  // nothing compacted, in order of units
  std::mt19937_64 random(9);
  std::shuffle(rows.begin(), rows.end(), random);
  TemporaryStore file;
  const Catalog catalog = parse_catalog(kCatalog);
  Store store = Store::create(file.path());
  store.put_catalog(catalog.text, catalog.digest);
  const auto check_all = [&] {
    for (const int threads : {1, 2, 3}) {
      INFO(threads << " threads");
      const Reader reader(file.path(), {.as_of = day(30)});
      check_equal(aggregate(reader, catalog, "checkout", {.threads = threads, .segments = {}}), expected);
    }
  };
  const auto compact_until = [&](double days) {
    Recorder recorder(store);
    return compact(recorder, {.now = day(days), .late_share = 0.5});
  };
  const auto half = rows.begin() + static_cast<std::ptrdiff_t>(rows.size() / 2);
  shop::record(store, {rows.begin(), half}, 77);
  CHECK(compact_until(4).events > 0);  // the rest of the first half stays as recorded
  shop::record(store, {half, rows.end()}, 50);
  check_all();  // late rows beside the blobs of their days
  CHECK(compact_until(11).left_open > 0);
  check_all();
  compact_until(60);
  check_all();
}

TEST_CASE(
    "events recorded over a day late, or dated after their recording, are counted in rows and in blobs") {
  // By hand: delays of a second, a day and a day and a microsecond (late), and a second before (future).
  std::vector<Happening> rows{exposed("a", "control", 0)};
  for (const Micros delay : {kMicrosPerSecond, kMicrosPerDay, kMicrosPerDay + 1, -kMicrosPerSecond}) {
    rows.push_back(event("e" + std::to_string(delay), "a", "view", 1));
    rows.back().delay = delay;
  }
  TemporaryStore file;
  const Catalog catalog = parse_catalog(kCatalog);
  Store store = Store::create(file.path());
  store.put_catalog(catalog.text, catalog.digest);
  shop::record(store, rows);
  for (const bool compacted : {false, true}) {
    INFO("compacted: " << compacted);
    if (compacted) {
      Recorder recorder(store);
      CHECK(compact(recorder, {.now = day(30)}).events == 4);
    }
    const Reader reader(file.path());
    const Statistics statistics = aggregate(reader, catalog, "checkout");
    CHECK(statistics.late_events == 1);
    CHECK(statistics.future_events == 1);
  }
}

TEST_CASE("a past moment gives the same answer when more has arrived") {
  const std::vector<Happening> rows = random_shop(5, 300);
  TemporaryStore file;
  const Catalog catalog = parse_catalog(kCatalog);
  Store store = Store::create(file.path());
  store.put_catalog(catalog.text, catalog.digest);
  std::vector<Happening> early, late;
  for (const Happening& row : rows) (row.at + row.delay <= day(9) ? early : late).push_back(row);
  shop::record(store, early);
  const auto at_nine = [&] {
    const Reader reader(file.path(), {.as_of = day(9)});
    return aggregate(reader, catalog, "checkout");
  };
  const Statistics before = at_nine();
  shop::record(store, late);
  // Late news of the past: dated before day 9, recorded after it.
  Happening news = event("late-1", "unit-1", "purchase", 2, 99);
  news.delay = 20 * kMicrosPerDay;
  Happening first = exposed("unit-2", "control", -5);
  first.delay = 20 * kMicrosPerDay;
  shop::record(store, {news, first});
  check_equal(at_nine(), before);
  const Reader now(file.path(), {.as_of = day(30)});
  CHECK(aggregate(now, catalog, "checkout").data_digest != before.data_digest);
}

TEST_CASE("what happened until a moment, as known later, is what was happening then and no more") {
  const std::vector<Happening> rows = random_shop(8, 300);
  const auto read = [&](const std::vector<Happening>& recorded) {
    TemporaryStore file;
    const Catalog catalog = parse_catalog(kCatalog);
    Store store = Store::create(file.path());
    store.put_catalog(catalog.text, catalog.digest);
    shop::record(store, recorded);
    const Reader reader(file.path(), {.as_of = day(40), .until = day(9)});
    return aggregate(reader, catalog, "checkout");
  };
  std::vector<Happening> by_then;
  for (const Happening& row : rows)
    if (row.at <= day(9)) by_then.push_back(row);
  // Late news of the past counts, for it is known by day 40.
  Happening news = event("late-1", "unit-1", "purchase", 2, 99);
  news.delay = 20 * kMicrosPerDay;
  std::vector<Happening> all = rows;
  all.push_back(news);
  by_then.push_back(news);
  const Statistics statistics = read(all);
  CHECK(statistics.as_of == day(9));
  check_equal(statistics, read(by_then));
}

TEST_CASE("what else a report asks for changes neither the digest nor the health of the data") {
  std::string text = kCatalog;
  const auto segments = text.find(R"(, "segments")");
  text.erase(segments, text.find(']', segments) + 1 - segments);
  // Without covariates only purchases are read, from the start on; a segment by history reads everything.
  for (auto at = text.find(R"("lookback_days": 7)"); at != std::string::npos;
       at = text.find(R"("lookback_days": 7)"))
    text.replace(at, 18, R"("lookback_days": 0)");
  text.replace(text.find(R"("kind": "repeat_purchase",)"), 26,
               R"("kind": "repeat_purchase", "covariate": {"lookback_days": 0},)");
  const Catalog catalog = parse_catalog(text);
  std::vector<Happening> rows = random_shop(9, 200);
  for (int i = 0; i < 50; ++i) {  // long ago, of no metric's type, and late
    rows.push_back(event("old" + std::to_string(i), "unit-" + std::to_string(i), "browse", -90));
    rows.back().delay = 5 * kMicrosPerDay;
  }
  TemporaryStore file;
  Store store = Store::create(file.path());
  store.put_catalog(catalog.text, catalog.digest);
  shop::record(store, rows);
  const Reader reader(file.path());
  const Statistics plain = aggregate(reader, catalog, "checkout");
  const Statistics grouped =
      aggregate(reader, catalog, "checkout", {.threads = 1, .segments = {"cold_start", "country"}});
  CHECK(grouped.data_digest == plain.data_digest);
  CHECK(grouped.late_events == plain.late_events);
  CHECK(grouped.counts.at("events_read") == plain.counts.at("events_read"));
}

TEST_CASE("days and segments add up to the whole") {
  const Statistics statistics = statistics_of(random_shop(6, 500), 1000, 2, 30);
  for (const auto& metric : statistics.metrics) {
    INFO(metric.metric);
    for (std::size_t c = 0; c < metric.cells.size(); ++c) {
      stats::CoMoments days(metric.layout.dimension());
      for (const auto& d : metric.by_day) days.merge(d.cells[c].history);
      CHECK(days.n() == metric.cells[c].history.n());
      CHECK(days.mean() == Approx(metric.cells[c].history.mean()).margin(1e-9));
      CHECK(days.comoment(0, 0) == Approx(metric.cells[c].history.comoment(0, 0)).epsilon(1e-9).margin(1e-9));
      for (const char* dimension : {"country", "cold_start", "lifecycle"}) {
        std::int64_t units = 0;
        for (const auto& group : metric.groups)
          if (group.dimension == dimension)
            units += group.cells[c].history.n() + group.cells[c].no_history.n();
        CHECK(units == metric.cells[c].history.n() + metric.cells[c].no_history.n());
      }
    }
  }
}

TEST_CASE("a percentile cap is the nearest rank of the non-zero values before the start") {
  // Ten units of the store bought 10, 20 .. 100 in the three days before the first exposure (day 0), one of
  // them twice 50; one bought 1000 four days before, outside the window. p = 0.9: the 9th of ten is 90.
  std::vector<Happening> rows{exposed("a", "control", 0), exposed("b", "variant", 1)};
  for (int i = 1; i <= 9; ++i)
    rows.push_back(event("p" + std::to_string(i), "u" + std::to_string(i), "purchase", -1, 10.0 * i));
  rows.push_back(event("p10a", "u10", "purchase", -2, 50));
  rows.push_back(event("p10b", "u10", "purchase", -1, 50));
  rows.push_back(event("p11", "u11", "purchase", -4, 1000));
  rows.push_back(event("oa", "a", "purchase", 1, 200));
  rows.push_back(event("ob", "b", "purchase", 2, 30));
  const Statistics statistics = statistics_of(rows, 100, 1, 30);
  const auto& revenue = shop::metric(statistics, "revenue");
  CHECK(revenue.cap == 90.0);
  CHECK(revenue.cells[0].no_history.sum() == Approx(90));
  CHECK(revenue.uncapped[0].no_history.sum() == Approx(200));
  CHECK(revenue.cells[1].no_history.sum() == Approx(30));
}

TEST_CASE("settling comes after the window, and days begin where the catalog says") {
  std::string text = kCatalog;
  text.replace(text.find(R"("window_days": 3,)"), 17, R"("window_days": 3, "settle_days": 2,)");
  text.replace(text.find(R"("metrics")"), 9, R"("day_offset_minutes": 120, "metrics")");
  const Catalog catalog = parse_catalog(text);
  TemporaryStore file;
  Store store = Store::create(file.path());
  store.put_catalog(catalog.text, catalog.digest);
  // Days begin at 22:00 UTC: 22:48 (0.95 days) belongs to the next one.
  shop::record(store,
               {exposed("a", "control", 0.5), exposed("b", "variant", 0.95), event("o", "a", "purchase", 9)});
  const auto immature = [&](double at) {
    const Reader reader(file.path(), {.as_of = day(at)});
    return shop::metric(aggregate(reader, catalog, "checkout"), "revenue").immature_units;
  };
  // a: 0.5 + 3 + 2 days; b: 0.95 + 5.
  CHECK(immature(5.49) == std::vector<std::int64_t>{1, 1});
  CHECK(immature(5.5) == std::vector<std::int64_t>{0, 1});
  CHECK(immature(5.95) == std::vector<std::int64_t>{0, 0});
  const Reader reader(file.path());
  CHECK(aggregate(reader, catalog, "checkout").units_by_day ==
        std::vector<std::vector<std::int64_t>>{{1, 0}, {0, 1}});
}

TEST_CASE("epochs are kept apart and expect their own shares") {
  TemporaryStore file;
  Store store = Store::create(file.path());
  const Catalog first = parse_catalog(kCatalog);
  store.put_catalog(first.text, first.digest);
  std::string text = kCatalog;
  text.replace(text.find("{\"key\": \"variant\"}"), 18, "{\"key\": \"variant\", \"weight\": 3}");
  text.replace(text.find("\"hashing\""), 9, "\"epoch\": 2, \"hashing\"");
  const Catalog second = parse_catalog(text);
  store.put_catalog(second.text, second.digest);
  shop::record(store,
               {exposed("a", "control", 0), exposed("b", "variant", 0), exposed("c", "variant", 5, "", 2),
                exposed("d", "control", 5, "", 2), exposed("a", "variant", 6, "", 2),  // a stays in epoch 1
                event("o", "c", "purchase", 6, 10)});
  const Reader reader(file.path());
  const Statistics statistics = aggregate(reader, second, "checkout");
  CHECK(statistics.expected_shares.at(1) == std::vector<double>{0.5, 0.5});
  CHECK(statistics.expected_shares.at(2) == std::vector<double>{0.25, 0.75});
  CHECK(statistics.arms[0].units_by_epoch.at(1) == 1);
  CHECK(statistics.arms[0].units_by_epoch.at(2) == 1);
  CHECK(statistics.arms[0].crossed_units == 1);
  // Units by epoch for the localisation: two of epoch 1 and two of epoch 2, one in each arm.
  std::map<int, std::vector<std::int64_t>> split;
  for (const auto& row : statistics.splits) {
    auto& units = split.try_emplace(row.epoch, std::vector<std::int64_t>(2)).first->second;
    if (row.dimension != "country") continue;
    for (std::size_t arm = 0; arm < 2; ++arm) units[arm] += row.units.at(arm);
  }
  CHECK(split == std::map<int, std::vector<std::int64_t>>{{1, {1, 1}}, {2, {1, 1}}});
  const auto& revenue = shop::metric(statistics, "revenue");
  REQUIRE(revenue.cells.size() == 4);
  CHECK(revenue.cells[3].epoch == 2);
  CHECK(revenue.cells[3].arm == 1);
  CHECK(revenue.cells[3].no_history.sum() == Approx(10));
}

TEST_CASE("decimal texts become millionths, rounded half away from zero") {
  CHECK(parse_millionths("12.34") == 12'340'000);
  CHECK(parse_millionths("-0.0000005") == -1);
  CHECK(parse_millionths("0.00000049") == 0);
  CHECK(parse_millionths("7") == 7'000'000);
  CHECK(parse_millionths("9223372036854.775807") == INT64_MAX);
  for (const char* text : {"", "-", ".", "1e3", "1,5", "NaN", "0x10", "9223372036854.775808", "1 "})
    CHECK_FALSE(parse_millionths(text).has_value());
}
