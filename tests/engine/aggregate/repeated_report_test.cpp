// A report that reuses what an earlier one left gives the same bits as one made anew: on generated shops
// whose rows arrive in random portions, while time passes and windows end, with refunds, late rows,
// crossovers and new units; and whatever rewrites the store between two reports makes the next one anew.
#include <algorithm>
#include <cstring>
#include <random>

#include <catch2/catch.hpp>

#include "engine/aggregate/report_memory.hpp"
#include "engine/aggregate/shop.hpp"
#include "engine/record/compaction.hpp"
#include "engine/record/privacy.hpp"

using namespace liftmark;
using shop::day;
using shop::event;
using shop::exposed;
using shop::Happening;

namespace {

const char* const kCatalog = R"({"schema": "liftmark.catalog/1",
  "metrics": [
    {"key": "revenue", "kind": "mean", "numerator": {"event": ["purchase", "refund"]}, "window_days": 3,
     "cap": {"percentile": 0.9}, "covariate": {"lookback_days": 7}, "surface": "place"},
    {"key": "rate", "kind": "ratio", "numerator": {"event": "purchase"}, "denominator": {"event": "view"},
     "window_days": 3, "covariate": {"lookback_days": 7}},
    {"key": "buyers", "kind": "proportion", "numerator": {"event": "purchase"}, "window_days": 5, "maturity": "any"},
    {"key": "days", "kind": "count", "numerator": {"event": "view", "aggregate": "distinct_days"}, "window_days": 4},
    {"key": "largest", "kind": "mean", "numerator": {"event": "purchase", "aggregate": "max"}, "window_days": 4},
    {"key": "path", "kind": "funnel", "window_days": 4,
     "steps": [{"name": "View", "event": "view"}, {"name": "Purchase", "event": "purchase"}]},
    {"key": "back", "kind": "retention", "numerator": {"event": ["view", "purchase"]},
     "retention": {"kind": "on_day", "day": 2}},
    {"key": "repeat", "kind": "repeat_purchase", "numerator": {"event": "purchase"}, "window_days": 5,
     "refund_event": "refund"}],
  "experiments": [{"key": "checkout", "arms": [{"key": "control", "role": "control"}, {"key": "variant"}],
    "hashing": {"salt": "checkout-1"},
    "plan": {"primary": ["revenue", "rate"],
      "secondary": ["buyers", "days", "largest", "path", "back", "repeat"],
      "segments": ["country", "cold_start", "lifecycle"]}}]})";

std::vector<Happening> random_rows(std::mt19937_64& random, int units) {
  const auto uniform = [&](double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random);
  };
  const char* countries[] = {"DE", "AT", "CH", ""};
  const char* places[] = {"search", "cart", ""};
  std::vector<Happening> rows;
  for (int u = 0; u < units; ++u) {
    const std::string unit = "unit-" + std::to_string(u);
    const auto expose = [&] {
      rows.push_back(
          exposed(unit, random() % 2 ? "variant" : "control", uniform(0, 12), countries[random() % 4]));
    };
    if (random() % 5 != 0) expose();
    if (random() % 10 == 0) expose();
    const int events = static_cast<int>(random() % 12);
    for (int e = 0; e < events; ++e) {
      const std::string id = unit + "-" + std::to_string(e);
      const bool purchase = random() % 4 == 0;
      rows.push_back(event(id, unit, purchase ? "purchase" : "view", uniform(-8, 18),
                           purchase ? std::round(std::exp(uniform(0, 6))) : 0));
      rows.back().text = places[random() % 3];
      if (!rows.back().text.empty()) rows.back().key = "place";
      if (random() % 9 == 0) rows.back().delay = 2 * kMicrosPerDay;
      if (!purchase || random() % 3 != 0) continue;
      Happening refund = event(id + "-r", unit, "refund", 0, -rows.back().value);
      refund.at = rows.back().at + kMicrosPerDay;
      refund.reference = id;
      rows.push_back(refund);
    }
  }
  // The first day and its groups are there from the start, so that what comes later only adds to them.
  std::vector<Happening> first;
  for (const char* country : countries)
    for (const char* arm : {"control", "variant"})
      first.push_back(exposed("first-" + std::string(arm) + country, arm, 0, country));
  // In order of time, with some that are late.
  std::sort(rows.begin(), rows.end(),
            [](const Happening& a, const Happening& b) { return a.at + a.delay * 5 < b.at + b.delay * 5; });
  first.insert(first.end(), rows.begin(), rows.end());
  return first;
}

