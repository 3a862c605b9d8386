// A/A by re-dealing: the error rate of a fixed plan is its alpha, the answer depends on the seed and on
// nothing else.

#include "engine/analyse/calibration.hpp"

#include <catch2/catch.hpp>

using namespace liftmark;

namespace {

constexpr std::uint32_t kUnits = 2000;
constexpr const char* kCatalog = R"({
  "schema": "liftmark.catalog/1",
  "metrics": [
    {"key": "bought", "kind": "proportion", "numerator": {"event": "purchase"}, "window_days": 1,
     "covariate": {"lookback_days": 0}},
    {"key": "spent", "kind": "mean", "numerator": {"event": "purchase", "aggregate": "sum"}, "window_days": 1}],
  "experiments": [{"key": "aa", "hashing": {"salt": "s"},
                   "arms": [{"key": "a", "role": "control"}, {"key": "b"}],
                   "plan": {"primary": ["bought"], "secondary": ["spent"], "method": "METHOD", "horizon_days": 7}}]})";

std::string catalog_text(const std::string& method) {
  std::string text = kCatalog;
  return text.replace(text.find("METHOD"), 6, method);
}

/// Two of five units bought, for 10 to 49; what they spent before is half of it. Two days of visitors.
PlaceboHistory visitors() {
  PlaceboHistory history{
      .from = 0, .to = 2 * kMicrosPerDay, .end = 30 * kMicrosPerDay, .days = 2, .day = {}, .metrics = {}};
  MetricUnits bought{"bought", {.ratio = false, .covariates = 0, .binary = true}, {1.0}, {}};
  MetricUnits spent{"spent", {.ratio = false, .covariates = 1, .binary = false}, {1e6, 1e6}, {}};
  for (std::uint32_t unit = 0; unit < kUnits; ++unit) {
    history.day.push_back(static_cast<std::uint16_t>(unit % 2));
    const bool buys = unit % 5 < 2;
    const std::int64_t value = buys ? std::int64_t{10 + unit % 40} * 1'000'000 : 0;
    bought.units.push_back({unit, true, {buys ? 1 : 0}});
    spent.units.push_back({unit, unit % 3 != 0, {value, value / 2}});
  }
  history.metrics = {bought, spent};
  return history;
}

std::vector<CalibrationRow> run(const std::string& method, CalibrationOptions options) {
  const Catalog catalog = parse_catalog(catalog_text(method));
  const auto& experiment = catalog.experiments.front();
  return calibrate(visitors(), analysis_for(catalog, experiment), experiment.assignment, options);
}

}  // namespace

TEST_CASE(
    "a fixed plan finds something in 5% of A/A deals, with and without a covariate, and covers the rest") {
  const auto rows = run("fixed", {.rounds = 2000, .seed = 7});
  REQUIRE(rows.size() == 2);
  for (const CalibrationRow& row : rows) {
    CAPTURE(row.metric);
    CHECK(row.rounds == 2000);
    CHECK(row.no_interval == 0);
    CHECK(row.nominal == Approx(0.05));
    // Binomial(2000, 0.05): 100 expected, standard deviation 9.7; five and a half of them either way.
    CHECK(row.found > 46);
    CHECK(row.found < 154);
    CHECK(row.missed_zero == row.found);
    CHECK_FALSE(row.found_ever);
  }
}

TEST_CASE("the same seed gives the same counts on one thread and on three; another seed gives others") {
  const auto one = run("fixed", {.rounds = 300, .seed = 3, .threads = 1});
  const auto three = run("fixed", {.rounds = 300, .seed = 3, .threads = 3});
  const auto other = run("fixed", {.rounds = 300, .seed = 4, .threads = 3});
  REQUIRE(one.size() == three.size());
  bool differs = false;
  for (std::size_t i = 0; i < one.size(); ++i) {
    CHECK(one[i].found == three[i].found);
    CHECK(one[i].missed_absolute == three[i].missed_absolute);
    differs = differs || one[i].found != other[i].found || one[i].missed_absolute != other[i].missed_absolute;
  }
  CHECK(differs);
}

TEST_CASE("an always-valid plan is looked at daily and still finds less than its alpha") {
  const auto rows = run("always_valid", {.rounds = 400, .seed = 5});
  for (const CalibrationRow& row : rows) {
    REQUIRE(row.found_ever);
    CHECK(*row.found_ever >= row.found);
    CHECK(*row.found_ever < 50);  // 20 would be alpha; Binomial(400, 0.05) exceeds 49 with 1e-9
  }
}

TEST_CASE("Monte Carlo error of a share is sqrt(p (1 - p) / rounds)") {
  CHECK(monte_carlo_share(20, 400).share == Approx(0.05));
  CHECK(monte_carlo_share(20, 400).error == Approx(0.0108972).epsilon(1e-5));
  CHECK(monte_carlo_share(0, 0).share == 0.0);
}
