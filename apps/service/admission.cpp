// Who may ask what: hosts, origins, tokens, rates.

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

std::string_view secret_of(const Request& request) noexcept {
  constexpr std::string_view kBearer = "bearer ";
  const std::string_view authorization = request[Field::authorization];
  const auto same = [](char a, char b) { return (a | 0x20) == b; };
  if (authorization.size() > kBearer.size() &&
      std::equal(kBearer.begin(), kBearer.end(), authorization.begin(), [&](char expected, char found) {
        return expected == ' ' ? found == ' ' : same(found, expected);
      }))
    return authorization.substr(kBearer.size());
  return request[Field::api_key];
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

Response unauthorized(std::string_view message) {
  Response response = problem(401, "unauthorized", message);
  add_header(response, "WWW-Authenticate", "Bearer");
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
  const std::string_view secret =
      route.scope == Scope::growthbook ? std::string_view(call.parameters[0]) : secret_of(call.request);
  if (tokens->empty()) {
    if (call.request.on_loopback && route.scope != Scope::admin) {
      call.scopes = kLoopbackScopes;
      return std::nullopt;
    }
    return unauthorized("this needs a token, and the service was started without --tokens");
  }
  if (secret.empty()) return unauthorized("send a token: Authorization: Bearer ..");
  const Token* token = tokens->find(secret);
  if (token == nullptr) return unauthorized("this token is not known");
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
