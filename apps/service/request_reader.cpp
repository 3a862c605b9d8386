// One of the files that see Boost.Beast: its request parser, fed by hand.
#include "apps/service/request_reader.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "apps/service/problems.hpp"

namespace liftmark::service {

namespace beast = boost::beast;
namespace http = boost::beast::http;

struct RequestReader::State_ {
  explicit State_(const ReadLimits& chosen) : limits(chosen) { begin(); }

  void begin() {
    parser.emplace();
    parser->eager(true);
    parser->header_limit(static_cast<std::uint32_t>(limits.header_bytes));
    parser->body_limit(limits.body_bytes);
    continued = false;
  }

  ReadLimits limits;
  beast::flat_buffer buffer;
  std::optional<http::request_parser<http::string_body>> parser;
  Request request;
  Response refusal;
  bool continued = false;
};

namespace {

Verb verb_of(http::verb verb) noexcept {
  switch (verb) {
    case http::verb::get:
      return Verb::get;
    case http::verb::head:
      return Verb::head;
    case http::verb::post:
      return Verb::post;
    case http::verb::put:
      return Verb::put;
    case http::verb::delete_:
      return Verb::remove;
    case http::verb::options:
      return Verb::options;
    default:
      return Verb::other;
  }
}

std::optional<Field> field_of(http::field field, std::string_view text) noexcept {
  switch (field) {
    case http::field::accept_encoding:
      return Field::accept_encoding;
    case http::field::authorization:
      return Field::authorization;
    case http::field::content_encoding:
      return Field::content_encoding;
    case http::field::content_type:
      return Field::content_type;
    case http::field::host:
      return Field::host;
    case http::field::if_none_match:
      return Field::if_none_match;
    case http::field::origin:
      return Field::origin;
    case http::field::access_control_request_headers:
      return Field::request_headers;
    case http::field::access_control_request_method:
      return Field::request_method;
    case http::field::unknown:
      if (beast::iequals(text, "x-api-key")) return Field::api_key;
      if (beast::iequals(text, "last-event-id")) return Field::last_event_id;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::string_view view(beast::string_view text) noexcept {
  return {text.data(), text.size()};
}

/// Fills the request from the parser's message; false when a field that decides something is there twice.
bool fill(const http::request<http::string_body>& message, Request& request) {
  request.method = verb_of(message.method());
  request.target = view(message.target());
  request.fields = {};
  for (const auto& field : message) {
    const auto known = field_of(field.name(), view(field.name_string()));
    if (!known) continue;
    auto& value = request.fields[static_cast<std::size_t>(*known)];
    if (value.data() != nullptr) return false;
    value = view(field.value());
  }
  return !request[Field::host].empty() || message.version() < 11;
}

Response refusal_for(const beast::error_code& error) {
  if (error == http::error::header_limit)
    return problem(431, "header_too_large", "the header is larger than this service reads");
  if (error == http::error::body_limit || error == http::error::buffer_overflow)
    return problem(413, "body_too_large", "the body is larger than this service reads");
  return problem(400, "bad_request", "this is no HTTP/1.1 request that can be understood");
}

}  // namespace

RequestReader::RequestReader(const ReadLimits& limits) : state_(std::make_unique<State_>(limits)) {}
RequestReader::~RequestReader() = default;

std::span<char> RequestReader::space() {
  constexpr std::size_t kLeast = 2048, kMost = 1u << 16;
  auto& buffer = state_->buffer;
  const bool large = state_->parser->is_header_done();
  const auto area = buffer.prepare(
      std::max<std::size_t>(std::min(buffer.capacity() - buffer.size(), kMost), large ? kMost : kLeast));
  return {static_cast<char*>(area.data()), area.size()};
}

void RequestReader::add(std::size_t bytes) {
  state_->buffer.commit(bytes);
}

RequestReader::State RequestReader::read() {
  auto& parser = *state_->parser;
  auto& buffer = state_->buffer;
  while (!parser.is_done()) {
    if (buffer.size() == 0) break;
    beast::error_code error;
    const std::size_t used = parser.put(buffer.data(), error);
    buffer.consume(used);
    if (error == http::error::need_more) {
      // A header, or the line before a chunk, that does not end.
      if (used == 0 && buffer.size() > state_->limits.header_bytes)
        error = http::error::header_limit;
      else
        break;
    }
    if (error) {
      state_->refusal = refusal_for(error);
      return State::refused;
    }
  }
  if (!parser.is_done()) {
    if (parser.is_header_done()) return State::body;
    return buffer.size() == 0 && !parser.got_some() ? State::idle : State::header;
  }
  if (!fill(parser.get(), state_->request)) {
    state_->refusal = problem(400, "bad_request", "Host is missing, or a header field is given twice");
    return State::refused;
  }
  state_->request.body = std::move(parser.get().body());
  return State::ready;
}

Request& RequestReader::request() noexcept {
  return state_->request;
}

bool RequestReader::keeps_alive() const noexcept {
  return state_->parser->keep_alive() && state_->parser->get().version() == 11;
}

std::size_t RequestReader::held() const noexcept {
  return state_->parser->get().body().size();
}

bool RequestReader::wants_continue() {
  auto& parser = *state_->parser;
  if (state_->continued || !parser.is_header_done() || parser.is_done()) return false;
  state_->continued = beast::iequals(parser.get()[http::field::expect], "100-continue");
  return state_->continued;
}

void RequestReader::next() {
  // A large body's memory is not kept by an idle connection.
  if (state_->buffer.size() == 0 && state_->buffer.capacity() > 8192) state_->buffer.shrink_to_fit();
  state_->begin();
}

void RequestReader::drop() {
  state_->buffer.clear();
  state_->buffer.shrink_to_fit();
  state_->begin();
}

const Response& RequestReader::refusal() const noexcept {
  return state_->refusal;
}

}  // namespace liftmark::service
