// OFREP's answers. What is expected comes from the protocol (open-feature/protocol, OpenAPI 0.3.0) and, for
// the arms, from the assigner asked directly.
#include <set>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/definition/assigner.hpp"
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
    CHECK(answer["variant"] == expected.arm);
    CHECK(answer["value"] == (expected.arm == "off" ? json(false) : json("on")));
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
