// `liftmark calibrate` on files small enough to say beforehand what it must find.

#include <cmath>

#include "apps/cli/running.hpp"

using namespace liftmark::tests;

namespace {

constexpr int kVisitors = 400, kBuyers = 160;

/// A fixed plan: who bought, who was seen, which is everybody, and what nobody did.
const char* const kCatalog = R"({
  "schema": "liftmark.catalog/1",
  "metrics": [
    {"key": "bought", "kind": "proportion", "numerator": {"event": "purchase"}, "window_days": 1,
     "covariate": {"lookback_days": 0}},
    {"key": "seen", "kind": "proportion", "numerator": {"event": "view"}, "window_days": 1,
     "covariate": {"lookback_days": 0}},
    {"key": "nothing", "kind": "mean", "numerator": {"event": "gift"}, "window_days": 1,
     "covariate": {"lookback_days": 0}},
    {"key": "middle", "kind": "quantile", "numerator": {"event": "purchase", "aggregate": "sum"}, "window_days": 1}],
  "experiments": [{"key": "aa", "hashing": {"salt": "s"}, "arms": [{"key": "a", "role": "control"}, {"key": "b"}],
    "plan": {"primary": ["bought"], "secondary": ["seen", "nothing", "middle"], "method": "fixed", "horizon_days": 7}}]})";

/// 400 visitors at noon of 2 March, 160 of whom buy an hour later. The first event of all is of 1 March, the
/// last of 4 March, so that two days of visitors with their windows of one day fit, and no more.
std::string shop_in(const fs::path& folder) {
  const auto store = (folder / "shop.db").string();
  std::string events = "unit,type,at\nearly,view,2026-03-01T00:00\nlate,view,2026-03-04T00:00\n";
  for (int i = 0; i < kVisitors; ++i) {
    events += "u" + std::to_string(i) + ",view,2026-03-02T12:00\n";
    if (i < kBuyers) events += "u" + std::to_string(i) + ",purchase,2026-03-02T13:00\n";
  }
  run({"init", store});
  run({"apply", store, write(folder / "catalog.json", kCatalog)});
  run({"import", store, write(folder / "events.csv", events), "--recorded-at", "event-time"});
  return store;
}

double log_choose(int n, int k) {
  return std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0);
}

/// The chance that Katz' 95% interval of the ratio of rates lacks 1 when each visitor is given to either arm
/// by a fair coin, over all outcomes: Binomial(160, 1/2) buyers and Binomial(240, 1/2) others in the variant.
double false_findings() {
  const int others = kVisitors - kBuyers;
  double chance = 0;
  for (int x = 1; x < kBuyers; ++x)
    for (int y = 1; y < others; ++y) {
      const double n = x + y, m = kVisitors - n, bought = kBuyers - x;
      const double log_ratio = std::log(x / n / (bought / m));
      const double error = std::sqrt(1.0 / x - 1.0 / n + 1.0 / bought - 1.0 / m);
      if (std::abs(log_ratio) > 1.959963984540054 * error)
        chance += std::exp(log_choose(kBuyers, x) + log_choose(others, y) - kVisitors * std::log(2.0));
    }
  return chance;
}

}  // namespace

