#include "apps/service/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "apps/service/routes.hpp"

namespace liftmark::service {
namespace {

constexpr std::array<std::string_view, 5> kOutcomes{"accepted", "duplicate", "conflict", "repeat",
                                                    "rejected"};

std::string label_of(std::size_t route) {
  const auto routes = all_routes();
  if (route >= routes.size()) return "route=\"none\",method=\"any\"";
  return fmt::format("route=\"{}\",method=\"{}\"", routes[route].path, name(routes[route].method));
}

}  // namespace

void Metrics::answered(std::size_t route, int status, std::int64_t microseconds) noexcept {
  Route& counts = routes_[std::min(route, kMostRoutes - 1)];
  counts.by_class[static_cast<std::size_t>(std::clamp(status / 100, 1, 5))].fetch_add(
      1, std::memory_order_relaxed);
  const auto place = std::lower_bound(kBounds.begin(), kBounds.end(), microseconds) - kBounds.begin();
  counts.by_time[static_cast<std::size_t>(place)].fetch_add(1, std::memory_order_relaxed);
  counts.microseconds.fetch_add(static_cast<std::uint64_t>(microseconds), std::memory_order_relaxed);
}

void Metrics::add_rows(std::string_view outcome, std::int64_t count) noexcept {
  const auto place = std::find(kOutcomes.begin(), kOutcomes.end(), outcome) - kOutcomes.begin();
  if (place < static_cast<std::ptrdiff_t>(rows_.size())) rows_[static_cast<std::size_t>(place)] += count;
}

std::string Metrics::text(const std::string& more) const {
  std::string text =
      "# HELP liftmark_requests_total Answers by route and class of status.\n"
      "# TYPE liftmark_requests_total counter\n";
  for (std::size_t r = 0; r < kMostRoutes; ++r)
    for (std::size_t c = 1; c < 6; ++c)
      if (const auto count = routes_[r].by_class[c].load(); count > 0)
        text += fmt::format("liftmark_requests_total{{{},status=\"{}xx\"}} {}\n", label_of(r), c, count);
  text +=
      "# HELP liftmark_request_seconds From the whole request to the answer.\n"
      "# TYPE liftmark_request_seconds histogram\n";
  for (std::size_t r = 0; r < kMostRoutes; ++r) {
    const Route& route = routes_[r];
    std::uint64_t total = 0;
    for (const auto& count : route.by_time) total += count.load();
    if (total == 0) continue;
    const std::string label = label_of(r);
    std::uint64_t sum = 0;
    for (std::size_t b = 0; b < kBounds.size(); ++b) {
      sum += route.by_time[b].load();
      text += fmt::format("liftmark_request_seconds_bucket{{{},le=\"{}\"}} {}\n", label,
                          static_cast<double>(kBounds[b]) / 1e6, sum);
    }
    text += fmt::format(
        "liftmark_request_seconds_bucket{{{0},le=\"+Inf\"}} {1}\n"
        "liftmark_request_seconds_sum{{{0}}} {2}\nliftmark_request_seconds_count{{{0}}} {1}\n",
        label, total, static_cast<double>(route.microseconds.load()) / 1e6);
  }
  text +=
      "# HELP liftmark_rows_total Exposures and events received, by outcome.\n"
      "# TYPE liftmark_rows_total counter\n";
  for (std::size_t i = 0; i < kOutcomes.size(); ++i)
    text += fmt::format("liftmark_rows_total{{outcome=\"{}\"}} {}\n", kOutcomes[i], rows_[i].load());
  text += fmt::format(
      "# TYPE liftmark_connections gauge\nliftmark_connections {}\n"
      "# TYPE liftmark_held_bytes gauge\nliftmark_held_bytes {}\n"
      "# TYPE liftmark_connections_refused_total counter\nliftmark_connections_refused_total {}\n"
      "# TYPE liftmark_timeouts_total counter\nliftmark_timeouts_total {}\n"
      "# TYPE liftmark_bad_requests_total counter\nliftmark_bad_requests_total {}\n"
      "# TYPE liftmark_streams_dropped_total counter\nliftmark_streams_dropped_total {}\n",
      connections.load(), held_bytes.load(), connections_refused.load(), timeouts.load(), bad_requests.load(),
      streams_dropped.load());
  return text + more;
}

}  // namespace liftmark::service
