// A small store: planning from its past, counted by hand; pages of all its experiments, in both languages.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/cli/plan/history.hpp"
#include "apps/cli/running.hpp"
#include "engine/definition/error.hpp"

namespace {

namespace fs = std::filesystem;

struct Shop {
  fs::path path = fs::temp_directory_path() / ("liftmark-plan-" + std::to_string(::getpid()));
  Shop() {
    fs::create_directories(path);
    std::ofstream(path / "catalog.json") << R"({"schema": "liftmark.catalog/1", "metrics": [
      {"key": "conversion", "kind": "proportion", "numerator": {"event": "purchase"}, "window_days": 1,
       "covariate": {"lookback_days": 14}}],
      "experiments": [{"key": "checkout", "arms": [{"key": "control", "role": "control"}, {"key": "variant"}],
      "hashing": {"salt": "checkout-1"}, "plan": {"primary": ["conversion"]}}]})";
    std::ofstream exposures(path / "exposures.csv"), events(path / "events.csv");
    exposures << "id,experiment,unit,arm,at\n";
    events << "id,unit,type,at,value\n";
    // 200 units an arm, exposed over 10 days at noon; every tenth buys an hour later. Everybody who will buy,
    // and 10 others of each arm, bought on 1 May, so half of those who bought before buy again.
    for (int i = 0; i < 400; ++i) {
      const std::string unit = "u" + std::to_string(i), day = std::to_string(11 + i / 40);
      const bool buys = (i / 2) % 10 == 0, before = buys || (i / 2) % 10 == 1;
      exposures << "x" << i << ",checkout," << unit << "," << (i % 2 == 0 ? "control" : "variant")
                << ",2026-05-" << day << "T12:00:00Z\n";
      if (buys) events << "e" << i << "," << unit << ",purchase,2026-05-" << day << "T13:00:00Z,10\n";
      if (before) events << "b" << i << "," << unit << ",purchase,2026-05-08T09:00:00Z,10\n";
    }
    events << "last,u0,visit,2026-05-30T00:00:00Z,0\n";
  }
  ~Shop() { fs::remove_all(path); }
  std::string file(const char* name) const { return (path / name).string(); }
};

using liftmark::tests::run;

}  // namespace

