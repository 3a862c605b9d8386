#include "apps/service/routes.hpp"

#include <array>

namespace liftmark::service {
namespace {

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
