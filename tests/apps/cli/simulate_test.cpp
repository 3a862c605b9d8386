// The simulated shop: one shop by every way, as true as its truth.json, and reports that depend on nothing
// else.

#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <locale>
#include <thread>

#include "apps/cli/running.hpp"

using namespace liftmark::tests;

TEST_CASE("simulate writes the same shop into a store as import does from its files") {
  const auto folder = fresh_folder("simulate");
  const auto direct = (folder / "direct.db").string(), imported = (folder / "imported.db").string();
  run({"simulate", "--quiet", "--users", "3000", "--out", (folder / "files").string(), "--store", direct});
  run({"init", imported});
  run({"apply", imported, (folder / "files" / "catalog.json").string()});
  run({"import", imported, (folder / "files" / "exposures.csv").string(),
       (folder / "files" / "events.csv").string(), "--recorded-at", "event-time"});
  const auto one = card_of({"report", direct, "recommendations"}, folder);
  const auto two = card_of({"report", imported, "recommendations"}, folder);
  CHECK(one["metrics"] == two["metrics"]);
  CHECK(one["arms"] == two["arms"]);
  CHECK(failure({"simulate", "--users", "10", "--store", direct}).find("exists already") !=
        std::string::npos);
  CHECK(failure({"simulate", "--users", "10"}).find("--out FOLDER") != std::string::npos);
}

TEST_CASE("what a report measures on the simulated shop is what was simulated") {
  // truth.json holds expected values over the metrics' windows, computed shopper by shopper. 8 comparisons at
  // 5.5 standard errors: a correct program fails less than once in 10^6. The run is short beside its windows
  // and orders are many, so that events that end with the last exposure, or refunds that come behind the
  // window, are far outside.
  const auto folder = fresh_folder("truth");
  const auto store = (folder / "shop.db").string();
  run({"simulate",     "--quiet",
       "--users",      "60000",
       "--seed",       "7",
       "--days",       "7",
       "--conversion", "0.15",
       "--effect",     "treatment:conversion=20%",
       "--effect",     "treatment:refund=50%",
       "--effect",     "treatment:return_visits=10%",
       "--out",        (folder / "files").string(),
       "--store",      store});
  const auto truth = json::parse(read(folder / "files" / "truth.json"));
  const auto card = card_of({"report", store, "recommendations"}, folder);
  for (const auto& [key, expected] :
       {std::pair("conversion", "conversion"), std::pair("orders", "orders_per_user"),
        std::pair("order_value", "order_value"), std::pair("return_rate", "return_rate")})
    for (const json& arm : truth["arms"]) {
      const auto& measured = metric(card, key)["arms"];
      const auto found = std::find_if(measured.begin(), measured.end(),
                                      [&](const json& one) { return one["arm"] == arm["arm"]; });
      REQUIRE(found != measured.end());
      const double error = std::sqrt((*found)["variance"].get<double>() / (*found)["units"].get<double>());
      INFO(key << " of " << arm["arm"] << ": " << (*found)["value"] << " measured, " << arm[expected]
               << " expected, standard error " << error);
      CHECK(std::abs((*found)["value"].get<double>() - arm[expected].get<double>()) < 5.5 * error);
    }
  for (const json& check : card["checks"])
    if (check["kind"] == "gaps") CHECK(check["status"] == "passed");
}

namespace {

struct CommaForPoint : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

void one_processor(bool only_one) {
  static cpu_set_t all = [] {
    cpu_set_t set;
    sched_getaffinity(0, sizeof set, &set);
    return set;
  }();
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu)
    if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, &one);
  sched_setaffinity(0, sizeof one, only_one ? &one : &all);
}

}  // namespace

TEST_CASE("a report has the same bytes whatever the clock, the time zone, the locale or the processors") {
  const auto folder = fresh_folder("same_bytes");
  const auto store = (folder / "shop.db").string();
  run({"simulate", "--quiet", "--users", "5000", "--out", (folder / "files").string(), "--store", store});
  const auto all_formats = [&](const std::string& name) {
    std::string bytes;
    for (const char* format : {"text", "json", "html", "csv", "markdown"}) {
      const auto output = (folder / (name + "." + format)).string();
      run({"report", store, "recommendations", "--segment", "country", "--format", format, "--output",
           output});
      bytes += read(output);
    }
    return bytes;
  };
  const std::string before = all_formats("before");
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  setenv("TZ", "Pacific/Chatham", 1);
  tzset();
  const std::locale old = std::locale::global(std::locale(std::locale(), new CommaForPoint));
  one_processor(true);
  const std::string after = all_formats("after");
  one_processor(false);
  std::locale::global(old);
  unsetenv("TZ");
  tzset();
  CHECK(after == before);
}
