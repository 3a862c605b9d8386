#include "apps/service/openapi.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apps/service/routes.hpp"

namespace liftmark::service {
namespace {

using nlohmann::ordered_json;

// The bodies, by the names the table of routes uses.
constexpr const char* kSchemas = R"json({
"problem": {"type": "object", "required": ["error"], "properties": {"error": {"type": "object", "required": ["code", "message"],
  "properties": {"code": {"type": "string"}, "message": {"type": "string"}, "problems": {"type": "array", "items": {"type": "object",
  "required": ["where", "what"], "properties": {"where": {"type": "string"}, "what": {"type": "string"}, "value": {"type": "string"},
  "hint": {"type": "string"}}}}}}}},
"evaluation_error": {"type": "object", "required": ["errorCode"], "properties": {"key": {"type": "string"},
  "errorCode": {"enum": ["PARSE_ERROR", "TARGETING_KEY_MISSING", "INVALID_CONTEXT", "GENERAL", "FLAG_NOT_FOUND"]},
  "errorDetails": {"type": "string"}}},
"evaluation_request": {"type": "object", "required": ["context"], "properties": {"context": {"type": "object",
  "required": ["targetingKey"], "properties": {"targetingKey": {"type": "string", "maxLength": 256},
  "segments": {"type": "array", "items": {"type": "string"}}}}}},
"evaluation": {"type": "object", "required": ["key", "reason", "variant", "metadata"], "properties": {"key": {"type": "string"},
  "reason": {"enum": ["STATIC", "TARGETING_MATCH", "SPLIT", "DISABLED"]}, "variant": {"type": "string"}, "value": {},
  "metadata": {"type": "object", "required": ["layer", "why", "epoch", "measured"], "properties": {"layer": {"type": "string"},
  "why": {"type": "string"}, "epoch": {"type": "integer"}, "measured": {"type": "boolean"}, "sticky_unreadable": {"type": "boolean"}}}},
  "additionalProperties": false},
"bulk_evaluation": {"type": "object", "required": ["flags", "metadata", "eventStreams"], "properties": {
  "flags": {"type": "array", "items": {"$ref": "#/components/schemas/evaluation"}},
  "metadata": {"type": "object", "properties": {"version": {"type": "integer"}}},
  "eventStreams": {"type": "array", "items": {"type": "object", "required": ["type", "endpoint"], "properties": {"type": {"const": "sse"},
  "endpoint": {"type": "object", "required": ["requestUri"], "properties": {"requestUri": {"type": "string"}}},
  "inactivityDelaySec": {"type": "integer"}}}}}, "additionalProperties": false},
"events": {"type": "array", "description": "or NDJSON; gzip or zstd by Content-Encoding", "items": {"type": "object",
  "description": "other keys are properties; an OpenFeature tracking event (trackingEventName, context, trackingEventDetails) is a row too",
  "properties": {"id": {"type": "string", "maxLength": 256}, "unit": {"type": "string", "maxLength": 256}, "type": {"type": "string"},
  "at": {"type": ["string", "number"]}, "value": {"type": ["number", "string"]}, "reference": {"type": "string"},
  "properties": {"type": "object"}}}},
"exposures": {"type": "array", "description": "or NDJSON; gzip or zstd by Content-Encoding", "items": {"type": "object",
  "properties": {"id": {"type": "string", "maxLength": 256}, "experiment": {"type": "string"}, "epoch": {"type": "integer"},
  "unit": {"type": "string", "maxLength": 256}, "arm": {"type": "string"}, "at": {"type": ["string", "number"]},
  "propensity": {"type": "number"}, "fallback": {"type": "boolean"}, "attributes": {"type": "object"}}}},
"receipt": {"type": "object", "required": ["accepted", "duplicate", "conflict", "repeat", "rejected", "reasons", "rejections",
  "recorded_at", "durable"], "properties": {"accepted": {"type": "integer"}, "duplicate": {"type": "integer"},
  "conflict": {"type": "integer"}, "repeat": {"type": "integer"}, "rejected": {"type": "integer"}, "reasons": {"type": "object"},
  "rejections": {"type": "array", "items": {"type": "object", "required": ["row", "reason"], "properties": {"row": {"type": "integer"},
  "reason": {"type": "string"}}}}, "recorded_at": {"type": "string"}, "durable": {"type": "boolean"}}, "additionalProperties": false},
"health": {"type": "object", "required": ["status"], "properties": {"status": {"const": "ok"}}},
"readiness": {"type": "object", "required": ["status", "store", "catalog_version"], "properties": {
  "status": {"enum": ["ready", "draining"]}, "store": {"enum": ["ok", "unavailable"]}, "catalog_version": {"type": "integer"}}},
"experiment": {"type": "object", "required": ["key", "status", "epoch", "scheme", "arms"], "properties": {"key": {"type": "string"},
  "name": {"type": "string"}, "owner": {"type": "string"}, "hypothesis": {"type": "string"},
  "status": {"enum": ["draft", "running", "stopped"]}, "epoch": {"type": "integer"}, "unit": {"type": "string"},
  "layer": {"type": "string"}, "scheme": {"type": "string"}, "exposure": {"enum": ["report", "evaluation"]},
  "arms": {"type": "array", "items": {"type": "object", "required": ["key", "role", "weight"], "properties": {"key": {"type": "string"},
  "role": {"enum": ["control", "variant"]}, "weight": {"type": "number"}}}}, "primary": {"type": "array", "items": {"type": "string"}},
  "secondary": {"type": "array", "items": {"type": "string"}}, "method": {"type": "string"}}, "additionalProperties": false},
"experiments": {"type": "object", "required": ["catalog", "experiments"], "properties": {"catalog": {"type": "object",
  "required": ["version", "digest"], "properties": {"version": {"type": "integer"}, "digest": {"type": "string"}}},
  "experiments": {"type": "array", "items": {"$ref": "#/components/schemas/experiment"}}}},
"scorecard": {"type": "object", "required": ["schema"], "properties": {"schema": {"const": "liftmark.scorecard/1"}}},
"catalog": {"type": "object", "required": ["schema"], "properties": {"schema": {"const": "liftmark.catalog/1"}}},
"consent": {"type": "object", "properties": {"unit": {"type": "string"}, "granted": {"type": "boolean"}, "purpose": {"type": "string"},
  "at": {"type": "string"}, "units_without": {"enum": ["record", "refuse"]}}},
"link": {"type": "object", "required": ["anonymous", "unit"], "properties": {"anonymous": {"type": "string"}, "unit": {"type": "string"},
  "at": {"type": "string"}}},
"recorded": {"type": "object", "required": ["recorded"], "properties": {"recorded": {"const": true}}},
"unit": {"type": "object", "required": ["unit"], "properties": {"unit": {"type": "string"}}},
"erasure": {"type": "object", "required": ["units", "rows", "status"], "properties": {"units": {"type": "integer"},
  "rows": {"type": "integer"}, "status": {"enum": ["finished", "pending"]}}},
"retention": {"type": "object", "properties": {"keep": {"type": "object", "additionalProperties": {"type": "integer"}}}},
"purged": {"type": "object", "required": ["removed"], "properties": {"removed": {"type": "integer"}}},
"compaction": {"type": "object", "required": ["events", "exposures", "left_open", "pending_erasures"], "properties": {
  "events": {"type": "integer"}, "exposures": {"type": "integer"}, "left_open": {"type": "integer"},
  "pending_erasures": {"type": "integer"}}},
"audit": {"type": "object", "required": ["entries"], "properties": {"entries": {"type": "array", "items": {"type": "object",
  "required": ["at", "act", "detail"], "properties": {"at": {"type": "string"}, "act": {"type": "string"},
  "detail": {"type": "string"}}}}}},
"catalog_edit": {"type": "object", "required": ["version", "digest", "changes", "movements"], "properties": {
  "version": {"type": "integer"}, "digest": {"type": "string"}, "changes": {"type": "array", "items": {"type": "object"}},
  "movements": {"type": "array", "items": {"type": "object"}}}},
"growthbook_features": {"type": "object", "required": ["status", "features", "dateUpdated", "leftOut"], "properties": {
  "status": {"const": 200}, "features": {"type": "object"}, "dateUpdated": {"type": "string"}, "leftOut": {"type": "array"}}},
"openapi": {"type": "object", "required": ["openapi", "paths"]}
})json";

