#pragma once
// A question to a store that takes its time: shown on a terminal, ended by Ctrl-C wherever it is answered.

#include "engine/analyse/analyse_store.hpp"
#include "engine/scorecard/scorecard.hpp"

namespace liftmark::cli {

/// As analyse_store(). Of a ClickHouse store: says on a terminal how far it is, and at SIGINT or SIGTERM
/// tells the servers to end their statements before this process ends by the same signal.
Scorecard ask_store(StoreQuestion question);

}  // namespace liftmark::cli