void put(double value, std::string& bytes) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put(const stats::CoMoments& moments, std::string& bytes) {
  bytes += std::to_string(moments.n()) + " ";
  for (std::size_t i = 0; i < moments.dimension() && moments.n() > 0; ++i) {
    put(moments.mean(i), bytes);
    put(moments.third(i), bytes);
    for (std::size_t j = 0; j < moments.dimension(); ++j) put(moments.comoment(i, j), bytes);
  }
}

void put(const std::vector<Cell>& cells, std::string& bytes) {
  for (const Cell& cell : cells) {
    bytes += std::to_string(cell.epoch) + "/" + std::to_string(cell.arm) + " ";
    put(cell.history, bytes);
    put(cell.no_history, bytes);
  }
  bytes += "\n";
}

void put(const std::optional<double>& value, std::string& bytes) {
  bytes += value ? "is " : "none";
  if (value) put(*value, bytes);
}

std::string bytes_of(const MetricStatistics& metric) {
  std::string bytes = metric.metric;
  for (const auto* cells : {&metric.cells, &metric.uncapped, &metric.without_crossovers, &metric.without_bots,
                            &metric.factors, &metric.trend, &metric.terms})
    put(*cells, bytes);
  for (const auto& group : metric.groups) put(group.cells, bytes += group.dimension + group.group);
  for (const auto& one : metric.by_day) put(one.cells, bytes);
  for (const auto& one : metric.since_exposure) put(one.cells, bytes);
  for (const auto& part : metric.steps) put(part.cells, bytes += part.name);
  for (const auto& part : metric.surfaces) put(part.cells, bytes += part.name);
  for (const auto& trimmed : metric.without_top) put(trimmed.cells, bytes += std::to_string(trimmed.units));
  for (const auto& delay : metric.refund_delays) {
    bytes += std::to_string(delay.refunds) + " ";
    put(delay.median_days, bytes);
    put(delay.p90_days, bytes);
  }
  for (const auto& cell : metric.distribution)
    for (const auto& value :
         {cell.median, cell.p90, cell.p99, cell.maximum, cell.top_share, cell.share_capped, cell.skewness})
      put(value, bytes);
  put(metric.cap, bytes);
  for (const auto units : metric.immature_units) bytes += std::to_string(units) + " ";
  return bytes;
}

void check_same(const Statistics& a, const Statistics& b) {
  CHECK(a.data_digest == b.data_digest);
  CHECK(a.late_events == b.late_events);
  CHECK(a.future_events == b.future_events);
  CHECK(a.counts == b.counts);
  CHECK(a.units_by_day == b.units_by_day);
  CHECK(a.last_exposure == b.last_exposure);
  REQUIRE(a.arms.size() == b.arms.size());
  for (std::size_t i = 0; i < a.arms.size(); ++i) {
    CHECK(a.arms[i].units == b.arms[i].units);
    CHECK(a.arms[i].crossed_units == b.arms[i].crossed_units);
  }
  REQUIRE(a.splits.size() == b.splits.size());
  for (std::size_t i = 0; i < a.splits.size(); ++i) CHECK(a.splits[i].units == b.splits[i].units);
  REQUIRE(a.metrics.size() == b.metrics.size());
  for (std::size_t m = 0; m < a.metrics.size(); ++m) {
    INFO(a.metrics[m].metric);
    CHECK(bytes_of(a.metrics[m]) == bytes_of(b.metrics[m]));
  }
}

