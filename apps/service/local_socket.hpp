#pragma once
// The local socket beside the store: the command line's writing commands reach the running service through
// it.
//
// A command that finds the store's writer at work hands over its arguments, its standard streams and its
// working folder; the service runs the same command with its own writer. Nobody but the service's user (and
// root) may.

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace liftmark::service {

/// Where the socket of a store is: "<store>.sock".
std::filesystem::path local_socket_path(const std::filesystem::path& store);

class LocalSocket {
 public:
  /// Runs a command and returns its exit code. Its standard streams and working folder are the caller's.
  using Command = std::function<int(const std::vector<std::string>& arguments)>;

  /// Listens, mode 0600. Commands run one after the other, or inside one that gives way. Throws
  /// Error{storage} when it cannot.
  LocalSocket(const std::filesystem::path& store, Command command);
  /// Lets a command that runs come to its end, or to where it gives way.
  ~LocalSocket();
  LocalSocket(const LocalSocket&) = delete;
  LocalSocket& operator=(const LocalSocket&) = delete;

 private:
  friend void give_way();
  void run();
  void serve_next(int timeout);
  void serve(int client);
  bool stopping() const;
  std::filesystem::path path_;
  Command command_;
  int listener_ = -1, stop_ = -1;
  int depth_ = 0;  ///< commands under way, each inside the one before
  std::thread thread_;
};

/// For commands that run long, between their steps. Inside a service it carries out the commands that came
/// meanwhile; when the service is ending it throws Error{storage}. Elsewhere it does nothing.
void give_way();

/// Hands the command to the service of the store and returns its exit code; nothing when none listens.
std::optional<int> forward_command(const std::filesystem::path& store,
                                   const std::vector<std::string>& arguments);

}  // namespace liftmark::service
