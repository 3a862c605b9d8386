#include "apps/service/routes.hpp"

#include <array>

namespace liftmark::service {
namespace {

constexpr bool kNeedsFile = true;

// One row a route.
// clang-format off
constexpr std::array kRoutes{
    Route{Verb::post, "/ofrep/v1/evaluate/flags/{key*}", Scope::assign, Run::at_once, evaluate_one,
          "The unit's arm in one experiment (OFREP)", "evaluation_request", "evaluation"},
    Route{Verb::post, "/ofrep/v1/evaluate/flags", Scope::assign, Run::at_once, evaluate_all,
          "The unit's arms in all experiments (OFREP)", "evaluation_request", "bulk_evaluation",
          "flagConfigEtag,flagConfigLastModified"},
    Route{Verb::post, "/v1/events", Scope::record, Run::by_size, record_events,
          "Record events; answered when they are on disk", "events", "receipt"},
    Route{Verb::post, "/v1/exposures", Scope::record, Run::by_size, record_exposures,
          "Record exposures; answered when they are on disk", "exposures", "receipt"},
    Route{Verb::get, "/v1/experiments", Scope::read, Run::worker, list_experiments,
          "The experiments of the catalog, without salts", "", "experiments", "as_of"},
    Route{Verb::get, "/v1/experiments/{key}", Scope::read, Run::worker, show_experiment, "One experiment", "",
          "experiment", "as_of"},
    Route{Verb::get, "/v1/experiments/{key}/scorecard", Scope::read, Run::worker, show_scorecard,
          "The scorecard of an experiment", "", "scorecard", "as_of,segment"},
    Route{Verb::get, "/reports/{key}", Scope::read, Run::worker, show_report, "The report of an experiment (HTML)", "",
          "", "as_of,segment,language"},
    Route{Verb::get, "/reports/", Scope::read, Run::worker, show_index, "All experiments on one page (HTML)", "", "",
          "as_of,language"},
    Route{Verb::get, "/", Scope::open, Run::at_once, go_to_index, "Leads to /reports/"},
    Route{Verb::get, "/v1/catalog", Scope::admin, Run::worker, show_catalog, "The catalog in force", "", "catalog"},
    Route{Verb::put, "/v1/catalog", Scope::admin, Run::worker, put_catalog,
          "Put a catalog in force; says what it changes and whom it moves", "catalog", "catalog_edit",
          "dry_run,new_epoch,allow_moves"},
    Route{Verb::post, "/v1/consent", Scope::admin, Run::worker, give_consent, "What a unit agreed to", "consent",
          "recorded", "", kNeedsFile},
    Route{Verb::post, "/v1/links", Scope::admin, Run::worker, link, "An anonymous id becomes a user", "link",
          "recorded", "", kNeedsFile},
    Route{Verb::post, "/v1/erase", Scope::admin, Run::worker, erase_unit, "Remove one unit", "unit", "erasure", "",
          kNeedsFile},
    Route{Verb::post, "/v1/purge", Scope::admin, Run::worker, purge_events,
          "Remove events past their retention period", "retention", "purged", "", kNeedsFile},
    Route{Verb::post, "/v1/compact", Scope::admin, Run::worker, compact_store, "Sort closed days by unit", "",
          "compaction", "", kNeedsFile},
    Route{Verb::get, "/v1/audit", Scope::admin, Run::worker, show_audit, "What was done to the store, newest first",
          "", "audit", "", kNeedsFile},
    Route{Verb::get, "/ofrep/v1/events", Scope::stream, Run::at_once, stream_catalog_changes,
          "Events when the catalog changes; the URL comes from a bulk evaluation", "", "", "token"},
    Route{Verb::get, "/api/features/{client_key}", Scope::growthbook, Run::worker, growthbook_features,
          "The experiments of scheme growthbook-v2, for GrowthBook's SDKs", "", "growthbook_features"},
    Route{Verb::get, "/sub/{client_key}", Scope::growthbook, Run::worker, stream_growthbook,
          "Events with the features when the catalog changes"},
    Route{Verb::get, "/openapi.json", Scope::open, Run::at_once, openapi, "This document", "", "openapi"},
    Route{Verb::get, "/healthz", Scope::open, Run::at_once, health, "The process answers", "", "health"},
    Route{Verb::get, "/readyz", Scope::open, Run::at_once, readiness, "It should be sent requests", "",
          "readiness"},
    Route{Verb::get, "/metrics", Scope::read, Run::at_once, metrics, "Prometheus' text format"},
};
// clang-format on

constexpr bool fits(Verb asked, Verb offered) {
  return asked == offered || (asked == Verb::head && offered == Verb::get);
}

}  // namespace

std::span<const Route> all_routes() noexcept {
  return kRoutes;
}

bool matches(std::string_view pattern, std::string_view path, std::vector<std::string>& parameters) {
  parameters.clear();
  while (!pattern.empty()) {
    const auto open = pattern.find('{');
    const std::string_view literal = pattern.substr(0, open);
    if (!path.starts_with(literal)) return false;
    path.remove_prefix(literal.size());
    if (open == std::string_view::npos) return path.empty();
    const auto close = pattern.find('}', open);
    const bool rest = pattern[close - 1] == '*';
    const std::string_view value = rest ? path : path.substr(0, path.find('/'));
    auto decoded = percent_decoded(value);
    if (value.empty() || !decoded) return false;
    parameters.push_back(std::move(*decoded));
    path.remove_prefix(value.size());
    pattern.remove_prefix(close + 1);
  }
  return path.empty();
}

Match find_route(Verb method, std::string_view path, std::vector<std::string>& parameters) {
  Match match;
  for (const Route& route : kRoutes) {
    if (!matches(route.path, path, parameters)) continue;
    if (fits(method, route.method)) {
      match.route = &route;
      return match;
    }
    match.allowed += (match.allowed.empty() ? "" : ", ") + std::string(name(route.method));
  }
  return match;
}

}  // namespace liftmark::service
