// One of the files that see Boost.Asio and Beast: listeners and connections, plain and TLS.
#include "apps/service/server.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <ctime>

#include <boost/beast/http/status.hpp>

#include "apps/service/connection.hpp"

namespace liftmark::service {

std::string head_of(const Response& response, bool close, const std::string& date) {
  const auto reason = boost::beast::http::obsolete_reason(
      boost::beast::http::int_to_status(static_cast<unsigned>(response.status)));
  std::string head = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status,
                                 std::string_view(reason.data(), reason.size()), date);
  const bool body = response.status != 204 && response.status != 304;
  if (body) head.append("Content-Type: ").append(response.type).append("\r\n");
  if (body && response.channel == nullptr)
    head += fmt::format("Content-Length: {}\r\n", response.body.size());
  head.append(standard_headers(response)).append(response.headers);
  head.append(close ? "Connection: close\r\n\r\n" : "\r\n");
  return head;
}

namespace {

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[40];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

}  // namespace

void Loop::open(const tcp::endpoint& endpoint) {
  acceptor.open(endpoint.protocol());
  const int on = 1;
  ::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  acceptor.set_option(tcp::acceptor::reuse_address(true));
  acceptor.bind(endpoint);
  acceptor.listen(4096);
  acceptor.non_blocking(true);
  date = http_date();
}

void Loop::admit(tcp::socket socket) {
  error_code error;
  const auto local = socket.local_endpoint(error);
  const auto peer = socket.remote_endpoint(error);
  if (error) return;
  if (shared.connections.fetch_add(1) >= shared.options.connections) {
    --shared.connections;
    ++shared.service.metrics().connections_refused;
    return;
  }
  ++shared.service.metrics().connections;
  socket.set_option(tcp::no_delay(true), error);
  const auto enter = [&](auto connection) {
    connections.push_back(connection);
    connection->place = std::prev(connections.end());
    connection->start(local, peer);
  };
  if (const auto tls = shared.current_tls())
    enter(std::make_shared<Connection<TlsStream>>(*this, std::move(socket), *tls));
  else
    enter(std::make_shared<Connection<tcp::socket>>(*this, std::move(socket)));
}

void Loop::accept() {
  acceptor.async_accept([this](error_code error, tcp::socket socket) {
    if (!acceptor.is_open()) return;
    if (!error) {
      admit(std::move(socket));
      return accept();
    }
    // Out of files, say: not in a hurry.
    const auto pause = std::make_shared<asio::steady_timer>(io, std::chrono::milliseconds(50));
    pause->async_wait([this, pause](error_code) {
      if (acceptor.is_open()) accept();
    });
  });
}

void Loop::tick() {
  timer.expires_after(std::chrono::seconds(1));
  timer.async_wait([this](error_code error) {
    if (error) return;
    ++now;
    date = http_date();
    for (auto next = connections.begin(); next != connections.end();) (*next++)->tick();
    shared.service.access_log().flush();
    if (!draining || !connections.empty()) tick();
  });
}

/// What has arrived already is served: closing a listener resets the connections that wait in it.
void Loop::stop_accepting() {
  draining = true;
  error_code error;
  for (;;) {
    tcp::socket socket(io);
    acceptor.accept(socket, error);
    if (error) break;
    admit(std::move(socket));
  }
  acceptor.close(error);
}

namespace {

std::shared_ptr<asio::ssl::context> make_tls(const ServerOptions& options) {
  if (options.certificate.empty() && options.key.empty()) return nullptr;
  require_private(options.key);
  try {
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                         asio::ssl::context::no_tlsv1_1 | asio::ssl::context::no_compression);
    context->use_certificate_chain_file(options.certificate.string());
    context->use_private_key_file(options.key.string(), asio::ssl::context::pem);
    return context;
  } catch (const boost::system::system_error& error) {
    throw Error(ErrorCode::usage, options.certificate.string(),
                "the certificate and the key cannot be used: " + error.code().message(),
                "both must be PEM files and belong together");
  }
}

}  // namespace

struct Server::State {
  State(Service& service, ServerOptions chosen)
      : options(std::move(chosen)), shared{service, options, {}, {}, {}} {}
  ServerOptions options;
  Shared shared;
  std::vector<std::unique_ptr<Loop>> loops;
  tcp::endpoint endpoint;
};

Server::Server(Service& service, ServerOptions options)
    : state_(std::make_unique<State>(service, std::move(options))) {
  const ServerOptions& chosen = state_->options;
  error_code error;
  const auto address = asio::ip::make_address(chosen.address, error);
  if (error)
    throw Error(ErrorCode::usage,
                Problem{"--listen", "is no address", chosen.address, "for example 127.0.0.1"});
  state_->shared.tls = make_tls(chosen);
  state_->endpoint = tcp::endpoint(address, chosen.port);
  std::size_t threads =
      chosen.threads != 0 ? chosen.threads : std::max(1u, std::thread::hardware_concurrency());
  try {
    for (std::size_t i = 0; i < threads; ++i) {
      auto loop = std::make_unique<Loop>(state_->shared);
      loop->open(state_->endpoint);
      state_->endpoint.port(loop->acceptor.local_endpoint().port());
      state_->loops.push_back(std::move(loop));
    }
  } catch (const boost::system::system_error& failure) {
    throw Error(ErrorCode::usage, fmt::format("{}:{}", chosen.address, chosen.port),
                "cannot listen here: " + failure.code().message(), "choose another with --listen or --port");
  }
}

Server::~Server() {
  drain();
}

std::uint16_t Server::port() const noexcept {
  return state_->endpoint.port();
}

bool Server::beyond_loopback() const noexcept {
  return !state_->endpoint.address().is_loopback();
}

void Server::start() {
  for (auto& loop : state_->loops) {
    loop->accept();
    loop->tick();
    loop->thread = std::thread([&io = loop->io] { io.run(); });
  }
}

void Server::reload_tls() {
  auto next = make_tls(state_->options);
  const std::lock_guard lock(state_->shared.tls_mutex);
  state_->shared.tls = std::move(next);
}

void Server::drain() {
  state_->shared.service.drain();
  for (auto& loop : state_->loops)
    if (loop->thread.joinable()) asio::post(loop->io, [&loop = *loop] { loop.stop_accepting(); });
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(state_->options.timeouts.drain);
  for (auto& loop : state_->loops) {
    if (!loop->thread.joinable()) continue;
    while (!loop->io.stopped() && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    // Handlers still at work answer into this loop: it stays until they have.
    while (loop->in_flight != 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    asio::post(loop->io, [&loop = *loop] {
      while (!loop.connections.empty()) loop.connections.front()->abandon();
      loop.timer.cancel();
    });
    loop->thread.join();
  }
  state_->loops.clear();
}

}  // namespace liftmark::service
