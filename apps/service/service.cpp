#include "apps/service/service.hpp"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <utility>

#include "apps/service/growthbook.hpp"
#include "apps/service/ofrep.hpp"
#include "apps/service/problems.hpp"
#include "engine/record/audit.hpp"
#include "engine/record/compaction.hpp"

namespace liftmark::service {
namespace {

constexpr std::size_t kWorkers = 2, kWaiting = 256;
constexpr std::size_t kSmallBody = 64u << 10;

std::shared_ptr<const Flags> newest_flags(Store& store) {
  const auto version = store.get_catalog();
  return version ? std::make_shared<const Flags>(*version) : std::make_shared<const Flags>();
}

std::shared_ptr<const Tokens> tokens_of(const ServiceOptions& options) {
  return options.tokens.empty() ? std::make_shared<const Tokens>()
                                : Tokens::load(options.tokens, options.rate);
}

}  // namespace

std::string catalog_event(const Flags& flags) {
  return format_event(fmt::format("{}", flags.version), "message", R"({"type":"refetchEvaluation"})");
}

std::int64_t steady_micros() noexcept {
  using namespace std::chrono;
  return duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
}

Service::Service(ServiceOptions options)
    : options_(std::move(options)),
      store_(Store::open(options_.store)),
      recorder_(store_),
      units_(recorder_),
      segments_(std::make_shared<const StoredSegments>(options_.store)),
      flags_([this] {
        std::shared_ptr<const Flags> flags;
        recorder_.exclusive([&](Store& store) { flags = newest_flags(store); });
        return flags;
      }()),
      tokens_(tokens_of(options_)),
      access_log_(options_.access_log),
      catalog_events_(std::make_shared<EventChannel>()),
      feature_events_(std::make_shared<EventChannel>()),
      exposures_([this](Batch batch) { recorder_.record(std::move(batch)); },
                 [this](const std::vector<KeptArm>& arms) { keep_sticky_arms(recorder_, arms); },
                 {.stored_unit = recorder_.stored_unit()}),
      workers_(kWorkers, kWaiting),
      care_([this](const std::stop_token& stop) { care(stop); }) {}

Service::~Service() = default;

void Service::reload_tokens() {
  tokens_.replace(tokens_of(options_));
}

void Service::refresh() {
  const std::lock_guard lock(refreshing_);
  units_.refresh();
  if (!segments_.pin()->is_current())
    segments_.replace(std::make_shared<const StoredSegments>(options_.store));
  std::optional<CatalogVersion> newest;
  recorder_.exclusive([&](Store& store) { newest = store.get_catalog(); });
  if (!newest || newest->version == flags_.pin()->version) return;
  auto next = std::make_shared<const Flags>(*newest);
  flags_.replace(next);
  catalog_events_->send(catalog_event(*next));
  if (feature_events_->size() > 0) feature_events_->send(feature_event(*next));
}

/// What nobody should have to remember. A failure shows in the log; the next round tries again.
void Service::care(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  while (options_.care_seconds > 0 && !stop.stop_requested()) {
    wake.wait_for(lock, stop, std::chrono::seconds(options_.care_seconds), [] { return false; });
    if (stop.stop_requested()) return;
    try {
      purge(recorder_);
      compact(recorder_);
      finish_erasures(recorder_);
    } catch (const std::exception& error) {
      fmt::print(stderr, "liftmark: purging and compacting: {}\n", error.what());
    }
  }
}

std::string Service::event_stream_link() const {
  return fmt::format(
      R"(,"eventStreams":[{{"type":"sse","endpoint":{{"requestUri":"/ofrep/v1/events?token={}"}},"inactivityDelaySec":120}}])",
      stream_tokens_.issue(now_micros() / kMicrosPerSecond));
}

void Service::handle(Call& call, Reply reply) {
  call.started = steady_micros();
  call.route = SIZE_MAX;
  call.token.clear();
  call.scopes = 0;
  const Reply last = [this, &call, reply = std::move(reply)](Response&& response) {
    finish(call, response);
    reply(std::move(response));
  };
  try {
    if (auto refused = refuse(call)) return last(std::move(*refused));
    run(call, all_routes()[call.route], last);
  } catch (...) {
    last(problem(std::current_exception()));
  }
}

/// What must be said before any handler: wrong host or path, no right to it.
std::optional<Response> Service::refuse(Call& call) {
  const Request& request = call.request;
  if (auto refused = check_host(request)) return refused;
  const std::string_view origin = request[Field::origin];
  if (!origin.empty() && !allows_origin(origin) &&
      !origin.ends_with("://" + std::string(request[Field::host])))
    return problem(403, "origin_not_allowed", "pages of this origin may not ask; see --allow-origin");
  if (request.method == Verb::options && !request[Field::request_method].empty()) {
    Response preflight;
    preflight.status = 204;
    return preflight;
  }
  const Match match = find_route(request.method, request.path(), call.parameters);
  if (match.route == nullptr && match.allowed.empty())
    return problem(404, "not_found", "there is nothing at this path; GET /openapi.json lists what there is");
  if (match.route == nullptr) {
    Response wrong = problem(405, "method_not_allowed", "this path takes " + match.allowed);
    add_header(wrong, "Allow", match.allowed);
    return wrong;
  }
  call.route = static_cast<std::size_t>(match.route - all_routes().data());
  return authorize(call, *match.route);
}

void Service::run(Call& call, const Route& route, const Reply& reply) {
  const Request& request = call.request;
  const bool small = request.body.size() <= kSmallBody && request[Field::content_encoding].empty();
  if (route.run == Run::at_once || (route.run == Run::by_size && small))
    return route.handler(*this, call, reply);
  const bool taken = workers_.post([this, &call, &route, reply] {
    try {
      // Asked for by whom; what was done is logged by those who do it. Both without ids of units.
      if (route.scope == Scope::admin && route.method != Verb::get)
        write_audit(recorder_, "request",
                    fmt::format("{} {} by {}", name(route.method), route.path, call.token));
      route.handler(*this, call, reply);
    } catch (...) {
      reply(problem(std::current_exception()));
    }
  });
  if (taken) return;
  Response busy = problem(503, "busy", "too many requests are waiting");
  add_header(busy, "Retry-After", "1");
  reply(std::move(busy));
}

/// What every answer gets, and what is counted of it.
void Service::finish(Call& call, Response& response) {
  const Request& request = call.request;
  if (response.status >= 400 && request.path().starts_with(kEvaluationPath) &&
      response.body.find("\"errorCode\"") == std::string::npos)
    response = as_evaluation_error(response, request.path());
  add_cors(request, response);
  response.close = response.close || draining_;
  const std::int64_t took = steady_micros() - call.started;
  metrics_.answered(call.route, response.status, took);
  if (!access_log_.on()) return;
  access_log_.add({name(request.method),
                   call.route < all_routes().size() ? all_routes()[call.route].path : "none", call.token,
                   request.client, response.status, response.body.size(), took});
}

}  // namespace liftmark::service
