#include "apps/cli/program.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "apps/cli/commands.hpp"
#include "apps/service/local_socket.hpp"
#include "engine/definition/error.hpp"
#include "engine/record/store.hpp"

namespace liftmark::cli {
namespace {

int report(const Error& error) {
  fmt::print(stderr, "{}", describe(error));
  return exit_code(error.code());
}

int parse_and_run(CLI::App& program, const std::vector<std::string>& arguments) {
  try {
    program.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    return 0;
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? 0 : 2;
  } catch (const StoreLocked& locked) {
    const auto code = service::forward_command(locked.store(), arguments);
    return code ? *code : report(locked);
  }
}

}  // namespace

int run_program(const std::vector<std::string>& arguments) {
  CLI::App program{
      "Liftmark measures what personalization really adds: assignment, recording, lift with honest "
      "intervals."};
  program.name("liftmark");
  program.set_version_flag("--version", std::string("liftmark ") + LIFTMARK_VERSION);
  program.require_subcommand(1);
  program.failure_message(CLI::FailureMessage::help);
  for (const auto add : kCommands) add(program);
  try {
    return parse_and_run(program, arguments);
  } catch (const Error& error) {
    return report(error);
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "liftmark: out of memory\n");
    return 5;
  } catch (const std::exception& error) {
    fmt::print(
        stderr,
        "liftmark: internal error: {}\nThis is a bug; please report it with the command that caused it.\n",
        error.what());
    return 70;
  }
}

}  // namespace liftmark::cli
