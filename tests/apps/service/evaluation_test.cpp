// OFREP's answers. What is expected comes from the protocol (open-feature/protocol, OpenAPI 0.3.0) and, for
// the arms, from the assigner asked directly.
#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <thread>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/definition/assigner.hpp"
#include "engine/record/segments.hpp"
#include "engine/record/stored_units.hpp"
#include "running_service.hpp"

using namespace liftmark;
using namespace liftmark::service;
using nlohmann::json;

namespace {

std::string context_of(const std::string& unit) {
  return R"({"context":{"targetingKey":")" + unit + R"("}})";
}

std::string header(const Response& response, const std::string& key) {
  const auto at = response.headers.find(key + ": ");
  if (at == std::string::npos) return {};
  const auto begin = at + key.size() + 2;
  return response.headers.substr(begin, response.headers.find("\r\n", begin) - begin);
}

}  // namespace

TEST_CASE("A single evaluation gives the assigner's arm, its payload and why") {
  RunningService running;
  const auto assigner = compile_assigner(parse_catalog(test_catalog()));
  for (int i = 0; i < 50; ++i) {
    const std::string unit = "user-" + std::to_string(i);
    assign::Context context;
    context.unit = unit;
    const auto expected = assigner->assign(context, "checkout");
    const Response response = running.post("/ofrep/v1/evaluate/flags/checkout", context_of(unit));
    REQUIRE(response.status == 200);
    const json answer = json::parse(response.body);
    CHECK(answer["key"] == "checkout");
    CHECK(answer["variant"] == expected.arm());
    CHECK(answer["value"] == (expected.arm() == "off" ? json(false) : json("on")));
    CHECK(answer["reason"] == "SPLIT");
    CHECK(answer["metadata"]["why"] == "assigned");
    CHECK(answer["metadata"]["epoch"] == 1);
  }
}

TEST_CASE("Keys may be percent-encoded or not") {
  RunningService running;
  for (const char* path : {"a%2Fb%20c", "a/b%20c"}) {
    const Response response = running.post(std::string("/ofrep/v1/evaluate/flags/") + path, context_of("u"));
    REQUIRE(response.status == 200);
    CHECK(json::parse(response.body)["key"] == "a/b c");
  }
  CHECK(running.post("/ofrep/v1/evaluate/flags/a%2", context_of("u")).status == 404);
}

TEST_CASE("Every failure of an evaluation carries key and errorCode") {
  struct Case {
    const char* key;
    const char* body;
    int status;
    const char* code;
  };
  const Case cases[] = {
      {"nothing", R"({"context":{"targetingKey":"u"}})", 404, "FLAG_NOT_FOUND"},
      {"checkout", R"({"context":{}})", 400, "TARGETING_KEY_MISSING"},
      {"checkout", R"({"context":{"targetingKey":""}})", 400, "TARGETING_KEY_MISSING"},
      {"checkout", R"({"context":{"targetingKey":7}})", 400, "INVALID_CONTEXT"},
      {"checkout", R"({"context":[]})", 400, "INVALID_CONTEXT"},
      {"checkout", R"({})", 400, "INVALID_CONTEXT"},
      {"checkout", R"(not json)", 400, "PARSE_ERROR"},
      {"checkout", "", 400, "PARSE_ERROR"},
      {"checkout", "{\"context\":{\"targetingKey\":\"\xff\"}}", 400, "PARSE_ERROR"},
      {"checkout", R"({"context":{"targetingKey":"u"}} trailing)", 400, "PARSE_ERROR"},
  };
  RunningService running;
  for (const Case& one : cases) {
    INFO(one.body);
    const Response response = running.post(std::string("/ofrep/v1/evaluate/flags/") + one.key, one.body);
    CHECK(response.status == one.status);
    const json answer = json::parse(response.body);
    CHECK(answer["key"] == one.key);
    CHECK(answer["errorCode"] == one.code);
    CHECK(answer["errorDetails"].is_string());
  }
  const std::string deep =
      R"({"context":{"targetingKey":"u","a":)" + std::string(40, '[') + std::string(40, ']') + "}}";
  CHECK(running.post("/ofrep/v1/evaluate/flags/checkout", deep).status == 400);
  const std::string long_id = context_of(std::string(257, 'x'));
  CHECK(json::parse(running.post("/ofrep/v1/evaluate/flags/checkout", long_id).body)["errorCode"] ==
        "INVALID_CONTEXT");
}

TEST_CASE("A stopped experiment gives its default arm, DISABLED") {
  RunningService running;
  const json answer = json::parse(running.post("/ofrep/v1/evaluate/flags/old", context_of("u")).body);
  CHECK(answer["reason"] == "DISABLED");
  CHECK(answer["variant"] == "off");
  CHECK(answer["value"] == 7);
  CHECK(answer["metadata"]["measured"] == false);
}

