#pragma once
// Connections, plain and TLS. Seen by server.cpp only, because it brings Boost.Asio.

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <ctime>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include "apps/service/problems.hpp"
#include "apps/service/server.hpp"

namespace liftmark::service {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using TlsStream = asio::ssl::stream<tcp::socket>;

constexpr std::size_t kStreamBacklog = 1u << 20;  ///< bytes an event stream may lag behind
constexpr int kPingSeconds = 20;
constexpr int kLingerSeconds = 2;
constexpr int kForever = INT32_MAX;

/// What the loops share.
struct Shared {
  Service& service;
  const ServerOptions& options;
  std::atomic<std::size_t> connections{0};
  std::mutex tls_mutex;
  std::shared_ptr<asio::ssl::context> tls;
  std::shared_ptr<asio::ssl::context> current_tls() {
    const std::lock_guard lock(tls_mutex);
    return tls;
  }
};

class AnyConnection {
 public:
  virtual ~AnyConnection() = default;
  virtual void tick() = 0;
  virtual void abandon() = 0;
  std::list<std::shared_ptr<AnyConnection>>::iterator place;
};

/// One thread's event loop.
struct Loop {
  explicit Loop(Shared& owner) : shared(owner), io(1), acceptor(io), timer(io) {}

  void open(const tcp::endpoint& endpoint);
  void accept();
  void admit(tcp::socket socket);
  void tick();
  void stop_accepting();

  Shared& shared;
  asio::io_context io;
  tcp::acceptor acceptor;
  asio::steady_timer timer;
  std::list<std::shared_ptr<AnyConnection>> connections;
  std::atomic<std::size_t> in_flight{0};
  int now = 0;  ///< seconds since the start
  std::string date;
  bool draining = false;
  std::thread thread;
};

/// The head of an answer, up to and with the empty line.
std::string head_of(const Response& response, bool close, const std::string& date);

/// A connection lives on its loop's thread; only reply() and events come from others, and are posted.
template <class Stream>
class Connection final : public AnyConnection, public std::enable_shared_from_this<Connection<Stream>> {
 public:
  template <class... Arguments>
  Connection(Loop& loop, Arguments&&... arguments)
      : loop_(loop), stream_(std::forward<Arguments>(arguments)...), reader_(loop.shared.options.limits) {}

  void start(const tcp::endpoint& local, const tcp::endpoint& peer) {
    on_loopback_ = local.address().is_loopback();
    client_ = peer.address().to_string();
    wait(Phase::handshake, loop_.shared.options.timeouts.header);
    if constexpr (kTls) {
      stream_.async_handshake(TlsStream::server, [self = self()](error_code error) {
        if (error) return self->close();
        self->next_request();
      });
    } else {
      next_request();
    }
  }

  void tick() override {
    if (phase_ == Phase::streaming) {
      if (loop_.draining) return close();
      if ((loop_.now - begun_) % kPingSeconds == kPingSeconds - 1) push_event(": still here\n\n");
      return;
    }
    if (phase_ == Phase::idle && loop_.draining) deadline_ = std::min(deadline_, loop_.now + kLingerSeconds);
    if (loop_.now < deadline_) return;
    if (phase_ == Phase::header || phase_ == Phase::body) {
      ++loop_.shared.service.metrics().timeouts;
      answer_and_close(problem(408, "timeout", "the request took too long to arrive"));
    } else if (phase_ == Phase::idle) {
      linger();
    } else {
      close();
    }
  }

  void abandon() override { close(); }

 private:
  static constexpr bool kTls = std::is_same_v<Stream, TlsStream>;
  enum class Phase { handshake, idle, header, body, busy, writing, streaming, lingering, closed };

  std::shared_ptr<Connection> self() { return this->shared_from_this(); }
  tcp::socket& socket() {
    if constexpr (kTls)
      return stream_.next_layer();
    else
      return stream_;
  }
  const Timeouts& timeouts() const { return loop_.shared.options.timeouts; }

  void wait(Phase phase, int seconds) {
    phase_ = phase;
    begun_ = loop_.now;
    // The clock ticks in seconds: one more, so that nobody gets less than promised.
    deadline_ = seconds == kForever ? kForever : loop_.now + seconds + 1;
  }

  void next_request() {
    hold(0);
    wait(Phase::idle, timeouts().idle);
    advance();
  }

  void read() {
    const auto space = reader_.space();
    stream_.async_read_some(
        asio::buffer(space.data(), space.size()), [self = self()](error_code error, std::size_t bytes) {
          if (self->phase_ != Phase::idle && self->phase_ != Phase::header && self->phase_ != Phase::body)
            return;
          if (error) return self->close();
          self->reader_.add(bytes);
          self->advance();
        });
  }

  void advance() {
    switch (reader_.read()) {
      case RequestReader::State::idle:
        return read();
      case RequestReader::State::header:
        if (phase_ == Phase::idle) wait(Phase::header, timeouts().header);
        return read();
      case RequestReader::State::body:
        if (phase_ != Phase::body) wait(Phase::body, timeouts().body);
        hold(reader_.held());
        if (loop_.shared.service.metrics().held_bytes > loop_.shared.options.held_bytes) return refuse_body();
        return reader_.wants_continue() ? send_continue() : read();
      case RequestReader::State::ready:
        return dispatch();
      case RequestReader::State::refused:
        ++loop_.shared.service.metrics().bad_requests;
        return answer_and_close(Response(reader_.refusal()));
    }
  }

