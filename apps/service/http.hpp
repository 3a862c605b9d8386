#pragma once
// A request and its answer as plain values: what every handler sees. No sockets and no HTTP library in here.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace liftmark::service {

enum class Verb : std::uint8_t { get, head, post, put, remove, options, other };
std::string_view name(Verb method) noexcept;

/// The header fields anything here reads; the others are dropped at the door.
enum class Field : std::uint8_t {
  accept_encoding,
  api_key,
  authorization,
  content_encoding,
  content_type,
  host,
  if_none_match,
  last_event_id,
  origin,
  request_headers,  ///< Access-Control-Request-Headers
  request_method,   ///< Access-Control-Request-Verb
  count
};
inline constexpr std::size_t kFields = static_cast<std::size_t>(Field::count);

/// Views are valid until the answer was given.
struct Request {
  Verb method = Verb::get;
  std::string_view target;  ///< as sent, e.g. "/v1/events?dry_run=1"
  std::array<std::string_view, kFields> fields{};
  std::string body;
  std::string client;        ///< the peer's address
  bool on_loopback = false;  ///< it came in through a loopback address
  std::string_view operator[](Field field) const noexcept { return fields[static_cast<std::size_t>(field)]; }
  std::string_view path() const noexcept { return target.substr(0, target.find('?')); }
};

/// The decoded value of a parameter of the target's query; nothing when it is not there or badly encoded.
std::optional<std::string> query_value(std::string_view target, std::string_view key);
/// Everything but letters, digits and -._~ as "%41".
std::string percent_encoded(std::string_view text);
/// "%41" becomes "A"; nothing when an escape is broken or gives a NUL.
std::optional<std::string> percent_decoded(std::string_view text);

class EventChannel;

struct Response {
  int status = 200;
  std::string_view type = "application/json";  ///< media type, a static text
  std::string headers{};                       ///< further ones, each "Name: value\r\n"
  std::string body{};
  std::string message{};                    ///< of an error, for people; for those who put it in another form
  bool close = false;                       ///< the connection ends with this answer
  std::shared_ptr<EventChannel> channel{};  ///< set: an event stream that begins with `body` and goes on
};

/// Adds a header whose value may have come from outside: line ends and other control characters are dropped.
void add_header(Response& response, std::string_view key, std::string_view value);

/// The header fields that every answer has for safety's sake: nosniff, a closed CSP unless it is a page that
/// brings its own, no storing unless it has an ETag. Lines with their ends.
std::string standard_headers(const Response& response);

/// Called exactly once, on any thread.
using Reply = std::function<void(Response&&)>;

}  // namespace liftmark::service
