// A report follows the plan that the first exposure froze, and a frozen date's report does not change: what
// came later is shown beside it. Real stores, recorded in the past and added to now.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/analyse/analyse_store.hpp"
#include "engine/definition/catalog.hpp"
#include "engine/record/recorder.hpp"
#include "engine/record/store.hpp"
#include "reports/formats.hpp"

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using namespace liftmark;

constexpr Micros kDay = kMicrosPerDay;
constexpr Micros kStart = 1'772'409'600'000'000;  // 2026-03-02T00:00:00Z

json catalog(const json& plan) {
  json document = json::parse(R"({"schema": "liftmark.catalog/1",
    "metrics": [{"key": "conversion", "kind": "proportion", "numerator": {"event": "purchase"}, "window_days": 7},
                {"key": "revenue", "kind": "mean", "numerator": {"event": "purchase"}, "window_days": 7,
                 "cap": {"percentile": 0.99}}],
    "experiments": [{"key": "checkout", "status": "running",
      "arms": [{"key": "control", "role": "control"}, {"key": "variant"}], "hashing": {"salt": "checkout-1"}}]})");
  document["experiments"][0]["plan"] = plan;
  return document;
}

struct Shop {
  fs::path path;
  explicit Shop(const std::string& name)
      : path(fs::temp_directory_path() / ("liftmark-" + name + std::to_string(::getpid()) + ".db")) {
    remove();
    Store::create(path);
  }
  ~Shop() { remove(); }
  void remove() const {
    for (const char* tail : {"", "-wal", "-shm", ".lock"}) fs::remove(path.string() + tail);
  }
  void apply(const json& plan) const {
    const auto parsed = parse_catalog(catalog(plan).dump());
    Store::open(path).put_catalog(parsed.text, parsed.digest);
  }
  /// 200 units an arm exposed at the start, of which so many bought a day later; units named by arm and
  /// number. Recorded when it happened, or now.
  void record(int control, int variant, bool exposures, bool now) const {
    Store store = Store::open(path);
    Recorder recorder(store, {.oldest = 100'000 * kDay});
    Batch batch("test");
    for (const std::string arm : {"control", "variant"}) {
      for (int i = 0; i < 200; ++i) {
        const std::string unit = arm + std::to_string(i), id = "x" + unit, order = "o" + unit;
        const auto recorded = [&](Micros at) {
          return now ? std::optional<Micros>() : std::optional(at + 1);
        };
        if (exposures)
          batch.add(Exposure{.id = id,
                             .experiment = "checkout",
                             .unit = unit,
                             .arm = arm,
                             .at = kStart,
                             .recorded_at = recorded(kStart),
                             .attributes = {},
                             .propensity = {}});
        if (i < (arm == "control" ? control : variant))
          batch.add(Event{.id = order,
                          .unit = unit,
                          .type = "purchase",
                          .at = kStart + kDay,
                          .recorded_at = recorded(kStart + kDay),
                          .value = 10'000'000,
                          .reference = {},
                          .properties = {}});
      }
    }
    recorder.record(std::move(batch));
  }
  Scorecard report(const std::string& as_of = {}, bool current_plan = false) const {
    return analyse_store({.store = path.string(),
                          .experiment = "checkout",
                          .as_of = as_of,
                          .segments = {},
                          .current_plan = current_plan});
  }
};

const PlanRow* row(const Scorecard& card, const std::string& item) {
  for (const auto& one : card.plan_against_run)
    if (one.item == item) return &one;
  return nullptr;
}

std::string text(const Scorecard& card) {
  std::string one_line =
      reports::find_format("markdown")->render(card, {}) + reports::find_format("html")->render(card, {});
  for (char& c : one_line)
    if (c == '\n') c = ' ';
  return one_line;
}

const json kAlwaysValid{{"primary", {"conversion"}}, {"planned_units", 400}};
const json kFixed{{"primary", {"conversion"}}, {"method", "fixed"}, {"horizon_days", 14}};

}  // namespace

TEST_CASE("a plan changed after the first exposure is shown, and not followed") {
  const Shop shop("changed");
  shop.apply(kAlwaysValid);
  shop.record(40, 60, true, true);
  CHECK(row(shop.report(), "plan") == nullptr);
  CHECK(text(shop.report()).find("fixed before the start") != std::string::npos);
  const auto before = shop.report();
  shop.apply(kFixed);
  const auto after = shop.report();
  CHECK(after.provenance.method == "always_valid");
  CHECK(after.provenance.plan_digest == before.provenance.plan_digest);
  CHECK(after.metrics == before.metrics);
  REQUIRE(row(after, "plan") != nullptr);
  CHECK_FALSE(row(after, "plan")->kept);
  CHECK(row(after, "plan")->planned == "version 1");
  CHECK(row(after, "plan")->actual.find("version 2") != std::string::npos);
  CHECK(text(after).find("fixed before the start") == std::string::npos);
  CHECK(text(after).find("plan was changed after the start") != std::string::npos);
  // On request the changed plan is followed, and the report says that too.
  const auto changed = shop.report({}, true);
  CHECK(changed.provenance.method == "fixed");
  REQUIRE(row(changed, "plan_set_aside") != nullptr);
  CHECK(text(changed).find("was not planned") != std::string::npos);
}

TEST_CASE("a frozen plan's interaction with an experiment that is gone from the catalog is still shown") {
  const Shop shop("gone");
  json both = catalog({{"primary", {"conversion"}}, {"interactions", {"banner"}}});
  both["experiments"].push_back(both["experiments"][0]);
  both["experiments"][1]["key"] = "banner";
  both["experiments"][1]["hashing"]["salt"] = "banner-1";
  both["experiments"][1]["plan"] = kAlwaysValid;
  const auto parsed = parse_catalog(both.dump());
  Store::open(shop.path).put_catalog(parsed.text, parsed.digest);
  shop.record(40, 60, true, true);
  const auto before = shop.report();
  shop.apply(kAlwaysValid);  // whose catalog has one experiment
  const auto after = shop.report();
  CHECK(after.metrics == before.metrics);
  CHECK(after.interactions == before.interactions);
  CHECK(row(after, "plan") != nullptr);
}

TEST_CASE("a plan changed before anything was recorded is the plan") {
  const Shop shop("early");
  shop.apply(kFixed);
  shop.apply(kAlwaysValid);
  shop.record(40, 60, true, true);
  const auto card = shop.report();
  CHECK(card.provenance.method == "always_valid");
  CHECK(row(card, "plan") == nullptr);
}

TEST_CASE("a fixed-horizon report stays that of its date; later recordings are restated beside it") {
  const Shop shop("frozen");
  shop.apply(kFixed);
  shop.record(40, 40, true, false);
  const auto then = shop.report();
  shop.record(40, 80, false, true);  // 40 orders of the variant come in long after
  const auto later = shop.report();
  // 40 of 200 in both arms; known now: 80 of 200 in the variant, a lift of 1.
  CHECK(*then.metrics.at(0).comparisons.at(0).relative.estimate == Approx(0.0).margin(1e-12));
  CHECK(later.metrics[0].comparisons == then.metrics[0].comparisons);
  CHECK(later.verdict.word == then.verdict.word);
  CHECK(later.verdict.variants.at(0).because == "horizon_reached");
  CHECK_FALSE(then.provenance.restated);
  CHECK(later.provenance.restated);
  const auto& rows = later.metrics[0].sensitivities;
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].kind == "restated");
  CHECK(*rows[0].relative.estimate == Approx(1.0));
  REQUIRE(row(later, "restated") != nullptr);
  CHECK(row(later, "restated")->actual == "Ship");
  CHECK(text(later).find("Restated") != std::string::npos);
}

