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

int read_and_run(Command& program, const std::vector<std::string>& arguments) {
  try {
    return program.run(arguments);
  } catch (const StoreLocked& locked) {
    const auto code = service::forward_command(locked.store(), arguments);
    return code ? *code : report(locked);
  }
}

}  // namespace

int run_program(const std::vector<std::string>& arguments) {
  Command program{
      "Liftmark measures what personalization really adds: assignment, recording, lift with honest "
      "intervals."};
  program.set_name("liftmark");
  program.set_version(std::string("liftmark ") + LIFTMARK_VERSION);
  program.require_subcommand();
  for (const auto add : kCommands) add(program);
  try {
    return read_and_run(program, arguments);
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