namespace {

void fill_store(const Shop& shop) {
  run({"init", shop.file("shop.db")});
  run({"apply", shop.file("shop.db"), shop.file("catalog.json")});
  run({"import", shop.file("shop.db"), shop.file("exposures.csv"), shop.file("events.csv"), "--recorded-at",
       "event-time"});
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE(
    "report without an experiment writes a page each and an index that links them; --lang chooses the "
    "words") {
  const Shop shop;
  fill_store(shop);
  const fs::path pages = shop.path / "pages";
  run({"report", shop.file("shop.db"), "--output", pages.string(), "--lang", "de"});
  CHECK(text_of(pages / "index.html").find("./checkout.html") != std::string::npos);
  CHECK(text_of(pages / "index.html").find("<html lang=\"de\">") != std::string::npos);
  CHECK(text_of(pages / "checkout.html").find("Können wir dem trauen?") != std::string::npos);
  const auto one = (shop.path / "one.md").string();
  run({"report", shop.file("shop.db"), "checkout", "--format", "markdown", "--lang", "de", "--output", one});
  CHECK(text_of(one).find("## Können wir dem trauen?") != std::string::npos);
  run({"report", shop.file("shop.db"), "checkout", "--format", "markdown", "--output", one});
  CHECK(text_of(one).find("## Can we trust it?") != std::string::npos);
  CHECK_THROWS_AS(run({"report", shop.file("shop.db"), "checkout", "--lang", "fr"}), liftmark::Error);
  CHECK_THROWS_AS(run({"report", shop.file("shop.db")}), liftmark::Error);
}

TEST_CASE("a store's past by hand: 20 of 200 buy, half of earlier buyers buy again, 40 units a day") {
  const Shop shop;
  fill_store(shop);
  using liftmark::cli::read_history;
  const auto past = read_history({.store = shop.file("shop.db"), .metric = "conversion"});
  CHECK(past.experiment == "checkout");
  CHECK(past.arm == "control");
  CHECK(past.units == 200);
  CHECK(past.baseline.mean == Approx(0.1));
  CHECK(past.baseline.proportion);
  CHECK(past.units_per_day == Approx(400.0 / 9));
  // 40 of 200 have bought before; 20 of these 40 buy again, nobody else does. The squared correlation of the
  // two 0/1 values is 0.08^2 / (0.16 0.09) = 4/9; with sample variances, s^2 = n p (1 - p) / (n - 1): before
  // 0.09 / 199, after (40/200)^2 0.25 / 39, and 1 - after/before = 0.4331.
  const double by_hand = 1 - (0.04 * 0.25 / 39) / (0.09 / 199);
  CHECK(past.variance_reduction == Approx(by_hand));
  CHECK(past.variance_reduction == Approx(4.0 / 9).margin(0.02));
  CHECK(past.covariate_correlation == Approx(std::sqrt(by_hand)));
  CHECK(past.baseline.variance_kept == Approx(1 - past.variance_reduction));
  CHECK_THROWS_AS(read_history({.store = shop.file("shop.db"), .metric = "convrsion"}), liftmark::Error);
  CHECK_THROWS_AS(read_history({.store = shop.file("shop.db"), .metric = "conversion", .experiment = "none"}),
                  liftmark::Error);
}

TEST_CASE("a store's past of a quantile, a time to an event and a metric below zero, by hand") {
  const fs::path path = liftmark::tests::fresh_folder("plan_kinds");
  const auto file = [&](const char* name) { return (path / name).string(); };
  std::ofstream(path / "catalog.json") << R"({"schema": "liftmark.catalog/1", "metrics": [
      {"key": "median_order", "kind": "quantile", "numerator": {"event": "purchase"}, "window_days": 7},
      {"key": "first_order", "kind": "time_to_event", "numerator": {"event": "purchase"}, "window_days": 10,
       "minimum_orders": 1},
      {"key": "margin", "kind": "mean", "numerator": {"event": "margin"}, "window_days": 7, "scale": "fieller",
       "covariate": {"lookback_days": 0}},
      {"key": "loss", "kind": "mean", "numerator": {"event": "margin"}, "window_days": 7,
       "covariate": {"lookback_days": 0}}],
      "experiments": [{"key": "checkout", "arms": [{"key": "control", "role": "control"}, {"key": "variant"}],
      "hashing": {"salt": "checkout-1"}, "plan": {"primary": ["margin"]}}]})";
  std::ofstream(path / "exposures.csv") << [] {
    std::string rows = "id,experiment,unit,arm,at\n";
    for (int i = 1; i <= 102; ++i)
      rows += "x" + std::to_string(i) + ",checkout,u" + std::to_string(i) +
              (i <= 100 ? ",control" : ",variant") + ",2026-05-11T12:00:00Z\n";
    return rows;
  }();
  std::ofstream(path / "events.csv") << [] {
    std::string rows = "id,unit,type,at,value\n";
    for (int i = 1; i <= 100; ++i) {
      const std::string number = std::to_string(i), half = i <= 50 ? "12" : "14";
      rows += "p" + number + ",u" + number + ",purchase,2026-05-" + half + "T12:00:00Z," + number + "\n";
      rows += "m" + number + ",u" + number + ",margin,2026-05-12T12:00:00Z," + (i <= 50 ? "-3" : "1") + "\n";
    }
    return rows + "last,u1,visit,2026-05-30T00:00:00Z,0\n";
  }();
  run({"init", file("shop.db")});
  run({"apply", file("shop.db"), file("catalog.json")});
  run({"import", file("shop.db"), file("exposures.csv"), file("events.csv"), "--recorded-at", "event-time"});
  using liftmark::cli::read_history;

  // Values 1 to 100: the error of their median is 4.84702 (aggregate tests, by hand), that of 100 units.
  const auto median = read_history({.store = file("shop.db"), .metric = "median_order"});
  CHECK(median.units == 100);
  CHECK(median.measure == "0.5 quantile");
  CHECK(median.baseline.mean == 50);
  CHECK(median.baseline.variance == Approx(100 * 4.84702 * 4.84702).epsilon(1e-5));
  // Half order after one day, half after three: mean 2, sample variance 100/99; nobody stays beyond day 10.
  const auto first = read_history({.store = file("shop.db"), .metric = "first_order"});
  CHECK(first.baseline.mean == Approx(2));
  CHECK(first.baseline.variance == Approx(100.0 / 99));
  CHECK(first.baseline.window == 10);
  // -3 and 1: mean -1, sample variance 400/99, on the metric's own scale; the log scale cannot read it.
  const auto margin = read_history({.store = file("shop.db"), .metric = "margin"});
  CHECK(margin.scale == liftmark::stats::Scale::fieller);
  CHECK(margin.baseline.mean == Approx(-1));
  CHECK(margin.baseline.variance == Approx(400.0 / 99));
  CHECK_THROWS_AS(read_history({.store = file("shop.db"), .metric = "loss"}), liftmark::Error);

  run({"plan", "--store", file("shop.db"), "--metric", "first_order", "--mde=-5%"});
  run({"plan", "--store", file("shop.db"), "--metric", "margin", "--mde", "50%", "--json"});
  CHECK_THROWS_AS(run({"plan", "--store", file("shop.db"), "--metric", "margin", "--scale", "log"}),
                  liftmark::Error);
  CHECK_THROWS_AS(run({"plan", "--quantile", "0.5", "--value", "40"}), liftmark::Error);
  CHECK_THROWS_AS(run({"plan", "--quantile", "0.5", "--value", "40", "--density", "0.1", "--mean", "3"}),
                  liftmark::Error);
  CHECK_THROWS_AS(run({"plan", "--event-share", "0.5"}), liftmark::Error);
  run({"plan", "--event-share", "30%", "--window", "28", "--mde=-2%", "--units-per-day", "5000"});
  fs::remove_all(path);
}