TEST_CASE("a history brought in after the date is read as known now, and says so") {
  const Shop shop("history");
  json plan = kFixed;
  plan["secondary"] = {"revenue"};
  shop.apply(plan);
  shop.record(3, 12, true, true);
  const auto card = shop.report();
  REQUIRE(row(card, "cut") != nullptr);
  CHECK_FALSE(row(card, "cut")->kept);
  CHECK_FALSE(card.provenance.restated);
  // 3 of 200 against 12 of 200 with the default covariate and nobody with a history: Miettinen and Nurminen,
  // z = 0.045 / sqrt(0.0375 x 0.9625 x (2 / 200) x 400 / 399).
  const double z = 0.045 / std::sqrt(0.0375 * 0.9625 * 0.01 * 400 / 399);
  CHECK(*card.metrics.at(0).comparisons.at(0).p_value == Approx(std::erfc(z / std::sqrt(2.0))).epsilon(1e-6));
  // A percentile of values before the start, of which there are none.
  REQUIRE(row(card, "cap_revenue") != nullptr);
  CHECK(text(card).find("not capped as planned") != std::string::npos);
}

TEST_CASE("duplicates are a share of the rows that came to the store") {
  const Shop shop("doubled");
  shop.apply(kAlwaysValid);
  shop.record(10, 10, true, true);
  {
    Store store = Store::open(shop.path);
    Recorder recorder(store, {.oldest = 100'000 * kDay});
    for (int times = 0; times < 2; ++times) {  // of units that are in no experiment
      Batch batch("other");
      for (int i = 0; i < 30; ++i) {
        const std::string id = "e" + std::to_string(i);
        batch.add(Event{.id = id,
                        .unit = id,
                        .type = "view",
                        .at = kStart,
                        .recorded_at = {},
                        .reference = {},
                        .properties = {}});
      }
      recorder.record(std::move(batch));
    }
  }
  for (const auto& check : shop.report().checks) {
    if (check.kind != "duplicates") continue;
    CHECK(check.note == "in_the_store");
    CHECK(*check.numbers.at(0).value == 30);
    CHECK(*check.numbers.at(1).value == Approx(30.0 / (400 + 20 + 60)));
  }
}

TEST_CASE("a suspected bot is flagged and stays, and the lift without it stands beside") {
  const Shop with("bots"), without("no-bots");
  for (const Shop* shop : {&with, &without}) {
    shop->apply(kAlwaysValid);
    shop->record(20, 40, true, true);
    Store store = Store::open(shop->path);
    Recorder recorder(store, {.oldest = 100'000 * kDay});
    Batch batch("test");
    const std::string unit = "bot";
    if (shop == &with)
      batch.add(Exposure{.id = unit,
                         .experiment = "checkout",
                         .unit = unit,
                         .arm = "variant",
                         .at = kStart,
                         .recorded_at = {},
                         .attributes = {},
                         .propensity = {}});
    for (int i = 0; i < 601; ++i) {  // one more than a person may have in a minute
      const std::string id = "b" + std::to_string(i);
      batch.add(Event{.id = id,
                      .unit = unit,
                      .type = i == 0 ? "purchase" : "view",
                      .at = kStart + kDay + i * 99'000,
                      .recorded_at = {},
                      .value = 5'000'000'000,
                      .reference = {},
                      .properties = {}});
    }
    recorder.record(std::move(batch));
  }
  const Scorecard seen = with.report(), clean = without.report();
  const auto bots = [](const Scorecard& card) {
    return *std::find_if(card.checks.begin(), card.checks.end(),
                         [](const Check& c) { return c.kind == "bots"; });
  };
  CHECK(bots(seen).status == "watched");
  CHECK(*bots(seen).numbers.at(0).value == 1);
  CHECK(bots(clean).status == "passed");
  for (std::size_t m = 0; m < seen.metrics.size(); ++m) {
    CHECK(seen.metrics[m].comparisons[0].relative != clean.metrics[m].comparisons[0].relative);
    const auto& rows = seen.metrics[m].sensitivities;
    const auto row =
        std::find_if(rows.begin(), rows.end(), [](const auto& one) { return one.kind == "without_bots"; });
    REQUIRE(row != rows.end());
    CHECK(row->relative == clean.metrics[m].comparisons[0].relative);
    for (const auto& other : clean.metrics[m].sensitivities) CHECK(other.kind != "without_bots");
  }
}
