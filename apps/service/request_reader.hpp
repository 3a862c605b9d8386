#pragma once
// Bytes of a connection to requests. Knows HTTP/1.1 and its limits, and no sockets, so that it can be fuzzed.

#include <cstddef>
#include <memory>
#include <span>

#include "apps/service/http.hpp"

namespace liftmark::service {

struct ReadLimits {
  std::size_t header_bytes = 16u << 10;
  std::size_t body_bytes = 8u << 20;
};

class RequestReader {
 public:
  explicit RequestReader(const ReadLimits& limits);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  /// Where the next bytes may be put; then say how many came.
  std::span<char> space();
  void add(std::size_t bytes);

  enum class State {
    idle,     ///< nothing of the next request is here yet
    header,   ///< its header is on its way
    body,     ///< its body is on its way
    ready,    ///< request() is whole
    refused,  ///< refusal() says why; the connection must end
  };
  /// Reads on with the bytes that are here.
  State read();
  /// The whole request; its views live until next(). The body may be moved out.
  Request& request() noexcept;
  /// Whether the connection may serve another request after this one.
  bool keeps_alive() const noexcept;
  /// Bytes of the body that have come.
  std::size_t held() const noexcept;
  /// true once when the client waits for "100 Continue" before it sends the body.
  bool wants_continue();
  /// Forgets the request; bytes of the next, if they came, stay.
  void next();
  /// Gives back what came of a request that will not be served; the connection must end.
  void drop();
  const Response& refusal() const noexcept;

 private:
  struct State_;
  std::unique_ptr<State_> state_;
};

}  // namespace liftmark::service
