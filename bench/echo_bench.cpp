// The floor of an evaluation over HTTP: Boost.Beast reads a request, simdjson finds the targeting key in its
// body, an answer as long as ours goes back. A thread and an event loop a core, each with a listener of its
// own (SO_REUSEPORT). No routing, no limits, no timeouts, no metrics. Usage: echo_bench PORT THREADS
// ANSWER_BYTES
#include <simdjson.h>
#include <sys/socket.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, std::size_t bytes) : socket_(std::move(socket)), bytes_(bytes) {
    socket_.set_option(tcp::no_delay(true));
  }

  void read() {
    request_ = {};
    http::async_read(socket_, buffer_, request_, [self = shared_from_this()](auto error, std::size_t) {
      if (!error) self->answer();
    });
  }

 private:
  void answer() {
    static thread_local simdjson::ondemand::parser parser;
    std::string& body = request_.body();
    body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
    simdjson::ondemand::document document;
    std::string_view key;
    const bool good = !parser.iterate(body.data(), body.size(), body.capacity()).get(document) &&
                      !document["context"]["targetingKey"].get_string().get(key);
    response_ = {good ? http::status::ok : http::status::bad_request, 11};
    response_.set(http::field::content_type, "application/json");
    std::string& text = response_.body();
    text.append("{\"key\":\"").append(key).append("\",\"pad\":\"");
    text.resize(std::max(text.size(), bytes_ - 2), 'x');
    text += "\"}";
    response_.keep_alive(request_.keep_alive());
    response_.prepare_payload();
    http::async_write(socket_, response_, [self = shared_from_this()](auto error, std::size_t) {
      if (!error && self->response_.keep_alive()) self->read();
    });
  }

  tcp::socket socket_;
  std::size_t bytes_;
  boost::beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response<http::string_body> response_;
};

void accept(tcp::acceptor& acceptor, std::size_t bytes) {
  acceptor.async_accept([&acceptor, bytes](auto error, tcp::socket socket) {
    if (!error) std::make_shared<Session>(std::move(socket), bytes)->read();
    accept(acceptor, bytes);
  });
}

void serve(std::uint16_t port, std::size_t bytes) {
  asio::io_context io(1);
  tcp::acceptor acceptor(io);
  acceptor.open(tcp::v4());
  const int on = 1;
  ::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  acceptor.set_option(tcp::acceptor::reuse_address(true));
  acceptor.bind({asio::ip::address_v4::loopback(), port});
  acceptor.listen(4096);
  accept(acceptor, bytes);
  io.run();
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) {
    std::cerr << "usage: echo_bench PORT THREADS ANSWER_BYTES\n";
    return 2;
  }
  const auto port = static_cast<std::uint16_t>(std::atoi(arguments[1]));
  const auto bytes = static_cast<std::size_t>(std::atoi(arguments[3]));
  std::vector<std::jthread> threads;
  for (int i = 0; i < std::atoi(arguments[2]); ++i) threads.emplace_back(serve, port, bytes);
}
