// Health, readiness, metrics.

#include <fmt/format.h>

#include "apps/service/openapi.hpp"
#include "apps/service/problems.hpp"
#include "apps/service/service.hpp"

namespace liftmark::service {

void health(Service&, Call&, const Reply& reply) {
  Response response;
  response.body = R"({"status":"ok"})";
  reply(std::move(response));
}

/// Assignment goes on without the store, so a store that refuses does not make the service unready.
void readiness(Service& service, Call&, const Reply& reply) {
  const bool store = service.store_healthy();
  Response response;
  response.status = service.draining() ? 503 : 200;
  response.body = fmt::format(R"({{"status":"{}","store":"{}","catalog_version":{}}})",
                              service.draining() ? "draining" : "ready", store ? "ok" : "unavailable",
                              service.flags().pin()->version);
  reply(std::move(response));
}

void metrics(Service& service, Call&, const Reply& reply) {
  const ExposureBuffer& exposures = service.exposures();
  const std::string more = fmt::format(
      "# HELP liftmark_exposures_lost_total Exposures on evaluation that the store could not take in time.\n"
      "# TYPE liftmark_exposures_lost_total counter\nliftmark_exposures_lost_total {}\n"
      "# TYPE liftmark_exposures_waiting gauge\nliftmark_exposures_waiting {}\n"
      "# TYPE liftmark_store_up gauge\nliftmark_store_up {}\n"
      "# TYPE liftmark_catalog_version gauge\nliftmark_catalog_version {}\n"
      "# TYPE liftmark_event_streams gauge\nliftmark_event_streams {}\n",
      exposures.lost(), exposures.waiting(), service.store_healthy() ? 1 : 0, service.flags().pin()->version,
      service.catalog_events().size());
  Response response;
  response.type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = service.metrics().text(more);
  reply(std::move(response));
}

void openapi(Service&, Call&, const Reply& reply) {
  static const std::string document = openapi_document();
  Response response;
  response.body = document;
  reply(std::move(response));
}

}  // namespace liftmark::service
