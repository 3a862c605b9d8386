// Event streams: they only say "fetch again".

#include <fmt/format.h>

#include "apps/service/growthbook.hpp"
#include "apps/service/problems.hpp"
#include "apps/service/service.hpp"

namespace liftmark::service {
namespace {

Response stream(std::shared_ptr<EventChannel> channel, std::string first) {
  Response response;
  response.type = "text/event-stream";
  response.headers = "X-Accel-Buffering: no\r\n";
  response.body = "retry: 3000\n\n" + first;
  response.channel = std::move(channel);
  return response;
}

}  // namespace

void stream_catalog_changes(Service& service, Call& call, const Reply& reply) {
  const auto token = query_value(call.request.target, "token");
  if (!token || !service.stream_tokens().valid(*token, now_micros() / kMicrosPerSecond))
    return reply(
        problem(401, "unauthorized", "the token of this stream is over; a bulk evaluation gives a new one"));
  const auto flags = service.flags().share();
  const std::string_view seen = call.request[Field::last_event_id];
  const bool missed = !seen.empty() && seen != fmt::format("{}", flags->version);
  reply(stream(service.share_catalog_events(), missed ? catalog_event(*flags) : ": connected\n\n"));
}

void growthbook_features(Service& service, Call&, const Reply& reply) {
  Response response;
  response.body = growthbook_payload(*service.flags().share());
  response.headers = "x-sse-support: enabled\r\n";
  reply(std::move(response));
}

void stream_growthbook(Service& service, Call&, const Reply& reply) {
  reply(stream(service.share_feature_events(), feature_event(*service.flags().share())));
}

}  // namespace liftmark::service