ordered_json reference(std::string_view schema) {
  return {{"$ref", fmt::format("#/components/schemas/{}", schema)}};
}

ordered_json content(std::string_view schema) {
  return {{"application/json", {{"schema", reference(schema)}}}};
}

ordered_json parameters_of(const Route& route) {
  ordered_json list = ordered_json::array();
  std::string_view rest = route.path;
  for (auto open = rest.find('{'); open != std::string_view::npos; open = rest.find('{')) {
    const auto close = rest.find('}', open);
    std::string_view name = rest.substr(open + 1, close - open - 1);
    if (name.ends_with('*')) name.remove_suffix(1);
    list.push_back({{"name", name}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}});
    rest.remove_prefix(close + 1);
  }
  for (std::string_view names = route.query; !names.empty();) {
    const std::string_view name = names.substr(0, names.find(','));
    list.push_back({{"name", name}, {"in", "query"}, {"schema", {{"type", "string"}}}});
    names.remove_prefix(std::min(names.size(), name.size() + 1));
  }
  return list;
}

ordered_json operation_of(const Route& route) {
  const bool evaluation = route.path.starts_with("/ofrep/v1/evaluate");
  ordered_json operation{{"summary", route.summary}};
  if (auto parameters = parameters_of(route); !parameters.empty()) operation["parameters"] = parameters;
  if (!route.request.empty()) operation["requestBody"] = {{"content", content(route.request)}};
  ordered_json& answers = operation["responses"];
  answers["200"] = {{"description", "done"}};
  if (!route.response.empty()) answers["200"]["content"] = content(route.response);
  answers["default"] = {{"description", "what went wrong"},
                        {"content", content(evaluation ? "evaluation_error" : "problem")}};
  if (route.scope == Scope::assign || route.scope == Scope::record || route.scope == Scope::read ||
      route.scope == Scope::admin) {
    operation["security"] =
        ordered_json::array({{{"bearer", ordered_json::array()}}, {{"key", ordered_json::array()}}});
    operation["description"] = fmt::format("Scope: {}.", name(route.scope));
  }
  return operation;
}

}  // namespace

std::string openapi_document() {
  ordered_json paths = ordered_json::object();
  for (const Route& route : all_routes()) {
    std::string path(route.path);
    if (const auto star = path.find("*}"); star != std::string::npos) path.erase(star, 1);
    std::string method(name(route.method));
    for (char& c : method) c = static_cast<char>(c | 0x20);
    paths[path][method] = operation_of(route);
  }
  const ordered_json bearer{{"type", "http"}, {"scheme", "bearer"}};
  const ordered_json key{{"type", "apiKey"}, {"in", "header"}, {"name", "X-API-Key"}};
  return ordered_json{
      {"openapi", "3.1.0"},
      {"info", {{"title", "Liftmark"}, {"version", LIFTMARK_VERSION}}},
      {"paths", std::move(paths)},
      {"components",
       {{"securitySchemes", {{"bearer", bearer}, {"key", key}}}, {"schemas", ordered_json::parse(kSchemas)}}}}
      .dump();
}

}  // namespace liftmark::service
