// OFREP 0.3: a flag is an experiment, its variant the arm.

#include "apps/service/ofrep.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include "apps/service/evaluation_context.hpp"
#include "apps/service/problems.hpp"
#include "apps/service/service.hpp"

namespace liftmark::service {
namespace {

ContextReader& reader_of_thread() {
  thread_local ContextReader reader;
  return reader;
}

Response evaluation_error(int status, const std::string* key, std::string_view code,
                          std::string_view details) {
  Response response;
  response.status = status;
  response.body = "{";
  if (key != nullptr) response.body += "\"key\":" + json_text(*key) + ",";
  response.body += fmt::format("\"errorCode\":\"{}\",\"errorDetails\":{}}}", code, json_text(details));
  return response;
}

/// What the assigner is asked, with what the store knows of the unit.
struct Question {
  assign::Current<StoredSegments>::Pin stored_segments;
  assign::Context context;
  std::vector<assign::StickyArm> kept;

  Question(Service& service, ContextReader& reader, const Flags& flags)
      : stored_segments(service.segments().pin()) {
    const auto stored = stored_segments->of(reader.unit);
    reader.segments.insert(reader.segments.end(), stored.begin(), stored.end());
    context.unit = reader.unit;
    context.attributes = reader.attributes;
    context.segments = reader.segments;
    context.consent = service.units().consent(reader.unit);
    if (flags.any_sticky) kept = service.units().kept_arms(reader.unit);
    context.sticky = kept;
    context.sticky_unreadable = flags.any_sticky && service.units().sticky_unreadable();
  }
};

void record_exposure(Service& service, const Flag& flag, const assign::Assignment& given,
                     const ContextReader& asked) {
  std::vector<std::string> texts;
  std::vector<Property> attributes;
  texts.reserve(flag.segments.size());
  for (const std::string& segment : flag.segments)
    for (const assign::Attribute& attribute : asked.attributes) {
      if (attribute.name != segment || texts.size() == flag.segments.size()) continue;
      texts.push_back(exposed_text(attribute.value));
      attributes.push_back({segment, texts.back()});
    }
  Exposure exposure;
  exposure.experiment = given.experiment();
  exposure.epoch = given.epoch;
  exposure.unit = asked.unit;
  exposure.arm = given.arm();
  exposure.at = now_micros();
  exposure.attributes = attributes;
  service.exposures().add(exposure);
}

void record_holdouts(Service& service, const Flags& flags, const Flag& flag, const ContextReader& asked) {
  each_holdout_exposure(flag.holdouts, flags.assigner->holdout_of(asked.unit, flag.layer),
                        [&](std::string_view holdout, std::string_view arm) {
                          Exposure exposure;
                          exposure.experiment = holdout;
                          exposure.unit = asked.unit;
                          exposure.arm = arm;
                          exposure.at = now_micros();
                          service.exposures().add(exposure);
                        });
}

/// What an evaluation leaves behind: exposures where the catalog says so, a kept arm where it is sticky.
void leave_traces(Service& service, const Flags& flags, std::size_t index, const assign::Assignment& given,
                  const ContextReader& asked) {
  const Flag& flag = flags.flags[index];
  if (!flag.holdouts.empty() && service.records_evaluations() && joins_holdouts(given.reason))
    record_holdouts(service, flags, flag, asked);
  if (!given.measured()) return;
  if (flag.records && service.records_evaluations()) record_exposure(service, flag, given, asked);
  if (flag.sticky && given.reason == assign::Reason::assigned && !given.sticky_unreadable &&
      service.units().keep(asked.unit, given.experiment(), given.epoch, given.arm()))
    service.exposures().keep(
        {std::string(asked.unit), std::string(given.experiment()), given.epoch, std::string(given.arm())});
}

std::string etag_of(std::string_view body, const Flags& flags, std::string_view more) {
  const XXH128_hash_t hash = XXH3_128bits(body.data(), body.size());
  const std::uint64_t rest =
      XXH3_64bits(more.data(), more.size()) ^ static_cast<std::uint64_t>(flags.version);
  return fmt::format("\"{:016x}{:016x}{:08x}\"", hash.high64, hash.low64, rest & 0xffffffff);
}

}  // namespace

Response as_evaluation_error(const Response& response, std::string_view path) {
  constexpr std::string_view kOne = "/ofrep/v1/evaluate/flags/";
  const auto key = path.starts_with(kOne) ? percent_decoded(path.substr(kOne.size())) : std::nullopt;
  Response error = evaluation_error(response.status, key ? &*key : nullptr, "GENERAL", response.message);
  error.headers = response.headers;
  error.close = response.close;
  return error;
}

void evaluate_one(Service& service, Call& call, const Reply& reply) {
  const std::string& key = call.parameters[0];
  ContextReader& asked = reader_of_thread();
  const Limits& limits = service.options().limits;
  const ContextFault fault = asked.read(call.request.body, limits.id_bytes, limits.depth);
  if (fault != ContextFault::none) return reply(evaluation_error(400, &key, name(fault), asked.detail));
  Response response;
  {
    const auto flags = service.flags().pin();
    const auto index = flags->assigner->find(key);
    if (!index) {
      response = evaluation_error(404, &key, "FLAG_NOT_FOUND", "no experiment has this key");
    } else {
      const Question question(service, asked, *flags);
      const assign::Assignment given = flags->assigner->assign(question.context, *index);
      append_answer(flags->flags[*index], given, response.body);
      leave_traces(service, *flags, *index, given, asked);
    }
  }
  reply(std::move(response));
}

void evaluate_all(Service& service, Call& call, const Reply& reply) {
  ContextReader& asked = reader_of_thread();
  const Limits& limits = service.options().limits;
  const ContextFault fault = asked.read(call.request.body, limits.id_bytes, limits.depth);
  if (fault != ContextFault::none) return reply(evaluation_error(400, nullptr, name(fault), asked.detail));
  Response response;
  std::string& body = response.body;
  {
    const auto flags = service.flags().pin();
    thread_local std::vector<assign::Assignment> given;
    given.resize(flags->assigner->size());
    const Question question(service, asked, *flags);
    flags->assigner->assign_all(question.context, given);
    body = "{\"flags\":[";
    for (std::size_t i = 0; i < given.size(); ++i) {
      if (i > 0) body += ',';
      append_answer(flags->flags[i], given[i], body);
      leave_traces(service, *flags, i, given[i], asked);
    }
    body += fmt::format("],\"metadata\":{{\"version\":{}}}", flags->version);
    const std::string streams = service.event_stream_link();
    add_header(response, "ETag", etag_of(body, *flags, streams));
    body += streams + "}";
  }
  const std::string_view wanted = call.request[Field::if_none_match];
  const std::string_view etag(response.headers.data() + 6, response.headers.size() - 8);
  if (!wanted.empty() && (wanted.find(etag) != std::string_view::npos || wanted == "*")) {
    response.status = 304;
    body.clear();
  }
  reply(std::move(response));
}

}  // namespace liftmark::service
