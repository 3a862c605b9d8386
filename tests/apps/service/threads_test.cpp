// Everything at once, as under load: for ThreadSanitizer, and for the sums at the end.
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/definition/time_point.hpp"
#include "engine/record/privacy.hpp"
#include "running_service.hpp"

using namespace liftmark;
using namespace liftmark::service;
using nlohmann::json;

TEST_CASE("evaluations, recording, reports and new catalogs at the same time", "[threads]") {
  constexpr int kRounds = 20, kRows = 10, kRecorders = 2;
  RunningService running;
  std::atomic<int> failures{0}, accepted{0};
  const auto expect = [&](bool condition) { failures += condition ? 0 : 1; };
  const std::string at = format_time(now_micros());

  const auto record = [&](int recorder) {
    for (int round = 0; round < kRounds; ++round) {
      json exposures = json::array(), events = json::array();
      for (int row = 0; row < kRows; ++row) {
        const int number = (recorder * kRounds + round) * kRows + row;
        const std::string unit = "u" + std::to_string(number);
        exposures.push_back({{"id", "x" + unit},
                             {"experiment", "checkout"},
                             {"unit", unit},
                             {"arm", number % 2 == 0 ? "off" : "on"},
                             {"at", at}});
        events.push_back({{"id", "e" + unit}, {"unit", unit}, {"type", "purchase"}, {"at", at}});
      }
      for (const auto& [target, rows] : {std::pair("/v1/exposures", exposures), {"/v1/events", events}}) {
        const Response response = running.post(target, rows.dump());
        expect(response.status == 200);
        if (response.status == 200) accepted += json::parse(response.body)["accepted"].get<int>();
      }
    }
  };
  const auto evaluate = [&](int first) {
    for (int i = 0; i < 10 * kRounds; ++i) {
      const std::string context = R"({"context":{"targetingKey":"e)" + std::to_string(first + i) + R"("}})";
      expect(running.post("/ofrep/v1/evaluate/flags/checkout", context).status == 200);
      expect(running.post("/ofrep/v1/evaluate/flags/a%2Fb%20c", context).status == 200);  // is an exposure
      if (i % 10 == 0) expect(running.post("/ofrep/v1/evaluate/flags", context).status == 200);
    }
  };
  const auto read = [&] {
    for (int round = 0; round < kRounds / 2; ++round)
      for (const char* target : {"/v1/experiments/checkout/scorecard", "/reports/checkout", "/metrics"})
        expect(running.ask({.method = Verb::get, .target = target}).status == 200);
  };
  const auto edit = [&] {
    for (int round = 0; round < kRounds; ++round) {
      const Catalog catalog = parse_catalog(test_catalog(round % 2 == 0 ? "stopped" : "running"));
      running.service->recorder().exclusive(
          [&](Store& store) { store.put_catalog(catalog.text, catalog.digest); });
      running.service->refresh();
      set_consent(running.service->recorder(), "e" + std::to_string(round), "measurement", false);
      running.service->refresh();
    }
  };

  std::vector<std::thread> threads;
  for (int i = 0; i < kRecorders; ++i) threads.emplace_back(record, i);
  threads.emplace_back(evaluate, 0);
  threads.emplace_back(evaluate, 5 * kRounds);  // some units are asked for by both
  threads.emplace_back(read);
  threads.emplace_back(edit);
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == 0);
  CHECK(accepted == 2 * kRecorders * kRounds * kRows);
  const Response last = running.ask({.method = Verb::get, .target = "/v1/experiments/checkout/scorecard"});
  REQUIRE(last.status == 200);
  const json card = json::parse(last.body);
  CHECK(card["arms"][0]["units"] == kRecorders * kRounds * kRows / 2);
  CHECK(card["arms"][1]["units"] == kRecorders * kRounds * kRows / 2);
}
