// `report STORE HOLDOUT`: open units against held-out ones, with the ledger of what shipped.
#include <catch2/catch.hpp>

#include "engine/aggregate/shop.hpp"
#include "engine/analyse/analyse_store.hpp"
#include "engine/definition/error.hpp"

using namespace liftmark;

namespace {

constexpr const char* kCatalog = R"({"schema": "liftmark.catalog/1",
  "layers": [{"key": "home", "salt": "l"}],
  "holdouts": [{"key": "global", "share": 0.25, "salt": "h"}, {"key": "home-holdout", "share": 0.1, "salt": "g", "layer": "home"}],
  "metrics": [{"key": "conversion", "kind": "proportion", "numerator": {"event": "purchase"}, "window_days": 7,
               "covariate": {"lookback_days": 0}}],
  "experiments": [{"key": "checkout", "hashing": {"salt": "a"}, "arms": [{"key": "c", "role": "control"}, {"key": "t"}],
                   "shipped": {"arm": "t", "at": "2026-03-20"}, "plan": {"primary": ["conversion"]}}],
  "ledgers": [{"holdout": "global", "metrics": ["conversion"], "planned_units": 8000},
              {"holdout": "home-holdout", "metrics": ["conversion"]}]})";

/// A quarter is held out and buys at 10%; of the open units half are in each arm, at 10% and 20%.
void record_shop(Store& store) {
  std::vector<shop::Happening> rows;
  for (int i = 0; i < 8000; ++i) {
    const std::string unit = "u" + std::to_string(i);
    const bool open = i % 4 != 0, treated = open && i / 4 % 2 == 1;
    rows.push_back(shop::exposed(unit, open ? "open" : "held_out", 0));
    rows.back().experiment = "global";
    rows.back().id += "holdout";
    if (open) rows.push_back(shop::exposed(unit, treated ? "t" : "c", 0.1));
    if (i / 8 % 10 < (treated ? 2 : 1)) rows.push_back(shop::event("p" + unit, unit, "purchase", 1, 10));
  }
  rows.push_back(shop::event("last", "nobody", "purchase", 60));
  shop::record(store, rows, 10'000);
}

}  // namespace

TEST_CASE("the report of a holdout has its ledger") {
  const TemporaryStore file;
  Store store = Store::create(file.path());
  const Catalog catalog = parse_catalog(kCatalog);
  store.put_catalog(catalog.text, catalog.digest);
  record_shop(store);
  const auto card = analyse_store({.store = file.path().string(), .experiment = "global", .as_of = {}});
  REQUIRE(card.ledgers.size() == 1);
  const auto& ledger = card.ledgers[0];
  CHECK(ledger.held_out_units == 2000);
  CHECK(ledger.open_units == 6000);
  // Open units buy at (10% + 20%) / 2 = 15%, half as much again as the held-out ones.
  CHECK(*ledger.cumulative.estimate == Approx(0.5));
  CHECK(*ledger.cumulative.lower > 0);
  CHECK_FALSE(ledger.timeline.empty());
  // The experiment promised 10 points of 10%, for everybody: all open units took part in it.
  REQUIRE(ledger.shipped.size() == 1);
  CHECK(ledger.shipped[0].experiment == "checkout");
  CHECK(ledger.shipped[0].shipped);
  CHECK(*ledger.shipped[0].coverage == Approx(1));
  CHECK(*ledger.shipped_sum.estimate == Approx(1));
  CHECK(*ledger.shipped_sum_corrected.estimate <= *ledger.shipped_sum.estimate);
  CHECK(*ledger.gap.estimate == Approx(*ledger.cumulative.estimate - *ledger.shipped_sum_corrected.estimate));
  // The split of the holdout is checked like any other.
  CHECK(card.checks.at(0).kind == "sample_ratio");
  CHECK(card.checks.at(0).status == "passed");
}

TEST_CASE("a layer's holdout counts the experiments of its layer, and needs exposures of its own") {
  const TemporaryStore file;
  Store store = Store::create(file.path());
  const Catalog catalog = parse_catalog(kCatalog);
  store.put_catalog(catalog.text, catalog.digest);
  record_shop(store);
  const auto card = analyse_store({.store = file.path().string(), .experiment = "home-holdout", .as_of = {}});
  REQUIRE(card.ledgers.size() == 1);
  CHECK(card.ledgers[0].layer == "home");
  CHECK(card.ledgers[0].shipped.empty());  // the only experiment is in no layer
  CHECK(card.ledgers[0].open_units == 0);
  CHECK_FALSE(card.ledgers[0].cumulative.estimate);
  CHECK_FALSE(card.ledgers[0].cumulative.reason.empty());
}
