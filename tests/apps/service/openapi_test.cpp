// The OpenAPI document against the table of routes and against real answers.
#include "apps/service/openapi.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "running_service.hpp"

using namespace liftmark;
using namespace liftmark::service;
using nlohmann::json;

namespace {

/// The part of JSON Schema that the document uses. Says where `value` does not fit, or nothing.
std::string misfit(const json& value, const json& schema, const json& document,
                   const std::string& where = "") {
  if (schema.contains("$ref"))
    return misfit(value, document.at(json::json_pointer(schema["$ref"].get<std::string>().substr(1))),
                  document, where);
  if (schema.contains("const") && value != schema["const"])
    return where + " is not " + schema["const"].dump();
  if (schema.contains("enum") &&
      std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end())
    return where + " is none of " + schema["enum"].dump();
  if (schema.contains("type") && schema["type"].is_string()) {
    const std::string type = schema["type"];
    const bool fits = (type == "object" && value.is_object()) || (type == "array" && value.is_array()) ||
                      (type == "string" && value.is_string()) ||
                      (type == "integer" && value.is_number_integer()) ||
                      (type == "number" && value.is_number()) || (type == "boolean" && value.is_boolean());
    if (!fits) return where + " is no " + type;
  }
  for (const auto& key : schema.value("required", json::array()))
    if (!value.contains(key.get<std::string>())) return where + " has no " + key.get<std::string>();
  if (value.is_object())
    for (const auto& [key, item] : value.items()) {
      const json properties = schema.value("properties", json::object());
      if (properties.contains(key)) {
        if (auto bad = misfit(item, properties[key], document, where + "/" + key); !bad.empty()) return bad;
      } else if (schema.contains("additionalProperties") && schema["additionalProperties"] == false) {
        return where + " has " + key + ", which the document does not know";
      }
    }
  if (value.is_array() && schema.contains("items"))
    for (const json& item : value)
      if (auto bad = misfit(item, schema["items"], document, where + "/-"); !bad.empty()) return bad;
  return {};
}

}  // namespace

TEST_CASE("The document has every route, and every schema it names") {
  const json document = json::parse(openapi_document());
  CHECK(document["openapi"] == "3.1.0");
  std::size_t operations = 0;
  for (const auto& [path, methods] : document["paths"].items()) operations += methods.size();
  CHECK(operations == all_routes().size());
  const auto& schemas = document["components"]["schemas"];
  for (const Route& route : all_routes()) {
    INFO(route.path);
    for (const auto& used : {route.request, route.response})
      if (!used.empty()) CHECK(schemas.contains(std::string(used)));
  }
}

TEST_CASE("Answers fit the document") {
  RunningService running;
  const json document = json::parse(running.ask({.method = Verb::get, .target = "/openapi.json"}).body);
  const std::string context = R"({"context":{"targetingKey":"u"}})";
  const std::string exposure = R"({"id":"x","experiment":"checkout","unit":"u","arm":"on"})";
  struct Case {
    Verb verb;
    const char* target;
    const char* path;
    std::string body;
  };
  const Case cases[] = {
      {Verb::post, "/ofrep/v1/evaluate/flags/checkout", "/ofrep/v1/evaluate/flags/{key}", context},
      {Verb::post, "/ofrep/v1/evaluate/flags/nothing", "/ofrep/v1/evaluate/flags/{key}", context},
      {Verb::post, "/ofrep/v1/evaluate/flags/checkout", "/ofrep/v1/evaluate/flags/{key}", "{"},
      {Verb::post, "/ofrep/v1/evaluate/flags", "/ofrep/v1/evaluate/flags", context},
      {Verb::post, "/v1/exposures", "/v1/exposures", exposure},
      {Verb::post, "/v1/events", "/v1/events", "[{}]"},
      {Verb::post, "/v1/events", "/v1/events", "[{"},
      {Verb::get, "/v1/experiments", "/v1/experiments", ""},
      {Verb::get, "/v1/experiments/a%2Fb%20c", "/v1/experiments/{key}", ""},
      {Verb::get, "/v1/experiments/none", "/v1/experiments/{key}", ""},
      {Verb::get, "/v1/experiments/checkout/scorecard", "/v1/experiments/{key}/scorecard", ""},
      {Verb::get, "/v1/experiments/checkout/scorecard?as_of=x", "/v1/experiments/{key}/scorecard", ""},
      {Verb::get, "/v1/catalog", "/v1/catalog", ""},
      {Verb::post, "/v1/erase", "/v1/erase", "{}"},
      {Verb::get, "/api/features/any", "/api/features/{client_key}", ""},
      {Verb::get, "/healthz", "/healthz", ""},
      {Verb::get, "/readyz", "/readyz", ""},
  };
  for (const Case& one : cases) {
    const Response response = running.ask({.method = one.verb, .target = one.target, .body = one.body});
    INFO(one.target << " " << response.status << " " << response.body);
    std::string verb(name(one.verb));
    for (char& c : verb) c = static_cast<char>(c | 0x20);
    const json& answers = document["paths"].at(one.path).at(verb)["responses"];
    const json& answer = answers.at(response.status == 200 ? "200" : "default");
    CHECK(misfit(json::parse(response.body), answer["content"]["application/json"]["schema"], document) ==
          "");
  }
}
