// The `liftmark` command.

#include "apps/cli/program.hpp"

int main(int argc, char** argv) {
  return liftmark::cli::run_program({argv + 1, argv + argc});
}