/// Without segments by history less of the past is read.
std::string without_history_segments() {
  std::string text = kCatalog;
  const std::string_view segments = R"(, "cold_start", "lifecycle")";
  return text.erase(text.find(segments), segments.size());
}

struct Fixture {
  TemporaryStore file;
  ReportMemory memory;
  Catalog catalog;
  Store store;
  std::int64_t suspected = 0;  ///< in the last comparison
  /// `event_bytes`: as ReportMemoryOptions; with few what units did before is read from the store again.
  explicit Fixture(const std::string& text = kCatalog, std::size_t event_bytes = 1 << 20)
      : memory({.event_bytes = event_bytes, .most_changed = 2.0}),
        catalog(parse_catalog(text)),
        store(Store::create(file.path())) {
    store.put_catalog(catalog.text, catalog.digest);
  }

  /// Made with memory and anew; whether the memory was of use.
  bool compare(std::optional<Micros> until = {}, int threads = 1) {
    const Reader reader(file.path(), {.as_of = {}, .until = until});
    const std::size_t before = memory.recalled();
    const auto repeated = aggregate(reader, catalog, "checkout",
                                    {.threads = threads, .segments = {}, .bots = true, .memory = &memory});
    check_same(repeated,
               aggregate(reader, catalog, "checkout", {.threads = threads, .segments = {}, .bots = true}));
    suspected = repeated.counts.at("suspected_bots");
    return memory.recalled() > before;
  }
};

}  // namespace

TEST_CASE("a repeated report gives the same bits as one made anew") {
  std::size_t reused = 0, reports = 0;
  for (std::uint64_t seed = 1; seed <= 16; ++seed) {
    std::mt19937_64 random(seed);
    const auto rows = random_rows(random, 150);
    Fixture shop(seed % 4 < 2 ? kCatalog : without_history_segments(), seed <= 8    ? 1 << 20
                                                                       : seed <= 12 ? 2'000
                                                                                    : 0);
    std::size_t recorded = 0;
    double until = 6;
    if (seed % 2 == 0) {  // most of it compacted, the rest as recorded
      recorded = rows.size() / 2;
      shop::record(shop.store, {rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(recorded)}, 50);
      Recorder recorder(shop.store);
      compact(recorder, {.now = day(8)});
    }
    while (recorded < rows.size()) {
      const std::size_t next = std::min(rows.size(), recorded + 1 + random() % (rows.size() / 6));
      shop::record(shop.store,
                   {rows.begin() + static_cast<std::ptrdiff_t>(recorded),
                    rows.begin() + static_cast<std::ptrdiff_t>(next)},
                   40);
      recorded = next;
      until += std::uniform_real_distribution<double>(0, 3)(random);
      INFO("seed " << seed << ", " << recorded << " rows, until day " << until);
      reused +=
          shop.compare(seed % 3 == 0 ? std::optional<Micros>() : day(until), 1 + static_cast<int>(seed % 2));
      ++reports;
    }
  }
  CHECK(reused * 2 > reports);  // the test would else test nothing
}

TEST_CASE("nothing new, and only time passing, are reused") {
  std::mt19937_64 random(11);
  Fixture shop;
  shop::record(shop.store, random_rows(random, 100));
  CHECK_FALSE(shop.compare(day(9)));
  CHECK(shop.compare(day(9)));
  CHECK(shop.compare(day(10)));       // events dated after day 9 were there already
  CHECK_FALSE(shop.compare(day(8)));  // the past
  CHECK(shop.compare(day(13)));       // the state of day 10 was kept meanwhile
  CHECK(shop.compare());
}

