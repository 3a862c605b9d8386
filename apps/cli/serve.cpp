// `liftmark serve`: the HTTP service.

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdio>
#include <memory>

#include "apps/cli/commands.hpp"
#include "apps/cli/program.hpp"
#include "apps/cli/store_commands.hpp"
#include "apps/service/local_socket.hpp"
#include "apps/service/server.hpp"
#include "engine/definition/error.hpp"

namespace liftmark::cli {
namespace {

struct ServeOptions {
  service::ServiceOptions service;
  service::ServerOptions server;
  bool no_exposures = false;
};

/// A connection is a file: the soft limit goes up to the hard one.
void allow_many_files(std::size_t connections) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  ::getrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur < connections + 64)
    fmt::print(stderr,
               "liftmark: only {} files may be open, so fewer than {} connections (see LimitNOFILE)\n",
               files.rlim_cur, connections);
}

/// Signals for wait_for_signals(), blocked in this thread and those it starts.
sigset_t take_signals() {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void reload(service::Service& running, service::Server& server) {
  const auto attempt = [](const char* what, const auto& action) {
    try {
      action();
      fmt::print(stderr, "liftmark: {} read anew\n", what);
    } catch (const Error& error) {
      fmt::print(stderr, "{}The old {} stay.\n", describe(error), what);
    }
  };
  attempt("tokens", [&] { running.reload_tokens(); });
  attempt("certificate and key", [&] { server.reload_tls(); });
  attempt("access log", [&] { running.access_log().reopen(); });
}

/// A service that finds another writer must not be handed to it.
std::unique_ptr<service::Service> start(const service::ServiceOptions& options) {
  try {
    return std::make_unique<service::Service>(options);
  } catch (const StoreLocked& locked) {
    throw Error(locked.code(), locked.problems());
  }
}

/// The command line's way to the writer of a file; a store in ClickHouse takes commands from anywhere.
std::unique_ptr<service::LocalSocket> listen_locally(const std::filesystem::path& store,
                                                     service::Service& running) {
  Recorder* const writer = running.store().file_writer();
  if (writer == nullptr) return nullptr;
  host_writer(store, *writer);
  return std::make_unique<service::LocalSocket>(store, [&](const std::vector<std::string>& arguments) {
    const int code = run_program(arguments);
    try {
      running.refresh();
    } catch (const std::exception& error) {
      fmt::print(stderr, "liftmark: the service goes on with what it knew before: {}\n", error.what());
    }
    return code;
  });
}

void serve(ServeOptions options) {
  ::umask(077);
  const sigset_t signals = take_signals();
  allow_many_files(options.server.connections);
  if (options.server.certificate.empty() != options.server.key.empty())
    throw Error(ErrorCode::usage, "--tls-cert", "certificate and key go together", "give --tls-key too");
  options.service.record = !options.no_exposures;
  const auto running = start(options.service);
  service::Server server(*running, options.server);
  if (server.beyond_loopback() && options.service.tokens.empty())
    throw Error(ErrorCode::usage, "--listen", "nothing beyond loopback is served without tokens",
                "liftmark token create makes some; give their file with --tokens");
  const auto local = listen_locally(options.service.store, *running);
  server.start();
  fmt::print("Serving {} on {}://{}:{}\n", options.service.store.string(),
             options.server.certificate.empty() ? "http" : "https", options.server.address, server.port());
  std::fflush(stdout);
  for (int signal = 0;;) {
    if (::sigwait(&signals, &signal) != 0) continue;
    if (signal != SIGHUP) break;
    reload(*running, server);
  }
  fmt::print(stderr, "liftmark: answering what is in flight, then ending\n");
  server.drain();
}

void add_limits(Command& command, ServeOptions& options) {
  auto& limits = options.service.limits;
  auto& server = options.server;
  command.add_option("--max-header", server.limits.header_bytes, "Bytes of a header")->show_default();
  command.add_option("--max-body", server.limits.body_bytes, "Bytes of a body as sent")->show_default();
  command.add_option("--max-held", server.held_bytes, "Bytes of all bodies that are not answered yet")
      ->show_default();
  command.add_option("--max-inflated", limits.inflated_bytes, "Bytes of an unpacked body")->show_default();
  command.add_option("--max-depth", limits.depth, "Depth of JSON")->show_default();
  command.add_option("--max-rows", limits.rows, "Rows of a recording request")->show_default();
  command.add_option("--max-id", limits.id_bytes, "Bytes of an id")->between(1, 1024)->show_default();
  command.add_option("--max-connections", server.connections, "Connections at a time")->show_default();
  auto& timeouts = server.timeouts;
  command.add_option("--header-timeout", timeouts.header, "Seconds for a header")->show_default();
  command.add_option("--body-timeout", timeouts.body, "Seconds for a body")->show_default();
  command.add_option("--idle-timeout", timeouts.idle, "Seconds between requests")->show_default();
  command.add_option("--drain-timeout", timeouts.drain, "Seconds for requests in flight at the end")
      ->show_default();
}

}  // namespace

void add_serve(Command& program) {
  auto* command = program.add_subcommand("serve", "Assignment, recording and reports over HTTP");
  auto options = std::make_shared<ServeOptions>();
  auto& service = options->service;
  auto& server = options->server;
  command->add_option("store", service.store, "The store: a file, or clickhouse://user@host:port/database")
      ->required();
  command->add_option("--listen", server.address, "Address; beyond loopback needs --tokens")->show_default();
  command->add_option("--port", server.port, "Port; 0: any free one, which is printed")->show_default();
  command->add_option("--threads", server.threads, "Threads for connections (default: one a core)");
  command->add_option("--tokens", service.tokens, "File of tokens (liftmark token); mode 0600");
  command->add_option("--rate", service.rate,
                      "Requests a second of a token without its own rate (default: any)");
  command->add_option("--tls-cert", server.certificate, "Certificate chain (PEM)");
  command->add_option("--tls-key", server.key, "Private key (PEM); mode 0600");
  command->add_option("--allow-host", service.hosts,
                      "Name allowed in Host (repeatable); addresses and localhost always are");
  command->add_option("--allow-origin", service.origins,
                      "Exact origin of pages that may ask (repeatable; CORS)");
  command->add_option("--access-log", service.access_log,
                      "File for a JSON line a request; - is standard error");
  command
      ->add_option("--care-every", service.care_seconds,
                   "Seconds between purges and compactions (ClickHouse: of the list of commits); 0: never")
      ->show_default();
  command->add_flag("--no-exposures", options->no_exposures,
                    "Record no exposures on evaluation, whatever the catalog says");
  add_limits(*command, *options);
  command->footer(
      "SIGTERM answers what is in flight and ends; SIGHUP reads tokens, certificate and key anew.\n"
      "docs/service.md is the reference.\n\n"
      "Example:\n"
      "  liftmark serve shop.db --port 8080\n"
      "  liftmark serve shop.db --listen 0.0.0.0 --tokens tokens.ndjson --allow-host lift.example.org");
  command->callback([options] { serve(*options); });
}

}  // namespace liftmark::cli