TEST_CASE("The ETag of a bulk answer follows the context and the catalog") {
  RunningService running;
  const auto bulk = [&](const std::string& unit, const std::string& etag) {
    return running.ask({.target = "/ofrep/v1/evaluate/flags?flagConfigEtag=x",
                        .body = context_of(unit),
                        .fields = {{Field::if_none_match, etag}}});
  };
  const Response first = bulk("user-1", "");
  REQUIRE(first.status == 200);
  const json answer = json::parse(first.body);
  REQUIRE(answer["flags"].size() == 3);
  CHECK(answer["eventStreams"][0]["type"] == "sse");
  CHECK(first.body.find("secret-salt") == std::string::npos);
  const std::string etag = header(first, "ETag");
  REQUIRE(etag.size() > 10);
  const Response again = bulk("user-1", etag);
  CHECK(again.status == 304);
  CHECK(again.body.empty());
  // Some unit gets other arms than user-1 in one of the two experiments.
  std::set<std::string> etags;
  for (int i = 0; i < 40; ++i) etags.insert(header(bulk("other-" + std::to_string(i), ""), "ETag"));
  CHECK(etags.size() > 1);
  const Catalog stopped = parse_catalog(test_catalog("stopped"));
  running.service->recorder().exclusive(
      [&](Store& store) { store.put_catalog(stopped.text, stopped.digest); });
  running.service->refresh();
  CHECK(bulk("user-1", etag).status == 200);
}

TEST_CASE("A unit that denied consent gets the default arm") {
  RunningService running;
  set_consent(running.service->recorder(), "shy", "measurement", false);
  running.service->refresh();
  const json answer = json::parse(running.post("/ofrep/v1/evaluate/flags/checkout", context_of("shy")).body);
  CHECK(answer["metadata"]["why"] == "no_consent");
  CHECK(answer["variant"] == "off");
  CHECK(json::parse(running.post("/ofrep/v1/evaluate/flags/checkout", context_of("other")).body)["reason"] ==
        "SPLIT");
}

namespace {

/// Two experiments of a layer, one that keeps arms, one for a stored segment; a global holdout and one of the
/// layer.
std::string followed_catalog() {
  const auto experiment = [](const std::string& key, const std::string& more) {
    return R"({"key":")" + key + R"(","arms":[{"key":"off","role":"control"},{"key":"on"}],)" +
           R"("hashing":{"scheme":"liftmark-1","salt":"salt-)" + key + R"("},)" + more +
           R"("plan":{"primary":["conversion"]}})";
  };
  return R"({"schema":"liftmark.catalog/1","metrics":[{"key":"conversion","kind":"proportion",)"
         R"("numerator":{"event":"purchase"}}],"layers":[{"key":"page","salt":"page-1"}],"holdouts":[)"
         R"({"key":"everywhere","share":0.2,"salt":"h-1"},{"key":"page-holdout","share":0.3,"salt":"h-2","layer":"page"}],)"
         R"("ledgers":[{"holdout":"everywhere","metrics":["conversion"]},)"
         R"({"holdout":"page-holdout","metrics":["conversion"]}],"experiments":[)" +
         experiment("kept", R"("sticky":true,)") + "," +
         experiment("loyal", R"("audience":{"segment":"loyal"},)") + "," +
         experiment("on-page", R"("layer":"page","slots":[[0,1]],)") + "," +
         experiment("over", R"("status":"stopped",)") + "]}";
}

}  // namespace

