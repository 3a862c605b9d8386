// Who may ask what: hosts, origins, tokens, rates.

#include <openssl/evp.h>

#include <algorithm>

#include "apps/service/problems.hpp"
#include "apps/service/service.hpp"

namespace liftmark::service {
namespace {

constexpr unsigned bit(Scope scope) noexcept {
  return 1u << static_cast<unsigned>(scope);
}

/// Without any token, a loopback address may do everything but administer.
constexpr unsigned kLoopbackScopes =
    bit(Scope::assign) | bit(Scope::record) | bit(Scope::read) | bit(Scope::growthbook);

/// What follows the scheme's name ("bearer "), or nothing.
std::optional<std::string_view> after_scheme(std::string_view authorization, std::string_view scheme) {
  const auto same = [](char expected, char found) {
    return expected == ' ' ? found == ' ' : (found | 0x20) == expected;
  };
  if (authorization.size() <= scheme.size() ||
      !std::equal(scheme.begin(), scheme.end(), authorization.begin(), same))
    return std::nullopt;
  return authorization.substr(scheme.size());
}

std::string from_base64(std::string_view text) {
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  bytes.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  while (!bytes.empty() && bytes.back() == '\0') bytes.pop_back();  // of the padding
  return bytes;
}

/// The token of a request: Bearer, X-API-Key, or, for people who read reports in a browser, the password of
/// HTTP Basic. A browser sends that one by itself, so it only opens what changes nothing.
std::string secret_of(const Request& request) {
  const std::string_view authorization = request[Field::authorization];
  if (const auto bearer = after_scheme(authorization, "bearer ")) return std::string(*bearer);
  if (const auto basic = after_scheme(authorization, "basic "); basic && request.method == Verb::get) {
    const std::string pair = from_base64(*basic);
    const auto colon = pair.find(':');
    return colon == std::string::npos ? std::string() : pair.substr(colon + 1);
  }
  return std::string(request[Field::api_key]);
}

/// "shop.example:8080" without its port, "[::1]:80" as "::1".
std::string_view host_name(std::string_view host) noexcept {
  if (host.starts_with('[')) {
    const auto close = host.find(']');
    return close == std::string_view::npos ? host : host.substr(1, close - 1);
  }
  return host.substr(0, host.rfind(':'));
}

/// An address cannot be rebound by a hostile DNS, a name can.
bool is_address(std::string_view host) noexcept {
  const bool v6 = host.find(':') != std::string_view::npos;
  return !host.empty() &&
         host.find_first_not_of(v6 ? "0123456789abcdefABCDEF:." : "0123456789.") == host.npos;
}

Response unauthorized(std::string_view message, const Route& route) {
  Response response = problem(401, "unauthorized", message);
  const bool page = route.path.starts_with("/reports/");
  add_header(response, "WWW-Authenticate",
             page ? "Basic realm=\"Liftmark: any name, a token as password\"" : "Bearer");
  return response;
}

}  // namespace

std::optional<Response> Service::check_host(const Request& request) const {
  const std::string_view host = host_name(request[Field::host]);
  if (host == "localhost" || is_address(host) ||
      std::find(options_.hosts.begin(), options_.hosts.end(), host) != options_.hosts.end())
    return std::nullopt;
  return problem(421, "unknown_host", "this service does not answer for this Host; see --allow-host");
}

bool Service::allows_origin(std::string_view origin) const {
  return std::find(options_.origins.begin(), options_.origins.end(), origin) != options_.origins.end();
}

void Service::add_cors(const Request& request, Response& response) const {
  if (options_.origins.empty()) return;
  response.headers += "Vary: Origin\r\n";
  const std::string_view origin = request[Field::origin];
  if (origin.empty() || !allows_origin(origin)) return;
  add_header(response, "Access-Control-Allow-Origin", origin);
  response.headers += "Access-Control-Expose-Headers: ETag, Retry-After, x-sse-support\r\n";
  if (request.method != Verb::options) return;
  response.headers +=
      "Access-Control-Allow-Methods: GET, POST, PUT\r\n"
      "Access-Control-Allow-Headers: Authorization, Content-Type, If-None-Match, X-API-Key, Last-Event-ID\r\n"
      "Access-Control-Max-Age: 600\r\n";
}

std::optional<Response> Service::authorize(Call& call, const Route& route) {
  if (route.scope == Scope::open || route.scope == Scope::stream) return std::nullopt;
  const auto tokens = tokens_.pin();
  // GrowthBook's SDKs carry their key in the path.
  const std::string secret = route.scope == Scope::growthbook ? call.parameters[0] : secret_of(call.request);
  if (tokens->empty()) {
    if (call.request.on_loopback && route.scope != Scope::admin) {
      call.scopes = kLoopbackScopes;
      return std::nullopt;
    }
    return unauthorized("this needs a token, and the service was started without --tokens", route);
  }
  if (secret.empty()) return unauthorized("send a token: Authorization: Bearer ..", route);
  const Token* token = tokens->find(secret);
  if (token == nullptr) return unauthorized("this token is not known", route);
  call.token = token->name;
  call.scopes = token->scopes;
  if (!token->has(route.scope))
    return problem(403, "forbidden", "this token does not have the scope " + std::string(name(route.scope)));
  if (const int seconds = token->limit.wait_seconds(steady_micros()); seconds > 0) {
    Response slow = problem(429, "rate_limited", "this token's requests come too fast");
    add_header(slow, "Retry-After", std::to_string(seconds));
    return slow;
  }
  return std::nullopt;
}

}  // namespace liftmark::service