  /// Counts what this connection keeps of bodies: many clients that stop before the end must not fill the
  /// memory.
  void hold(std::size_t bytes) {
    if (bytes == held_) return;
    loop_.shared.service.metrics().held_bytes +=
        static_cast<std::int64_t>(bytes) - static_cast<std::int64_t>(held_);
    held_ = bytes;
  }

  void refuse_body() {
    Response busy = problem(503, "busy", "too many large bodies are on their way");
    add_header(busy, "Retry-After", "1");
    reader_.drop();
    hold(0);
    answer_and_close(std::move(busy));
  }

  void send_continue() {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(stream_, asio::buffer(kContinue), [self = self()](error_code error, std::size_t) {
      if (self->phase_ != Phase::body) return;
      if (error) return self->close();
      self->read();
    });
  }

  void dispatch() {
    wait(Phase::busy, kForever);
    call_.request = std::move(reader_.request());
    call_.request.client = client_;
    call_.request.on_loopback = on_loopback_;
    ++loop_.in_flight;
    loop_.shared.service.handle(call_, [self = self()](Response&& response) {
      if (self->loop_.io.get_executor().running_in_this_thread()) return self->answer(std::move(response));
      asio::post(self->loop_.io,
                 [self, response = std::move(response)]() mutable { self->answer(std::move(response)); });
    });
  }

  void answer(Response&& response) {
    --loop_.in_flight;
    if (phase_ != Phase::busy) return;
    response_ = std::move(response);
    close_after_ =
        response_.close || !reader_.keeps_alive() || response_.channel != nullptr || loop_.draining;
    head_ = head_of(response_, close_after_, loop_.date);
    if (call_.request.method == Verb::head) response_.body.clear();
    write();
  }

  void answer_and_close(Response&& response) {
    response_ = std::move(response);
    close_after_ = true;
    head_ = head_of(response_, true, loop_.date);
    write();
  }

  void write() {
    wait(Phase::writing, timeouts().write);
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(head_), asio::buffer(response_.body)};
    asio::async_write(stream_, buffers, [self = self()](error_code error, std::size_t) {
      if (self->phase_ != Phase::writing) return;
      if (error) return self->close();
      self->written();
    });
  }

  void written() {
    if (response_.channel != nullptr) return stream_events();
    if (close_after_) return linger();
    response_.body.clear();
    reader_.next();
    next_request();
  }

  // Event streams: what is sent is queued, so that a slow reader delays nobody; one too slow is let go.

  void stream_events() {
    wait(Phase::streaming, kForever);
    listener_ = response_.channel->subscribe(
        [weak = this->weak_from_this(), &loop = loop_](const std::string& event) {
          asio::post(loop.io, [weak, event] {
            if (const auto self = weak.lock()) self->push_event(event);
          });
        });
    stream_.async_read_some(asio::buffer(ignored_),
                            [self = self()](error_code, std::size_t) { self->close(); });
  }

  void push_event(const std::string& event) {
    if (phase_ != Phase::streaming) return;
    queued_ += event;
    if (queued_.size() > kStreamBacklog) {
      ++loop_.shared.service.metrics().streams_dropped;
      return close();
    }
    if (!sending_) send_events();
  }

  void send_events() {
    sending_ = true;
    head_.swap(queued_);
    queued_.clear();
    asio::async_write(stream_, asio::buffer(head_), [self = self()](error_code error, std::size_t) {
      self->sending_ = false;
      if (self->phase_ != Phase::streaming) return;
      if (error) return self->close();
      if (!self->queued_.empty()) self->send_events();
    });
  }

  /// Says that nothing more comes and waits for the client's end, so that what it still sends resets nothing.
  void linger() {
    wait(Phase::lingering, kLingerSeconds);
    if constexpr (kTls) {
      stream_.async_shutdown([self = self()](error_code) { self->discard(); });
    } else {
      discard();
    }
  }

  void discard() {
    if (phase_ != Phase::lingering) return;
    error_code ignored;
    socket().shutdown(tcp::socket::shutdown_send, ignored);
    discard_more();
  }

  void discard_more() {
    socket().async_read_some(asio::buffer(ignored_), [self = self()](error_code error, std::size_t) {
      if (self->phase_ != Phase::lingering) return;
      if (error) return self->close();
      self->discard_more();
    });
  }

  void close() {
    if (phase_ == Phase::closed) return;
    const auto keep = self();
    phase_ = Phase::closed;
    hold(0);
    if (listener_ != 0) response_.channel->unsubscribe(listener_);
    error_code ignored;
    socket().close(ignored);
    --loop_.shared.connections;
    --loop_.shared.service.metrics().connections;
    loop_.connections.erase(place);
  }

  Loop& loop_;
  Stream stream_;
  RequestReader reader_;
  Call call_;
  Response response_;
  std::string client_, head_, queued_;
  std::array<char, 512> ignored_{};
  Phase phase_ = Phase::handshake;
  int begun_ = 0, deadline_ = kForever;
  std::size_t held_ = 0;
  std::uint64_t listener_ = 0;
  bool on_loopback_ = false, close_after_ = false, sending_ = false;
};

}  // namespace liftmark::service
