#pragma once
// The whole command line as a function: main() runs it, and the service runs it for those who reach it
// through its local socket.

#include <string>
#include <vector>

namespace liftmark::cli {

/// Runs one command (`arguments` without the program's name), prints what there is to say, returns the exit
/// code. A command that finds another writer at the store is handed to the service, if that is who writes.
int run_program(const std::vector<std::string>& arguments);

}  // namespace liftmark::cli
