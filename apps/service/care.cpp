// Care of the store: consent, links, erasure, retention, compaction, the log of all that.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apps/service/catalog_answer.hpp"
#include "apps/service/problems.hpp"
#include "apps/service/service.hpp"
#include "engine/definition/time_point.hpp"
#include "engine/record/audit.hpp"
#include "engine/record/compaction.hpp"
#include "engine/record/json_rows.hpp"
#include "engine/record/privacy.hpp"

namespace liftmark::service {
namespace {

using nlohmann::json;

[[noreturn]] void wrong(std::string where, std::string what, std::string hint) {
  throw Error(ErrorCode::usage, std::move(where), std::move(what), std::move(hint));
}

/// The body as an object; an empty one when there is none.
json object_of(const Service& service, const Call& call) {
  const std::string& body = call.request.body;
  if (body.empty()) return json::object();
  if (!nests_within(body, service.options().limits.depth)) wrong("", "the body nests too deep", "");
  json value = json::parse(body, nullptr, false);
  if (!value.is_object()) wrong("", "the body is no JSON object", "send {\"unit\": ..}");
  return value;
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string() || found->get_ref<const std::string&>().empty())
    wrong(std::string("/") + key, "a text is needed here", "");
  return found->get<std::string>();
}

std::optional<Micros> moment_of(const json& object) {
  if (!object.contains("at")) return std::nullopt;
  const auto at = parse_time(text_of(object, "at"));
  if (!at) wrong("/at", "this is no moment", "write 2026-07-01T12:30Z");
  return at;
}

void answer(const Reply& reply, const json& value) {
  Response response;
  response.body = value.dump(-1, ' ', false, json::error_handler_t::replace);
  reply(std::move(response));
}

}  // namespace

std::string catalog_answer(const AppliedCatalog& applied) {
  json answer{{"version", applied.version.version},
              {"digest", applied.version.digest},
              {"changes", json::array()},
              {"movements", json::array()}};
  for (const Change& change : applied.changes)
    answer["changes"].push_back({{"kind", change.kind},
                                 {"key", change.key},
                                 {"field", change.field},
                                 {"before", change.before},
                                 {"after", change.after},
                                 {"plan_after_start", change.plan_after_start}});
  for (const auto& move : applied.moves)
    answer["movements"].push_back({{"experiment", move.experiment},
                                   {"units", move.units},
                                   {"before", move.before},
                                   {"changed", move.changed},
                                   {"left", move.left},
                                   {"joined", move.joined},
                                   {"incomplete", move.incomplete}});
  return answer.dump();
}

void give_consent(Service& service, Call& call, const Reply& reply) {
  const json body = object_of(service, call);
  if (body.contains("units_without")) {
    const std::string rule = text_of(body, "units_without");
    if (rule != "record" && rule != "refuse") wrong("/units_without", "is record or refuse", "");
    require_consent(service.recorder(), rule == "refuse");
  }
  if (body.contains("unit") || !body.contains("units_without")) {
    if (!body.contains("granted") || !body["granted"].is_boolean())
      wrong("/granted", "true or false is needed", "");
    set_consent(service.recorder(), text_of(body, "unit"), body.value("purpose", "measurement"),
                body["granted"].get<bool>(), moment_of(body));
  }
  service.refresh();
  answer(reply, {{"recorded", true}});
}

void link(Service& service, Call& call, const Reply& reply) {
  const json body = object_of(service, call);
  link_units(service.recorder(), text_of(body, "anonymous"), text_of(body, "unit"), moment_of(body));
  service.refresh();
  answer(reply, {{"recorded", true}});
}

void erase_unit(Service& service, Call& call, const Reply& reply) {
  const Erasure erasure = erase(service.recorder(), text_of(object_of(service, call), "unit"));
  service.report_memory().forget();
  service.refresh();
  answer(reply, {{"units", erasure.units},
                 {"rows", erasure.rows},
                 {"status", erasure.units == 0 || erasure.finished ? "finished" : "pending"}});
}

void purge_events(Service& service, Call& call, const Reply& reply) {
  const json body = object_of(service, call);
  const json keep = body.value("keep", json::object());
  if (!keep.is_object()) wrong("/keep", "is an object of days by event type", "{\"view\": 90}");
  for (const auto& [type, days] : keep.items()) {
    if (!days.is_number_integer()) wrong("/keep/" + type, "whole days are needed", "0 keeps for ever");
    set_retention(service.recorder(), type, days.get<int>());
  }
  answer(reply, {{"removed", purge(service.recorder())}});
}

void compact_store(Service& service, Call&, const Reply& reply) {
  const CompactionResult result = compact(service.recorder());
  const auto pending = finish_erasures(service.recorder());
  answer(reply, {{"events", result.events},
                 {"exposures", result.exposures},
                 {"left_open", result.left_open},
                 {"pending_erasures", pending}});
}

void show_audit(Service& service, Call&, const Reply& reply) {
  json entries = json::array();
  for (const AuditEntry& entry : read_audit(service.options().store, 1000))
    entries.push_back({{"at", format_time(entry.recorded_at)}, {"act", entry.act}, {"detail", entry.detail}});
  answer(reply, {{"entries", std::move(entries)}});
}

void show_catalog(Service& service, Call&, const Reply& reply) {
  const auto flags = service.flags().share();
  if (flags->version == 0) return reply(problem(404, "not_found", "there is no catalog yet"));
  Response response;
  response.body = flags->catalog.text;
  reply(std::move(response));
}

void put_catalog(Service& service, Call& call, const Reply& reply) {
  const auto asked = [&](std::string_view key) {
    const auto value = query_value(call.request.target, key);
    return value && *value != "0" && *value != "false";
  };
  if (!nests_within(call.request.body, service.options().limits.depth))
    wrong("", "the catalog nests too deep", "");
  Response response;
  response.body = catalog_answer(service.store().apply(
      parse_catalog(call.request.body),
      {.dry_run = asked("dry_run"), .new_epoch = asked("new_epoch"), .allow_moves = asked("allow_moves")}));
  service.refresh();
  reply(std::move(response));
}

}  // namespace liftmark::service