TEST_CASE("what rewrites the store, its people or its catalog makes the report anew") {
  std::mt19937_64 random(12);
  const auto rows = random_rows(random, 120);
  Fixture shop;
  const auto half = rows.begin() + static_cast<std::ptrdiff_t>(rows.size() / 2);
  shop::record(shop.store, {rows.begin(), half});
  CHECK_FALSE(shop.compare());
  {
    Recorder recorder(shop.store);
    erase(recorder, "unit-3");
  }
  CHECK_FALSE(shop.compare());
  CHECK(shop.compare());
  {
    Recorder recorder(shop.store);
    compact(recorder, {.now = day(40)});
  }
  CHECK_FALSE(shop.compare());
  {
    Recorder recorder(shop.store);
    set_consent(recorder, "unit-4", "measurement", false);
  }
  CHECK_FALSE(shop.compare());
  {
    Recorder recorder(shop.store);
    link_units(recorder, "unit-5", "unit-6");
  }
  CHECK_FALSE(shop.compare());
  shop::record(shop.store, {half, rows.end()});
  shop.compare();  // new units make it anew or not; the numbers are the same
  {
    Recorder recorder(shop.store);
    set_retention(recorder, "view", 1);
    purge(recorder);
  }
  CHECK_FALSE(shop.compare());
  std::string text = kCatalog;
  text.replace(text.find(R"("window_days": 3)"), 16, R"("window_days": 2)");
  shop.catalog = parse_catalog(text);
  shop.store.put_catalog(shop.catalog.text, shop.catalog.digest);
  CHECK_FALSE(shop.compare());
  CHECK(shop.compare());
}

TEST_CASE("an earlier first exposure, another day, arm or group than before still give the same numbers") {
  Fixture shop;
  shop::record(shop.store, {exposed("a", "control", 2, "DE"), exposed("b", "variant", 3, "AT"),
                            event("o", "a", "purchase", 2.5, 10)});
  shop.compare();
  const std::vector<Happening> news{exposed("c", "control", 4, "DE"),    // a new unit and a new last day
                                    exposed("a", "variant", 2.5),        // crosses over
                                    exposed("b", "variant", 2.2, "AT"),  // an earlier first exposure
                                    exposed("d", "control", 3, "FR"),    // a new group
                                    exposed("e", "control", 1, "DE"),    // a new first day
                                    exposed("f", "third", 5, "DE"),  // an arm that the catalog does not know
                                    event("before", "a", "purchase", -2, 33),
                                    event("cap", "nobody", "purchase", 1.5, 77)};
  for (const Happening& row : news) {
    INFO(row.unit << " " << row.what);
    shop::record(shop.store, {row});
    shop.compare();
  }
  CHECK(shop.memory.recalled() > 0);
}

TEST_CASE("units that are suspected to be bots are measured apart in repeated reports too") {
  std::mt19937_64 random(13);
  const auto rows = random_rows(random, 100);
  const auto half = rows.begin() + static_cast<std::ptrdiff_t>(rows.size() / 2);
  Fixture shop;
  const auto rush = [&](const std::string& unit, double from) {  // 700 events in 35 seconds
    std::vector<Happening> events{exposed(unit, "control", from - 1, "DE")};
    for (int i = 0; i < 700; ++i)
      events.push_back(event(unit + "!" + std::to_string(i), unit, "view", from + i * 0.05 / 86'400));
    shop::record(shop.store, events);
  };
  shop::record(shop.store, {rows.begin(), half});
  shop.compare();
  rush("crawler", 3);
  CHECK_FALSE(shop.compare());  // its other numbers are asked for now
  CHECK(shop.suspected == 1);
  shop::record(shop.store, {half, rows.end()});
  shop::record(shop.store, {event("more", "crawler", "purchase", 4, 9)});
  CHECK(shop.compare());
  CHECK(shop.suspected == 1);
  rush("another", 5);
  CHECK_FALSE(shop.compare());
  CHECK(shop.suspected == 2);
  {
    Recorder recorder(shop.store);
    compact(recorder, {.now = day(40)});
  }
  CHECK_FALSE(shop.compare());
  {
    Recorder recorder(shop.store);
    erase(recorder, "crawler");
  }
  CHECK_FALSE(shop.compare());
  CHECK(shop.suspected == 1);
}