TEST_CASE("calibrate: the error rate of two coins' worth of arms, against the sum over all deals") {
  const auto folder = fresh_folder("calibrate");
  const auto store = shop_in(folder);
  const json out = json::parse(printed({"calibrate", store, "aa", "--rounds", "4000", "--days", "1", "--seed",
                                        "5", "--format", "json", "--quiet"},
                                       folder));
  CHECK(out["experiment"] == "aa");
  CHECK(out["rounds"] == 4000);
  CHECK(out["units"] == kVisitors);  // nobody else was seen in the day that ends a day before the last event
  CHECK(out["from"] == "2026-03-02T00:00:00Z");
  CHECK(out["to"] == "2026-03-03T00:00:00Z");
  REQUIRE(out["rows"].size() == 3);  // a quantile has no value per unit and is left out
  const json& bought = out["rows"][0];
  CHECK(bought["metric"] == "bought");
  CHECK(bought["role"] == "primary");
  CHECK(bought["arm"] == "b");
  CHECK(bought["against"] == "a");
  CHECK(bought["allowed"].get<double>() == Approx(0.05));
  CHECK(bought["no_interval"]["share"] == 0);
  CHECK(bought["too_often"] == false);
  CHECK(bought["false_findings_looking_daily"].is_null());
  const double want = false_findings(), got = bought["false_findings"]["share"].get<double>();
  const double error = std::sqrt(want * (1 - want) / 4000);
  INFO(got << " found, " << want << " by summing over all deals, Monte Carlo error " << error);
  CHECK(std::abs(got - want) < 5.5 * error);  // missed less than once in 10^6
  CHECK(bought["covers_relative"]["share"].get<double>() == Approx(1 - got));
  CHECK(bought["false_findings"]["error"].get<double>() == Approx(std::sqrt(got * (1 - got) / 4000)));
  // Everybody was seen: no failures at all, so Miettinen and Nurminen's interval is read, which holds 0
  // whenever both rates are the same.
  const json& seen = out["rows"][1];
  CHECK(seen["metric"] == "seen");
  CHECK(seen["allowed"].get<double>() == Approx(0.05 / 3));  // the secondaries share 0.05, "middle" too
  CHECK(seen["no_interval"]["share"] == 0);
  CHECK(seen["false_findings"]["share"] == 0);
  CHECK(seen["covers_relative"]["share"] == 1);
  // Nobody was given a gift: no deal has an interval of a ratio to 0.
  const json& nothing = out["rows"][2];
  CHECK(nothing["metric"] == "nothing");
  CHECK(nothing["no_interval"]["share"] == 1);
  CHECK(nothing["false_findings"]["share"] == 0);
  CHECK(nothing["covers_relative"].is_null());
}

TEST_CASE("calibrate: the same seed tells the same, as a table too") {
  const auto folder = fresh_folder("calibrate_text");
  const auto store = shop_in(folder);
  const std::vector<std::string> asked{"calibrate", store, "aa", "--rounds", "50", "--days", "1", "--quiet"};
  const std::string table = printed(asked, folder);
  CHECK(table == printed(asked, folder));
  CHECK(table.find("A/A on 400 visitors first seen 2026-03-02 to 2026-03-03, dealt 50 times into the arms of "
                   "\"aa\" (seed 1)") == 0);
  CHECK(table.find("\nbought          primary    b / a ") != std::string::npos);
  CHECK(table.find("\nseen            secondary  b / a ") != std::string::npos);
  CHECK(table.find("100.0%") != std::string::npos);  // deals without an interval
}

TEST_CASE("calibrate: what cannot be calibrated is said with the remedy") {
  const auto folder = fresh_folder("calibrate_errors");
  const auto store = shop_in(folder);
  const auto said = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"calibrate", store});
    return failure(more);
  };
  CHECK(said({"ab"}).find("Did you mean \"aa\"?") != std::string::npos);
  const std::string longer = said({"aa", "--days", "28"});
  CHECK(longer.find("28 days of visitors and their 1-day windows do not fit") != std::string::npos);
  CHECK(longer.find("give fewer --days") != std::string::npos);
  CHECK(said({"aa", "--as-of", "yesterday"}).find("is no moment") != std::string::npos);
  const auto empty = (folder / "empty.db").string();
  run({"init", empty});
  CHECK(failure({"calibrate", empty, "aa"}).find("liftmark apply") != std::string::npos);
  run({"apply", empty, (folder / "catalog.json").string()});
  CHECK(failure({"calibrate", empty, "aa"}).find("import the shop's history first") != std::string::npos);
}
