#pragma once
// The sockets: listeners, connections, their limits and timeouts. A thread and an event loop a core, each
// with a listener of its own on the same port.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "apps/service/request_reader.hpp"
#include "apps/service/service.hpp"

namespace liftmark::service {

struct Timeouts {  // seconds
  int header = 10;
  int body = 30;
  int idle = 75;
  int write = 60;
  int drain = 30;
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;  ///< 0: any free one
  std::size_t threads = 0;    ///< 0: one a core
  std::size_t connections = 12'000;
  std::int64_t held_bytes = 256 << 20;  ///< of all bodies that are on their way or not answered yet
  ReadLimits limits;
  Timeouts timeouts;
  std::filesystem::path certificate, key;  ///< PEM; both empty: no TLS
};

class Server {
 public:
  /// Binds and listens. Throws Error{usage} when the address is none, is taken, or the TLS files are unfit.
  Server(Service& service, ServerOptions options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const noexcept;
  bool beyond_loopback() const noexcept;
  void start();
  /// Reads certificate and key anew; connections that are open keep the old ones. Throws Error{usage}.
  void reload_tls();
  /// Takes what has arrived, lets every request in flight be answered, closes, and returns when all is quiet
  /// or the time is over.
  void drain();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace liftmark::service
