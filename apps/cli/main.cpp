// The `liftmark` command. Parses the command line, runs one subcommand, turns errors into messages and exit
// codes.

#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "apps/cli/commands.hpp"
#include "engine/definition/error.hpp"

namespace {

int report(const liftmark::Error& error) {
  fmt::print(stderr, "{}", liftmark::describe(error));
  return liftmark::exit_code(error.code());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program{
      "Liftmark measures what personalization really adds: assignment, recording, lift with honest "
      "intervals."};
  program.name("liftmark");
  program.set_version_flag("--version", std::string("liftmark ") + LIFTMARK_VERSION);
  program.require_subcommand(1);
  program.failure_message(CLI::FailureMessage::help);
  for (const auto add : liftmark::cli::kCommands) add(program);
  try {
    program.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? 0 : 2;
  } catch (const liftmark::Error& error) {
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
