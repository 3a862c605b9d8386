// Reports from the service: one that follows another is made out of it, and has the bytes of one made anew.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/analyse/analyse_store.hpp"
#include "engine/definition/time_point.hpp"
#include "engine/record/privacy.hpp"
#include "running_service.hpp"

using namespace liftmark;
using namespace liftmark::service;
using nlohmann::json;

namespace {

void record(RunningService& running, int first, int last) {
  const std::string at = format_time(now_micros());
  json exposures = json::array(), events = json::array();
  for (int i = first; i < last; ++i) {
    const std::string unit = "u" + std::to_string(i);
    exposures.push_back({{"id", "x" + unit},
                         {"experiment", "checkout"},
                         {"unit", unit},
                         {"arm", i % 2 == 0 ? "off" : "on"},
                         {"at", at}});
    if (i % 3 == 0) events.push_back({{"id", "e" + unit}, {"unit", unit}, {"type", "purchase"}, {"at", at}});
  }
  REQUIRE(running.post("/v1/exposures", exposures.dump()).status == 200);
  REQUIRE(running.post("/v1/events", events.dump()).status == 200);
}

/// Without what names the report's own moment and command.
json scorecard(const Response& response) {
  REQUIRE(response.status == 200);
  json card = json::parse(response.body);
  card["provenance"].erase("command");
  return card;
}

}  // namespace

TEST_CASE("a report that follows another in the service is the one made anew") {
  RunningService running;
  const RunningService::Ask ask{.method = Verb::get, .target = "/v1/experiments/checkout/scorecard"};
  record(running, 0, 400);
  const json first = scorecard(running.ask(ask));
  CHECK(first["arms"][0]["units"] == 200);
  CHECK(running.service->report_memory().recalled() == 0);
  record(running, 400, 440);
  const json second = scorecard(running.ask(ask));
  CHECK(second["arms"][0]["units"] == 220);
  CHECK(running.service->report_memory().recalled() == 1);
  RunningService::Ask as_of = ask;
  as_of.target += "?as_of=" + format_time(second["provenance"]["as_of"].get<Micros>());
  running.service->report_memory().forget();
  CHECK(scorecard(running.ask(as_of)) == second);
  CHECK(running.service->report_memory().recalled() == 1);

  erase(running.service->recorder(), "u0");  // what the memory holds is older than this
  CHECK(scorecard(running.ask(ask))["arms"][0]["units"] == 219);
  CHECK(running.service->report_memory().recalled() == 1);
}