TEST_CASE("What an anonymous visitor was given, the user keeps") {
  RunningService running({}, followed_catalog());
  const auto ask = [&](const std::string& unit) {
    return json::parse(running.post("/ofrep/v1/evaluate/flags/kept", context_of(unit)).body);
  };
  const auto open = [&](const std::string& unit, const std::string& arm) {
    const json answer = ask(unit);
    return answer["metadata"]["why"] == "assigned" && answer["variant"] == arm;
  };
  const auto assigner = compile_assigner(parse_catalog(followed_catalog()));
  const auto unit_of = [&](const std::string& arm) {  // without asking the service, which would keep the arm
    for (int i = 0;; ++i) {
      assign::Context context;
      const std::string unit = arm + std::to_string(i);
      context.unit = unit;
      const auto given = assigner->assign(context, "kept");
      if (given.arm() == arm && given.reason == assign::Reason::assigned) return unit;
    }
  };
  const std::string cookie = unit_of("on"), user = unit_of("off");
  CHECK(open(cookie, "on"));
  CHECK(ask(cookie)["metadata"]["why"] == "sticky");
  link_units(running.service->recorder(), cookie, user);
  running.service->refresh();
  // The arm may still be on its way to the store when the link is read.
  for (int i = 0; i < 500 && StoredUnits(running.service->options().store).find(user).kept.empty(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  running.service->refresh();
  CHECK(ask(user)["variant"] == "on");
  CHECK(ask(user)["metadata"]["why"] == "sticky");
}

TEST_CASE("Stored segments decide, those of a linked user too, and new ones are seen") {
  RunningService running({}, followed_catalog());
  Recorder& recorder = running.service->recorder();
  const auto assigner = compile_assigner(parse_catalog(followed_catalog()));
  std::string unit;
  for (int i = 0; unit.empty(); ++i)
    if (assigner->holdout_of("unit-" + std::to_string(i)).empty()) unit = "unit-" + std::to_string(i);
  const auto why = [&](const std::string& id) {
    return json::parse(
        running.post("/ofrep/v1/evaluate/flags/loyal", context_of(id)).body)["metadata"]["why"];
  };
  CHECK(why(unit) == "not_targeted");
  set_consent(recorder, unit, "measurement", true);  // so that the store knows the unit
  std::optional<UnitIndex> index;
  {
    const Reader reader(running.service->options().store);
    for (std::size_t i = 0; i < reader.unit_count(); ++i)
      if (reader.unit_id(static_cast<UnitIndex>(i)) == unit) index = static_cast<UnitIndex>(i);
  }
  REQUIRE(index);
  put_segments(recorder, {.date = 1, .method = "{}", .sets = {{"loyal"}}, .unit = {*index}, .set = {0}});
  running.service->refresh();
  CHECK(why(unit) == "assigned");
  const std::string by_code = R"({"context":{"targetingKey":")" + unit + R"(","segments":["other"]}})";
  CHECK(json::parse(running.post("/ofrep/v1/evaluate/flags/loyal", by_code).body)["metadata"]["why"] ==
        "assigned");
  erase(recorder, unit);
  running.service->refresh();
  CHECK(why(unit) == "not_targeted");
}

TEST_CASE("An erased unit's override is gone from a service that runs") {
  const std::string catalog = R"({"schema": "liftmark.catalog/1",
    "metrics": [{"key": "conversion", "kind": "proportion", "numerator": {"event": "purchase"}}],
    "experiments": [{"key": "checkout", "hashing": {"salt": "checkout-1"},
      "overrides": {"ann": "b", "bob": "b"}, "plan": {"primary": ["conversion"]},
      "arms": [{"key": "a", "role": "control"}, {"key": "b"}]}]})";
  RunningService running({}, catalog);
  const auto why = [&](const std::string& id) {
    return json::parse(
        running.post("/ofrep/v1/evaluate/flags/checkout", context_of(id)).body)["metadata"]["why"];
  };
  CHECK(why("ann") == "overridden");
  erase(running.service->recorder(), "ann");
  running.service->refresh();
  CHECK(why("ann") == "assigned");
  CHECK(why("bob") == "overridden");
}

TEST_CASE("Who asks is in the population of the holdouts' ledgers, held out or open") {
  RunningService running({}, followed_catalog());
  const auto assigner = compile_assigner(parse_catalog(followed_catalog()));
  std::map<std::string, std::string> everywhere, page;
  for (int i = 0; i < 200; ++i) {
    const std::string unit = "unit-" + std::to_string(i);
    running.post("/ofrep/v1/evaluate/flags/over", context_of(unit));  // runs no more: nobody is asked about
    if (i % 2 == 0) continue;
    const bool held = assigner->holdout_of(unit) == "everywhere";
    everywhere[unit] = held ? "held_out" : "open";
    // The layer's holdout has a say only where the global one lets the unit in.
    if (!held) page[unit] = assigner->holdout_of(unit, "page") == "page-holdout" ? "held_out" : "open";
    running.post("/ofrep/v1/evaluate/flags", context_of(unit));
    running.post("/ofrep/v1/evaluate/flags/on-page", context_of(unit));  // the same day: once is enough
  }
  const auto store = running.service->options().store;
  running.service.reset();  // sends what is buffered
  const Reader reader(store);
  const auto recorded = [&](const std::string& holdout) {
    std::map<std::string, std::string> arms;
    const auto rows = reader.exposures(holdout, {});
    for (std::size_t i = 0; i < rows.size(); ++i)
      arms[reader.unit_id(rows.unit[i])] = rows.arms[rows.arm[i]].key;
    CHECK(rows.size() == arms.size());
    return arms;
  };
  CHECK(recorded("everywhere") == everywhere);
  CHECK(recorded("page-holdout") == page);
  CHECK(std::count_if(page.begin(), page.end(), [](const auto& one) { return one.second == "held_out"; }) >
        10);
}

TEST_CASE("An evaluation is an exposure where the catalog says so, once a day") {
  RunningService running;
  for (int i = 0; i < 3; ++i)
    running.post("/ofrep/v1/evaluate/flags/a%2Fb%20c",
                 R"({"context":{"targetingKey":"u1","country":"CZ","email":"x@example.org"}})");
  running.post("/ofrep/v1/evaluate/flags/checkout", context_of("u1"));
  const auto store = running.service->options().store;
  running.service.reset();  // sends what is buffered
  const Reader reader(store);
  CHECK(reader.experiments() == std::vector<std::string>{"a/b c"});
  const auto rows = reader.exposures("a/b c", {"country", "email"});
  REQUIRE(rows.size() == 1);
  CHECK(reader.text(rows.attributes[0][0]) == "CZ");
  CHECK(rows.attributes[1][0] == 0);  // the plan does not group by it
}
