#include "apps/service/service.hpp"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <utility>

#include "apps/service/growthbook.hpp"
#include "apps/service/ofrep.hpp"
#include "apps/service/problems.hpp"

namespace liftmark::service {
namespace {

constexpr std::size_t kWorkers = 2, kWaiting = 256;
constexpr std::size_t kSmallBody = 64u << 10;

std::shared_ptr<const Flags> newest_flags(ServedStore& store) {
  const auto version = store.newer_catalog(0, 0);
  return version ? std::make_shared<const Flags>(*version) : std::make_shared<const Flags>();
}

std::shared_ptr<const Tokens> tokens_of(const ServiceOptions& options) {
  return options.tokens.empty() ? std::make_shared<const Tokens>()
                                : Tokens::load(options.tokens, options.rate);
}

std::function<std::string(std::string_view)> stored_unit_of(ServedStore& store) {
  const Recorder* const writer = store.file_writer();
  return writer != nullptr ? writer->stored_unit() : std::function<std::string(std::string_view)>();
}

/// A thread that acts after every pause; none when the pause is zero.
std::jthread repeating(std::chrono::milliseconds pause, std::function<void()> action) {
  if (pause.count() <= 0) return {};
  return std::jthread([pause, action = std::move(action)](const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    for (;;) {
      wake.wait_for(lock, stop, pause, [] { return false; });
      if (stop.stop_requested()) return;
      action();
    }
  });
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
      store_(serve_store(options_.store)),
      segments_(store_->segments(nullptr)),
      flags_(newest_flags(*store_)),
      tokens_(tokens_of(options_)),
      access_log_(options_.access_log),
      catalog_events_(std::make_shared<EventChannel>()),
      feature_events_(std::make_shared<EventChannel>()),
      exposures_([this](Batch batch) { record(store_->sink(), std::move(batch)); },
                 [this](const std::vector<KeptArm>& arms) { keep_sticky_arms(recorder(), arms); },
                 {.stored_unit = stored_unit_of(*store_)}),
      workers_(kWorkers, kWaiting),
      care_(repeating(std::chrono::seconds(options_.care_seconds), [this] { care(); })),
      look_(repeating(store_->look_every(), [this] { look(); })) {}

Service::~Service() = default;

void Service::reload_tokens() {
  tokens_.replace(tokens_of(options_));
}

void Service::refresh() {
  const std::lock_guard lock(refreshing_);
  units().refresh();
  const auto known = segments_.share();
  if (auto segments = store_->segments(known); segments != known) segments_.replace(std::move(segments));
  const auto flags = flags_.share();
  const auto newest = store_->newer_catalog(flags->version, flags->bytes);
  if (!newest) return;
  auto next = std::make_shared<const Flags>(*newest);
  flags_.replace(next);
  catalog_events_->send(catalog_event(*next));
  if (feature_events_->size() > 0) feature_events_->send(feature_event(*next));
}

/// What nobody should have to remember. A failure shows in the log; the next round tries again.
void Service::care() {
  try {
    store_->care();
  } catch (const std::exception& error) {
    fmt::print(stderr, "liftmark: purging and compacting: {}\n", error.what());
  }
}

/// A catalog that was put in force elsewhere. Without the store the old one goes on.
void Service::look() {
  try {
    refresh();
    looked_well_ = true;
  } catch (const std::exception& error) {
    if (looked_well_) fmt::print(stderr, "liftmark: the catalog in force stays: {}\n", error.what());
    looked_well_ = false;
  }
}

Recorder& Service::recorder() {
  Recorder* const writer = store_->file_writer();
  if (writer == nullptr) throw std::logic_error("a store without a file has no writer of it");
  return *writer;
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
  if (auto refused = authorize(call, *match.route)) return refused;
  if (match.route->needs_file && store_->file_writer() == nullptr)
    return problem(501, "needs_file",
                   fmt::format("{} {} works on a store in a file only, and this one is in ClickHouse",
                               name(match.route->method), match.route->path));
  return std::nullopt;
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
        store_->note("request", fmt::format("{} {} by {}", name(route.method), route.path, call.token));
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
