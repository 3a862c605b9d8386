// Experiments, scorecards and reports out.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apps/service/problems.hpp"
#include "apps/service/service.hpp"
#include "engine/aggregate/aggregate.hpp"
#include "engine/analyse/analyse_store.hpp"
#include "engine/definition/names.hpp"
#include "engine/definition/time_point.hpp"
#include "reports/formats.hpp"
#include "reports/html/style.hpp"
#include "reports/index.hpp"

namespace liftmark::service {
namespace {

using nlohmann::ordered_json;

StoreQuestion question_of(const Service& service, const Call& call, const std::string& experiment) {
  StoreQuestion question{service.options().store.string(), experiment, {}, {}};
  question.as_of = query_value(call.request.target, "as_of").value_or("");
  question.memory = &service.report_memory();
  question.server.on_progress = [&service](const ServerProgress&) { return !service.draining(); };
  if (const auto segment = query_value(call.request.target, "segment")) question.segments.push_back(*segment);
  return question;
}

/// The scorecard with the command that makes it again.
Scorecard scorecard_of(const Service& service, const StoreQuestion& question) {
  Scorecard card = analyse_store(question);
  card.provenance.version = LIFTMARK_VERSION;
  card.provenance.command = fmt::format("liftmark report {} {} --as-of {}", service.store().name(),
                                        json_text(question.experiment), format_time(card.provenance.as_of));
  for (const std::string& segment : question.segments)
    card.provenance.command += " --segment " + json_text(segment);
  return card;
}

/// An experiment that is not there is a path that is not there.
template <class Answer>
void answer_or_missing(const Reply& reply, Answer answer) {
  try {
    reply(answer());
  } catch (const Error& error) {
    Response response = problem(error);
    if (error.problems().front().where == "experiment") response.status = 404;
    reply(std::move(response));
  }
}

Response page(std::string html) {
  Response response;
  response.type = "text/html; charset=utf-8";
  response.body = std::move(html);
  add_header(response, "Content-Security-Policy",
             reports::html::content_security_policy() + "; frame-ancestors 'none'");
  return response;
}

reports::RenderOptions render_options(const Call& call) {
  reports::RenderOptions options;
  if (query_value(call.request.target, "language") == "de") options.language = reports::Language::german;
  return options;
}

/// What a link to a report of the same moment and language has to carry: "?as_of=..&language=..", or nothing.
std::string carried_query(const Call& call) {
  std::string query;
  for (const char* key : {"as_of", "language"})
    if (const auto value = query_value(call.request.target, key); value && !value->empty())
      query += fmt::format("{}{}={}", query.empty() ? "?" : "&", key, percent_encoded(*value));
  return query;
}

/// What may be shown to readers: no salts, no overrides.
ordered_json experiment_json(const ExperimentDefinition& definition) {
  const assign::Experiment& experiment = definition.assignment;
  ordered_json arms = ordered_json::array();
  for (const assign::Arm& arm : experiment.arms)
    arms.push_back({{"key", arm.key},
                    {"role", arm.role == assign::Role::control ? "control" : "variant"},
                    {"weight", arm.weight}});
  return {{"key", experiment.key},
          {"name", definition.name},
          {"owner", definition.owner},
          {"hypothesis", definition.hypothesis},
          {"status", word(kStatuses, experiment.status)},
          {"epoch", experiment.epoch},
          {"unit", experiment.unit},
          {"layer", experiment.layer},
          {"scheme", experiment.hashing.scheme},
          {"exposure", word(kExposures, definition.exposure)},
          {"arms", std::move(arms)},
          {"primary", definition.plan.primary},
          {"secondary", definition.plan.secondary},
          {"method", name(definition.plan.method)}};
}

/// The catalog in force at `as_of`, or now.
std::shared_ptr<const Flags> catalog_at(Service& service, const Call& call) {
  const auto as_of = query_value(call.request.target, "as_of");
  if (!as_of || as_of->empty()) return service.flags().share();
  ReaderOptions options;
  options.as_of = parse_time(*as_of);
  if (!options.as_of)
    throw Error(ErrorCode::usage, Problem{"as_of", "is no moment", *as_of, "write 2026-07-01T12:30Z"});
  const auto versions = open_view(service.options().store.string(), options)->catalogs();
  return versions.empty() ? std::make_shared<const Flags>() : std::make_shared<const Flags>(versions.back());
}

Response json_response(const ordered_json& value) {
  Response response;
  response.body = value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  return response;
}

}  // namespace

void list_experiments(Service& service, Call& call, const Reply& reply) {
  const auto flags = catalog_at(service, call);
  ordered_json list = ordered_json::array();
  for (const ExperimentDefinition& definition : flags->catalog.experiments)
    list.push_back(experiment_json(definition));
  reply(json_response({{"catalog", {{"version", flags->version}, {"digest", flags->catalog.digest}}},
                       {"experiments", std::move(list)}}));
}

void show_experiment(Service& service, Call& call, const Reply& reply) {
  const auto flags = catalog_at(service, call);
  const auto* found = flags->catalog.find_experiment(call.parameters[0]);
  if (found == nullptr) return reply(problem(404, "not_found", "the catalog has no such experiment"));
  reply(json_response(experiment_json(*found)));
}

void show_scorecard(Service& service, Call& call, const Reply& reply) {
  answer_or_missing(reply, [&] {
    Response response;
    response.body =
        reports::render_json(scorecard_of(service, question_of(service, call, call.parameters[0])), {});
    return response;
  });
}

void show_report(Service& service, Call& call, const Reply& reply) {
  answer_or_missing(reply, [&] {
    const Scorecard card = scorecard_of(service, question_of(service, call, call.parameters[0]));
    return page(reports::render_html(card, render_options(call)));
  });
}

void show_index(Service& service, Call& call, const Reply& reply) {
  const auto flags = catalog_at(service, call);
  std::vector<Scorecard> cards;
  cards.reserve(flags->catalog.experiments.size());
  for (const ExperimentDefinition& definition : flags->catalog.experiments)
    cards.push_back(scorecard_of(service, question_of(service, call, definition.assignment.key)));
  const std::string query = carried_query(call);
  std::vector<reports::IndexEntry> entries;
  for (std::size_t i = 0; i < cards.size(); ++i)
    entries.push_back({&cards[i], flags->catalog.experiments[i].assignment.key, query});
  reply(page(reports::render_index(entries, render_options(call))));
}

void go_to_index(Service&, Call&, const Reply& reply) {
  Response response;
  response.status = 302;
  add_header(response, "Location", "/reports/");
  reply(std::move(response));
}

}  // namespace liftmark::service
