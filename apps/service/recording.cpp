// Exposures and events in: answered when they are on disk.

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "apps/service/body.hpp"
#include "apps/service/problems.hpp"
#include "apps/service/service.hpp"
#include "engine/definition/time_point.hpp"
#include "engine/record/json_rows.hpp"

namespace liftmark::service {
namespace {

constexpr std::size_t kListed = 1000;  ///< rejected rows named one by one; all are counted

/// {"accepted", "duplicate", "conflict", "repeat", "rejected", "reasons", "rejections", "recorded_at",
/// "durable"}
std::string receipt_of(const Ack& ack, const JsonRows& rows) {
  std::vector<JsonRows::Refused> rejected = rows.refused;
  for (std::size_t i = 0; i < ack.rejections.size(); ++i)
    if (ack.outcomes[i] == Outcome::rejected) rejected.push_back({rows.row[i], name(ack.rejections[i])});
  std::sort(rejected.begin(), rejected.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
  std::map<std::string_view, std::size_t> reasons;
  for (const auto& one : rejected) ++reasons[one.reason];
  std::string text = fmt::format(
      "{{\"accepted\":{},\"duplicate\":{},\"conflict\":{},\"repeat\":{},\"rejected\":{},\"reasons\":{{",
      ack.accepted, ack.duplicate, ack.conflict, ack.repeat, rejected.size());
  for (const auto& [reason, count] : reasons)
    text += fmt::format("{}\"{}\":{}", text.back() == '{' ? "" : ",", reason, count);
  text += "},\"rejections\":[";
  for (std::size_t i = 0; i < std::min(rejected.size(), kListed); ++i)
    text += fmt::format("{}{{\"row\":{},\"reason\":\"{}\"}}", i == 0 ? "" : ",", rejected[i].row,
                        rejected[i].reason);
  return text + fmt::format("],\"recorded_at\":\"{}\",\"durable\":{}}}", format_time(ack.recorded_at),
                            ack.durable ? "true" : "false");
}

Response busy() {
  Response response = problem(503, "busy", "the store cannot take more at the moment; nothing was recorded");
  add_header(response, "Retry-After", "1");
  return response;
}

void count(Service& service, const Ack& ack, const JsonRows& rows) {
  Metrics& metrics = service.metrics();
  metrics.add_rows("accepted", ack.accepted);
  metrics.add_rows("duplicate", ack.duplicate);
  metrics.add_rows("conflict", ack.conflict);
  metrics.add_rows("repeat", ack.repeat);
  metrics.add_rows("rejected", ack.rejected + static_cast<std::int64_t>(rows.refused.size()));
}

void record(Service& service, Call& call, const Reply& reply, JsonRowsOptions options) {
  if (!service.store().records())
    return reply(
        problem(501, "own_tables", "the catalog names tables of your own, which are not written to"));
  const Limits& limits = service.options().limits;
  if (auto refused = unpack_body(call.request, limits.inflated_bytes)) return reply(std::move(*refused));
  options.arrival = now_micros();
  options.most_rows = limits.rows;
  options.id_bytes = limits.id_bytes;
  options.depth = limits.depth;
  if (!call.token.empty()) options.source = call.token;
  auto read = read_json_rows(call.request.body, options);
  if (!read) return reply(problem(400, "invalid_json", "the body is neither a JSON array nor NDJSON"));
  if (read->too_many)
    return reply(problem(413, "too_many_rows", fmt::format("at most {} rows a request", limits.rows)));
  Batch batch = std::move(read->batch);
  const auto rows = std::make_shared<const JsonRows>(std::move(*read));
  const bool taken = service.store().sink().try_submit(
      batch, [&service, reply, rows](const Ack& ack, std::exception_ptr failure) {
        service.set_store_healthy(failure == nullptr);
        if (failure) return reply(problem(failure));
        count(service, ack, *rows);
        Response response;
        response.body = receipt_of(ack, *rows);
        reply(std::move(response));
      });
  if (!taken) reply(busy());
}

}  // namespace

void record_events(Service& service, Call& call, const Reply& reply) {
  record(service, call, reply, {.kind = JsonRowsOptions::Kind::events});
}

void record_exposures(Service& service, Call& call, const Reply& reply) {
  record(service, call, reply, {.kind = JsonRowsOptions::Kind::exposures});
}

}  // namespace liftmark::service
