#pragma once
// The table of routes: one row and one handler each. The OpenAPI document is made from it.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/service/http.hpp"
#include "apps/service/tokens.hpp"

namespace liftmark::service {

class Service;

/// A request on its way through a handler; lives until the answer was given.
struct Call {
  Request request;
  std::vector<std::string> parameters;  ///< decoded, in the order of the path
  std::string token;                    ///< its name; empty: none
  unsigned scopes = 0;                  ///< what the caller may do, a bit per Scope
  std::size_t route = SIZE_MAX;
  std::int64_t started = 0;  ///< microseconds of the steady clock
  bool may(Scope scope) const noexcept { return (scopes >> static_cast<unsigned>(scope) & 1u) != 0; }
};

/// Gives its answer through `reply`, at once or later, on any thread; may throw instead.
using Handler = void (*)(Service& service, Call& call, const Reply& reply);

/// Where a handler runs: at once on the connection's thread; on a thread that may wait and compute; or the
/// one for small plain bodies and the other for the rest.
enum class Run { at_once, by_size, worker };

struct Route {
  Verb method;
  std::string_view path;  ///< "/v1/x/{name}"; a last "{name*}" takes the rest, slashes too
  Scope scope;
  Run run;
  Handler handler;
  std::string_view summary;
  std::string_view request = {};   ///< name of the schema of the body (apps/service/openapi.cpp); empty: none
  std::string_view response = {};  ///< .. of the answer; empty: not JSON
  std::string_view query = {};     ///< parameters of the query, separated by commas
  bool needs_file = false;         ///< refused where the store is in ClickHouse
};

std::span<const Route> all_routes() noexcept;

/// Whether `path` (still encoded) fits; fills in the decoded parameters.
bool matches(std::string_view pattern, std::string_view path, std::vector<std::string>& parameters);

struct Match {
  const Route* route = nullptr;
  std::string allowed;  ///< methods of this path when only the method is wrong, e.g. "GET, PUT"
};
Match find_route(Verb method, std::string_view path, std::vector<std::string>& parameters);

// Handlers, by file.
void evaluate_one(Service&, Call&, const Reply&);  // ofrep.cpp
void evaluate_all(Service&, Call&, const Reply&);
void record_exposures(Service&, Call&, const Reply&);  // recording.cpp
void record_events(Service&, Call&, const Reply&);
void list_experiments(Service&, Call&, const Reply&);  // reading.cpp
void show_experiment(Service&, Call&, const Reply&);
void show_scorecard(Service&, Call&, const Reply&);
void show_report(Service&, Call&, const Reply&);
void show_index(Service&, Call&, const Reply&);
void go_to_index(Service&, Call&, const Reply&);
void show_catalog(Service&, Call&, const Reply&);  // care.cpp
void put_catalog(Service&, Call&, const Reply&);
void give_consent(Service&, Call&, const Reply&);
void link(Service&, Call&, const Reply&);
void erase_unit(Service&, Call&, const Reply&);
void purge_events(Service&, Call&, const Reply&);
void compact_store(Service&, Call&, const Reply&);
void show_audit(Service&, Call&, const Reply&);
void stream_catalog_changes(Service&, Call&, const Reply&);  // streams.cpp
void growthbook_features(Service&, Call&, const Reply&);
void stream_growthbook(Service&, Call&, const Reply&);
void health(Service&, Call&, const Reply&);  // operating.cpp
void readiness(Service&, Call&, const Reply&);
void metrics(Service&, Call&, const Reply&);
void openapi(Service&, Call&, const Reply&);

}  // namespace liftmark::service
